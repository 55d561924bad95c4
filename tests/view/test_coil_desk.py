"""Coils that are made for those who wait for them, and for nobody else."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from pathlib import Path

import msgspec
import pytest

from inspector.errors import UserError
from inspector.results.journal_reader import JournalReader
from inspector.view.coils import desk as coil_desk
from inspector.view.coils.arrays import Facts
from inspector.view.coils.desk import CoilDesk, MadeCoil, _is_good
from inspector.view.coils.runs import runs
from inspector.view.coils.worker import Job
from inspector.view.work import BusyError
from inspector.view.worker import Progress
from tests.view.making import journal_of


@pytest.fixture(scope="module")
def jobs(tmp_path_factory: pytest.TempPathFactory) -> list[Job]:
    path = journal_of(tmp_path_factory.mktemp("desk") / "j.sqlite", "coil-1", "coil-2")
    with JournalReader(path) as reader:
        return [Job(journal=str(path), run=run, config=None, report=False) for run in runs(reader)]


def test_many_who_ask_share_one_making(jobs: list[Job]) -> None:
    async def ask() -> None:
        desk = CoilDesk()
        made = await asyncio.gather(*(desk.get(jobs[0], 50) for _ in range(10)))
        assert all(isinstance(one, MadeCoil) and one is made[0] for one in made)
        judged = await asyncio.gather(*(desk.get(jobs[0], 50, judged=True) for _ in range(10)))
        again = await desk.get(jobs[0], 0, judged=True)
        assert all(isinstance(one, MadeCoil) and one.judgement and one is again for one in judged)
        assert desk.started == 1

    asyncio.run(ask())


def test_what_nobody_waits_for_is_given_up(jobs: list[Job]) -> None:
    async def ask() -> None:
        desk = CoilDesk(nobody_waits_s=0.01)
        assert isinstance(await desk.get(jobs[0], 0.0), Progress)
        [making] = desk._making.values()
        assert making.task is not None
        with pytest.raises(asyncio.CancelledError):
            await making.task
        assert desk.making == 0
        assert not _workers()

    asyncio.run(ask())


def test_a_client_that_goes_away_waits_no_more(jobs: list[Job]) -> None:
    async def ask() -> None:
        desk = CoilDesk(nobody_waits_s=0.01)
        client = asyncio.create_task(desk.get(jobs[0], 50))
        while not desk.started:
            await asyncio.sleep(0)
        client.cancel()
        [making] = desk._making.values()
        assert making.task is not None
        with pytest.raises(asyncio.CancelledError):
            await making.task
        assert not _workers()

    asyncio.run(ask())


def test_a_map_does_not_wait_for_roll_marks_that_take_too_long(
    jobs: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coil_desk, "LONGEST_JUDGING_S", 0.0)

    async def ask() -> None:
        desk = CoilDesk()
        made = await desk.get(jobs[0], 50)
        assert isinstance(made, MadeCoil)
        with pytest.raises(UserError, match="roll marks and grade"):
            await desk.get(jobs[0], 50, judged=True)
        assert await desk.get(jobs[0], 0) is made

    asyncio.run(ask())


def test_old_coils_make_room(jobs: list[Job]) -> None:
    async def ask() -> None:
        desk = CoilDesk(most_bytes=1)
        for job in jobs:
            assert isinstance(await desk.get(job, 50, judged=True), MadeCoil)
        assert len(desk._made) == 1

    asyncio.run(ask())


def test_a_run_that_goes_on_is_made_again_after_a_while(jobs: list[Job]) -> None:
    over = jobs[0].run
    open_ = msgspec.structs.replace(over, through=None)
    now = time.monotonic()
    for run, age_s, good in ((open_, 5, True), (open_, 100, True), (open_, 600, False), (over, 10**6, True)):
        made = MadeCoil(run, b"", b"", Facts([]), b"", now - age_s, took_s=60.0)
        assert _is_good(made, run) is good
    assert not _is_good(MadeCoil(open_, b"", b"", Facts([]), b"", now, 1.0), over)


def test_too_many_at_once_are_refused(jobs: list[Job], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coil_desk, "MOST_JOBS", 1)

    async def ask() -> None:
        desk = CoilDesk()
        await desk.get(jobs[0], 0.0)
        with pytest.raises(BusyError):
            await desk.get(jobs[1], 0.0)
        await desk.close()
        assert desk.making == 0

    asyncio.run(ask())


def test_what_stops_a_worker_is_told(jobs: list[Job], tmp_path: Path) -> None:
    config = tmp_path / "coil.yaml"
    config.write_text("width_mm: wide\n")
    damaged = tmp_path / "j.sqlite"
    damaged.write_bytes(Path(jobs[0].journal).read_bytes())
    connection = sqlite3.connect(damaged)
    connection.execute("UPDATE publications SET header = x'00' WHERE id = 3")
    connection.commit()
    connection.close()

    async def ask() -> None:
        desk = CoilDesk()
        with pytest.raises(UserError, match="width_mm"):
            await desk.get(msgspec.structs.replace(jobs[0], config=str(config)), 50)
        with pytest.raises(UserError, match="altered"):
            await desk.get(msgspec.structs.replace(jobs[1], journal=str(damaged)), 50)

    asyncio.run(ask())


def _workers() -> list[str]:
    """Processes of coils that this one has started and that are still there."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return [pid for pid in children if b"coil_worker" in _command(pid)]


def _command(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
