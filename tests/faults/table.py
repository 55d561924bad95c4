"""``docs/faults.md``, made of what the scenarios say: ``python -m tests.faults.table > docs/faults.md``."""

from __future__ import annotations

from tests.faults.areas import AREAS
from tests.faults.scenario import Scenario, load

ABOUT = """# Faults

What happens when something fails, what is promised then, how it is told, and what a person does. Each row is a scenario that runs against the real
daemon (`inspector run`) and real subscribers, each a process of its own. Generated from the scenarios in `tests/faults`:
`python -m tests.faults.table > docs/faults.md`.

```sh
make faults                                     # all of them: a table with the outcome of each; exit status 1 where a promise is broken
python -m tests.faults --list                   # their names
python -m tests.faults --only journal child_killed --seed 7
```

A few need root (small disks, network namespaces), libaravis or libfaketime, and are skipped with the reason where there is none. The quickest are
part of `make test`.

## What holds for all of them

- Every frame has exactly one verdict, at worst `UNINSPECTED`. Only a daemon that is killed leaves frames without one: silence is no PASS.
- Publications are numbered without a gap. Each of them is with the subscribers or in the journal, the same in both, unless the line says that it could
  not be stored.
- No frame passes that was not explicitly passed in time: every verdict on pixels is the one that `inspector replay` gives the same image, and none was
  reached after the frame's deadline.
- `resolved_through` is never ahead of the verdicts, and the `end` counts what was published.
- The state and the reason are published, where there is somebody to tell.
- The daemon ends in under 2 s when it is told to, whatever hangs.

A `code` is that of a `status` message ([health](protocol.md#health) says what it means for the line), a reason that of an `UNINSPECTED` frame; `Stale`,
`Missed`, `NewEpoch` and `Recovered` are what `inspector.client.Subscriber` yields.
"""


def table() -> str:
    """The whole document."""
    scenarios = load().values()
    parts = [ABOUT]
    for area, heading in AREAS.items():
        rows = "\n".join(_row(one) for one in scenarios if one.area == area)
        parts.append(f"## {heading}\n\n| fault | promise | told by | what you do |\n|---|---|---|---|\n{rows}\n")
    return "\n".join(parts)


def _row(one: Scenario) -> str:
    return f"| {one.fault}<br>`{one.name}` | {one.promise} | {one.told} | {one.remedy} |"


if __name__ == "__main__":
    print(table(), end="")
