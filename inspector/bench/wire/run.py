"""The whole measurement: the ways that are compared, each in a process of its own, alternately and several times."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from engines.files.compiled import WITHOUT
from engines.files.looking import is_file
from engines.files.writing import temporary_folder
from inspector.bench.partner import HERE, Partner
from inspector.bench.wire.arm import Measure, Measured
from inspector.bench.wire.figures import Arm, arm_of, rate_ratios
from inspector.bench.wire.line import Kind
from inspector.errors import UserError
from inspector.verdicts import native

COMPILED, NUMPY, BESIDE = "compiled", "numpy", "beside"
"""The ways: masks measured by the compiled pass; by the code that is used where it could not be built; another program."""


class WireSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How much to measure."""

    percents: tuple[int, ...]
    """Shares let through, %."""
    defects: tuple[int, ...]
    """Of each frame let through."""
    repetitions: int
    seconds: float
    """About how long each single measurement takes."""
    behind: int = 0
    """Frames that a further subscriber is behind, whose recovery is measured too; 0: it is not."""
    subscribers: int = 1
    """One of them measures; the others only receive."""
    beside: Path | None = None
    """A folder with the packages of another version of this program, which is measured instead of the second way."""

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of frames."""
        defective = tuple(Kind(percent, defects) for defects in self.defects for percent in self.percents if percent)
        return (Kind(0, 0), *defective) if 0 in self.percents else defective


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Everything ``inspector bench wire`` measures."""

    repetitions: int
    subscribers: int
    seconds: float
    cores: int
    arms: dict[str, Arm]
    """By name (``COMPILED``, ``NUMPY``, ``BESIDE``), the program as it is first."""
    rate_ratios: tuple[float, ...]
    """Rate of the first by that of the second, for each kind: median over the repetitions. Empty where there is one."""


def measure(settings: WireSettings, say: Callable[[str], None]) -> Figures:
    """Measure with ``settings``; ``say`` is called with the name of each step. Raises UserError or FileError."""
    names = _ways(settings)
    kinds = settings.kinds
    found: dict[str, list[list[Measured]]] = {name: [[] for _ in kinds] for name in names}
    judging: dict[str, list[Measured]] = {name: [] for name in names}
    behind: dict[str, list[Measured]] = {name: [] for name in names}
    for number in range(1, settings.repetitions + 1):
        say(f"round {number} of {settings.repetitions}: starting")
        with _arms(names, settings) as arms:
            # Each goes first every second time.
            order = names if number % 2 else names[::-1]
            for place, kind in enumerate((*kinds, None)):
                for name in order:
                    say(f"round {number} of {settings.repetitions}: {_words(kind)} ({name})")
                    arms[name].ask(Measure(kind=kind, seconds=settings.seconds))
                    (judging[name] if kind is None else found[name][place]).append(arms[name].answer())
            for name in order if settings.behind else ():
                say(f"round {number} of {settings.repetitions}: a subscriber {settings.behind} frames behind ({name})")
                arms[name].ask(Measure(kind=None, seconds=settings.seconds, behind=settings.behind))
                behind[name].append(arms[name].answer())
    return Figures(
        repetitions=settings.repetitions,
        subscribers=settings.subscribers,
        seconds=settings.seconds,
        cores=len(os.sched_getaffinity(0)),
        arms={name: arm_of(kinds, found[name], judging[name], behind[name]) for name in names},
        rate_ratios=rate_ratios(*found.values()) if len(names) == 2 else (),
    )


def _ways(settings: WireSettings) -> tuple[str, ...]:
    if (beside := settings.beside) is not None:
        if (settings.subscribers > 1 or settings.behind) and not is_file(beside / "inspector/bench/wire/behind.py"):
            raise UserError(
                f"--beside: the version in {beside} cannot measure --subscribers and --behind; leave them out"
            )
        if not is_file(beside / "inspector/bench/wire/arm.py"):
            raise UserError(
                f"--beside: found no inspector/bench/wire in {beside}; give the folder that holds another checkout of this program"
            )
        return (COMPILED if native.COMPILED else NUMPY, BESIDE)
    return (COMPILED, NUMPY) if native.COMPILED else (NUMPY,)


@contextmanager
def _arms(names: Iterable[str], settings: WireSettings) -> Iterator[dict[str, Partner[Measured]]]:
    """A new process for each way, with a journal of its own that is deleted after. They run in turn, the others being idle."""
    beside = settings.beside
    with temporary_folder("inspector-bench-wire-") as directory, ExitStack() as stack:
        arms = {}
        for name in names:
            (directory / name).mkdir()
            arms[name] = stack.enter_context(
                Partner(
                    "inspector.bench.wire.arm",
                    (str(directory / name), str(settings.subscribers)),
                    Measured,
                    code=beside.resolve() if beside is not None and name == BESIDE else HERE,
                    environment={WITHOUT: "1"} if name == NUMPY else {},
                )
            )
        yield arms


def _words(kind: Kind | None) -> str:
    if kind is None:
        return "judging single masks"
    return f"{kind.percent} % let through" + (f", {kind.defects} defects in each" if kind.defects else "")
