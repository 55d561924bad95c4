"""``inspector coil report``: where it may write."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from engines.errors import FileError
from inspector.archive.quota import Quota
from inspector.archive.store import Store
from inspector.cli.app import app
from inspector.errors import UserError
from tests.results.publishing import START, eventually, make_identity, make_results


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """That of a line on which nothing happened but one run of no frames."""
    path = tmp_path / "line" / "j.sqlite"
    path.parent.mkdir()
    results = make_results(make_identity(), path)
    results.start()
    results.begin("cam1", "coil-7", START)
    results.end("cam1", "coil-7")
    eventually(lambda: results.snapshot().published == 2)
    results.close()
    return path


def report(journal: Path, out: Path, *more: str) -> str:
    found = CliRunner().invoke(
        app, ["coil", "report", "coil-7", "-j", str(journal), "-o", str(out), *more], catch_exceptions=False
    )
    assert found.exit_code == 0
    return found.stdout


def test_a_report_replaces_an_earlier_one_and_nothing_else(journal: Path, tmp_path: Path) -> None:
    assert "written:" in report(journal, tmp_path / "r")
    report(journal, tmp_path / "r")
    (tmp_path / "site").mkdir()
    (tmp_path / "site/index.html").write_text("another page")
    with pytest.raises(FileError, match="not of an earlier report"):
        report(journal, tmp_path / "site")
    with pytest.raises(FileError, match="is the folder of the journal"):
        report(journal, journal.parent)


def test_a_report_does_not_go_into_the_archive(journal: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "archive", Quota(least_free_bytes=0)):
        pass
    with pytest.raises(FileError, match="lies in the archive that is read"):
        report(journal, tmp_path / "archive" / "x", "--archive", str(tmp_path / "archive"))
    assert not (tmp_path / "archive" / "x").exists()


def test_a_run_that_is_not_there_is_told_with_those_that_are(journal: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds nothing of a run 'coil-8'; the newest runs in it: coil-7"):
        CliRunner().invoke(
            app, ["coil", "report", "coil-8", "-j", str(journal), "-o", str(tmp_path / "r")], catch_exceptions=False
        )
