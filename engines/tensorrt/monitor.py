"""TensorRT's progress, told as it goes; and a build that can be stopped between two of its steps."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

Told = Callable[[str, int, int], None]
"""Called with a phase of the build, and how many of its steps are done of how many. Phases lie within each other."""


def build_watched(api: Any, told: Told, config: Any, build: Callable[[], Any]) -> Any:
    """What `build` gives, while `told` hears of its progress.

    It runs on a thread of its own: TensorRT would swallow a Ctrl-C that reached its monitor. Whatever `told` raises stops the build
    and is raised here."""
    config.progress_monitor = monitor = _monitor(api, told)
    with ThreadPoolExecutor(1, "build") as thread:
        try:
            built = thread.submit(build).result()
        except BaseException as error:
            monitor.failure = error
            raise
    if monitor.failure is not None:
        raise monitor.failure
    return built


def _monitor(api: Any, told: Told) -> Any:
    class Monitor(api.IProgressMonitor):  # type: ignore[misc]
        def __init__(self) -> None:
            api.IProgressMonitor.__init__(self)
            self.failure: BaseException | None = None
            """Why the build is to stop."""
            self._steps: dict[str, int] = {}

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            self._steps[phase_name] = num_steps
            self._tell(phase_name, 0, num_steps)

        def step_complete(self, phase_name: str, step: int) -> bool:
            self._tell(phase_name, step + 1, self._steps.get(phase_name, step + 1))
            return self.failure is None

        def phase_finish(self, phase_name: str) -> None:
            steps = self._steps.pop(phase_name, 0)
            self._tell(phase_name, steps, steps)

        def _tell(self, phase: str, done: int, steps: int) -> None:
            if self.failure is not None:
                return
            try:
                told(phase, done, steps)
            except BaseException as error:
                self.failure = error

    return Monitor()
