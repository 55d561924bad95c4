"""The progress of a TensorRT build, and how a build is stopped."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

Progress = Callable[[str, int, int], None]
"""Called with the name of a phase, how many of its steps are done, and how many it has. A phase may lie within another."""


def no_progress(phase: str, done: int, steps: int) -> None:
    """Shows nothing."""


def build_with_progress(api: Any, progress: Progress, config: Any, build: Callable[[], Any]) -> Any:
    """Call `build` and return its result; TensorRT reports to `progress` meanwhile.

    The build runs in a thread of its own: TensorRT would swallow a Ctrl-C that arrived in its progress monitor. Whatever `progress` raises
    stops the build and is raised here."""
    config.progress_monitor = monitor = _monitor(api, progress)
    with ThreadPoolExecutor(1, "build") as thread:
        try:
            built = thread.submit(build).result()
        except BaseException as error:
            monitor.failure = error
            raise
    if monitor.failure is not None:
        raise monitor.failure
    return built


def _monitor(api: Any, progress: Progress) -> Any:
    class Monitor(api.IProgressMonitor):  # type: ignore[misc]
        def __init__(self) -> None:
            api.IProgressMonitor.__init__(self)
            self.failure: BaseException | None = None
            """Why the build is to stop."""
            self._steps: dict[str, int] = {}

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            self._steps[phase_name] = num_steps
            self._report(phase_name, 0, num_steps)

        def step_complete(self, phase_name: str, step: int) -> bool:
            self._report(phase_name, step + 1, self._steps.get(phase_name, step + 1))
            return self.failure is None

        def phase_finish(self, phase_name: str) -> None:
            steps = self._steps.pop(phase_name, 0)
            self._report(phase_name, steps, steps)

        def _report(self, phase: str, done: int, steps: int) -> None:
            if self.failure is not None:
                return
            try:
                progress(phase, done, steps)
            except BaseException as error:
                self.failure = error

    return Monitor()
