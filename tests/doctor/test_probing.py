"""A probe may crash, hang or babble: the doctor goes on and says what happened."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from inspector.doctor.probing import probe


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("import os; os.kill(os.getpid(), 11)", "crashes with SIGSEGV"),
        ("import ctypes; ctypes.string_at(0)", "crashes with SIGSEGV"),
        ("import os; os.abort()", "crashes with SIGABRT"),
        ("import sys; sys.exit(3)", "ended with exit status 3 and no answer"),
        ("print('hello')", "ended with exit status 0 and no answer"),
        ("print('[1]')", "ended with exit status 0 and no answer"),
        ("raise RuntimeError('no such thing')", "RuntimeError: no such thing"),
        ("import json; print(json.dumps({'failure': 'too old'}))", "too old"),
    ],
)
def test_a_failing_probe_is_told_in_one_line(program: str, expected: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(program)
    probed = probe("anything", script=script)
    assert probed.facts == {}
    assert probed.failure == expected


def test_a_hanging_probe_is_ended(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import time; time.sleep(60)")
    begun = time.monotonic()
    assert probe("anything", timeout_s=0.3, script=script).failure == "no answer within 0.3 s (hangs)"
    assert time.monotonic() - begun < 5


def test_an_answer_comes_through_chatter(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import json, sys; print('loading'); print(json.dumps({'name': sys.argv[1]}))")
    assert probe("cuda", script=script) == ({"name": "cuda"}, "")
