"""One target in this process, with inputs that hypothesis draws from kept ones: ``python -m tests.fuzz.drawn TARGET FOLDER SECONDS SEED``.

The input being tried is in FOLDER/current, so that it is known where the process dies of it.
"""

from __future__ import annotations

import contextlib
import random
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import hypothesis
from hypothesis import strategies as st

from tests.fuzz import corpus
from tests.fuzz.findings import Findings
from tests.fuzz.limits import Finding, attempt, limit_memory
from tests.fuzz.target import MARK, Target

HANGS_S = 30
"""A process that takes so long for an input is ended."""
MOST_MIB = 4096
_ROUND = 200


class FaultError(Exception):
    """A finding that is new: hypothesis makes its input shorter."""


def main() -> None:
    """Run it, and print how many inputs were tried."""
    from tests.fuzz.targets import find

    name, folder, seconds, seed = sys.argv[1:]
    limit_memory(MOST_MIB)
    print(f"executions: {draw(find(name), Path(folder), float(seconds), int(seed), HANGS_S)}", flush=True)


def draw(target: Target, folder: Path, seconds: float, seed: int, hangs_s: int = 0) -> int:
    """Try inputs for so long; findings go to ``folder``. An input that takes ``hangs_s`` ends the process, unless that is 0. How many were
    tried."""
    findings, current, until_s, tried = Findings(folder / "findings"), folder / "current", time.monotonic() + seconds, 0
    known: set[str] = set()
    shown: dict[str, Finding] = {}

    def try_one(data: bytes) -> None:
        nonlocal tried
        tried += 1
        current.write_bytes(data)
        if hangs_s:
            signal.alarm(hangs_s)
        finding = attempt(target, data)
        if finding is not None and finding.key not in known:
            findings.add(data, finding)
            shown[finding.key] = finding
            raise FaultError(finding.key)

    found_before = [file.read_bytes() for file in (folder / "inputs").glob("*")]
    for data in (*target.seeds(), *corpus.kept(target.name), *found_before):
        _swallow(try_one, data)
    known |= shown.keys()
    inputs = altered([*target.seeds(), *corpus.kept(target.name)], target)
    while time.monotonic() < until_s:
        seed += 1
        test = hypothesis.seed(seed)(hypothesis.settings(_SETTINGS)(hypothesis.given(inputs)(try_one)))
        _swallow(test)
        known |= shown.keys()
    if hangs_s:
        signal.alarm(0)
    current.unlink(missing_ok=True)
    return tried


_SETTINGS = hypothesis.settings(
    max_examples=_ROUND,
    deadline=None,
    database=None,
    phases=(hypothesis.Phase.generate, hypothesis.Phase.shrink),
    suppress_health_check=list(hypothesis.HealthCheck),
    report_multiple_bugs=False,
    print_blob=False,
)


def altered(bases: Sequence[bytes], target: Target) -> st.SearchStrategy[bytes]:
    """Good inputs after up to five changes; sometimes any bytes."""
    tokens = st.sampled_from([*target.tokens, b"", b"\0", b"\xff", b"\x1b[2J", b"\n", MARK, b"9" * 40, b"-1", b"null"])
    piece = tokens | st.binary(max_size=8)
    place = st.integers(0, target.longest)
    change = st.tuples(st.sampled_from(("put", "over", "cut", "twice", "end")), place, st.integers(0, 16), piece)

    def apply(base: bytes, changes: list[tuple[str, int, int, bytes]]) -> bytes:
        data = base
        for kind, at, count, new in changes:
            at = at % (len(data) + 1)
            end = at + count
            data = {
                "put": data[:at] + new + data[at:],
                "over": data[:at] + new + data[at + len(new) :],
                "cut": data[:at] + data[end:],
                "twice": data[:end] + data[at:],
                "end": data[:at],
            }[kind]
        return data[: target.longest]

    good = st.sampled_from(list(bases))
    ways = [st.builds(apply, good, st.lists(change, min_size=1, max_size=5)), st.binary(max_size=64)]
    if target.mutation is not None:
        ways.append(st.builds(target.mutation, good, st.integers(0, 2**32).map(random.Random)))
    return st.one_of(ways)


def _swallow(call: Callable[..., object], *arguments: bytes) -> None:
    """Call it; a fault is written down already."""
    # Flaky: a bound of memory, which the same input passes only once.
    with contextlib.suppress(FaultError, hypothesis.errors.Flaky):
        call(*arguments)


if __name__ == "__main__":
    main()
