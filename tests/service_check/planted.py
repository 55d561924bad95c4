"""Plants a deadlock in an installed daemon, or tells of its threads. It is copied into the environment of the test root, where a `.pth` file imports it.

The daemon `inspector run -c /etc/inspector/NAME.yaml` waits for a file /var/lib/inspector/NAME/plant and blocks what the file names:
`publisher`, the thread that publishes; `judges`, the threads that measure and judge; `ledger`, whoever settles a frame. `threads` blocks nothing:
names and numbers of the threads of Python are written beside it, as JSON. Standard library only.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

LOOK_EVERY_S = 0.05


def watch() -> None:
    """Begin to wait, in a daemon of a line alone; its children and other commands are left as they are."""
    said = sys.orig_argv
    if "run" in said and "-c" in said and said[-1].startswith("/etc/inspector/"):
        name = Path(said[-1]).stem
        threading.Thread(
            target=_wait, args=(Path("/var/lib/inspector", name, "plant"),), name="planted", daemon=True
        ).start()


def _wait(file: Path) -> None:
    while not (
        file.exists() and (what := file.read_text(encoding="ascii").strip())
    ):  # it is made first, and written then
        time.sleep(LOOK_EVERY_S)
    print(f"planted: {what}", file=sys.stderr, flush=True)
    if what == "threads":
        _write_threads(file.with_name("threads.json"))
        return
    {"publisher": _block_publisher, "judges": _block_judges, "ledger": _block_ledger}[what]()


def _write_threads(place: Path) -> None:
    part = place.with_suffix(".part")
    part.write_text(json.dumps({one.native_id: one.name for one in threading.enumerate()}), encoding="utf-8")
    os.replace(part, place)


def _block() -> None:
    threading.Event().wait()


def _block_publisher() -> None:
    """Its next piece of work never ends."""
    _found("Publisher").submit(_block)


def _block_judges() -> None:
    """The next frame that the gate let through is never judged, on any of the threads."""
    judges = _found("Line").runs.now.setup.judges
    of = judges.of

    def blocking(*what: Any) -> Any:
        if threading.current_thread().name.startswith("verdicts"):
            _block()
        return of(*what)

    judges.of = blocking


def _block_ledger() -> None:
    """Its lock is never free again."""
    _found("Line").ledger._lock.acquire()
    _block()


def _found(kind: str) -> Any:
    """The object of this class, from the frames of the threads that run its methods."""
    for frame in sys._current_frames().values():
        level: Any = frame
        while level is not None:
            one = level.f_locals.get("self")
            if type(one).__name__ == kind:
                return one
            level = level.f_back
    raise LookupError(f"no thread is in a method of {kind}")


watch()
