"""Progress on stderr: how many frames, how fast, with which verdicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from engines.files.text import printable
from inspector.cli.output import console
from inspector.frames.outcome import Verdict

_COLOURS = {Verdict.PASS: "green", Verdict.REJECT: "red", Verdict.SCRAP: "magenta", Verdict.UNINSPECTED: "yellow"}

Update = Callable[[int, Mapping[Verdict, int]], None]
"""Called with the number of frames that have a verdict, and how many have each."""


@contextmanager
def live_line(what: str, total: int | None) -> Iterator[Update]:
    """A progress line with the verdicts so far."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[verdicts]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        task = progress.add_task(printable(what), total=total, rate="", verdicts="")

        def update(done: int, verdicts: Mapping[Verdict, int]) -> None:
            words = [
                f"[{_COLOURS[verdict]}]{verdict.value} {verdicts[verdict]}[/]"
                for verdict in Verdict
                if verdict in verdicts
            ]
            speed = progress.tasks[0].speed
            progress.update(
                task, completed=done, verdicts=" ".join(words), rate="" if speed is None else f"{speed:.0f}/s"
            )

        yield update


@contextmanager
def counting(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar; call what it yields with how many of ``total`` are done."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:
        task = progress.add_task(printable(what), total=total)
        yield lambda done: progress.update(task, completed=done)


@contextmanager
def steps() -> Iterator[Callable[[str, int], Callable[[int], None]]]:
    """Steps one after the other. When one begins, call what this yields with its name and its number of frames (0: not counted); call
    what that returns with how many are done."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console(stderr=True), transient=True) as progress:

        def begin(what: str, total: int) -> Callable[[int], None]:
            for task in progress.task_ids:
                progress.remove_task(task)
            current = progress.add_task(printable(what), total=total or None)
            return lambda done: progress.update(current, completed=done)

        yield begin


@contextmanager
def phases(what: str, detail: str) -> Iterator[Callable[[str, int, int], None]]:
    """For a long operation: prints a line that names it and, on a terminal, its nested phases while it runs. Call what this yields
    with a phase, how many of its steps are done, and how many there are."""
    printer = console(stderr=True)
    printer.print(f"{what}: {detail}", soft_wrap=True)
    if not printer.is_terminal:
        yield lambda *_: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=printer, transient=True) as progress:
        progress.add_task(printable(what), total=None)
        begun: dict[str, TaskID] = {}

        def told(phase: str, done: int, steps: int) -> None:
            if done >= steps:
                if phase in begun:
                    progress.remove_task(begun.pop(phase))
            elif phase in begun:
                progress.update(begun[phase], completed=done)
            else:
                indent = "  " * (len(begun) + 1)
                begun[phase] = progress.add_task(indent + printable(phase), total=steps, completed=done)

        yield told
