"""The bundles of a line: loading another one beside the active one, activating it, putting the one before back, and reporting how their
children are."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace

from engines.bundle import Bundle
from inspector.config.inference import InferenceConfig
from inspector.errors import UserError
from inspector.frames.size import FrameSize
from inspector.inference.dispatcher import Dispatcher
from inspector.inference.inference import Inference
from inspector.inference.state import State
from inspector.line.judges import Judges
from inspector.line.runs import Runs
from inspector.line.setup import Setup
from inspector.line.status import LineStatus

log = logging.getLogger(__name__)

FAILED = frozenset({State.RESTARTING, State.GIVEN_UP})
"""States of a child that has failed."""


class LineBundles:
    """Loads and activates bundles. Every method may be called from any thread."""

    def __init__(self, inference: Inference, runs: Runs, status: LineStatus, size: FrameSize, standby_s: float) -> None:
        """``size`` is that of the line's frames; ``standby_s`` is how long the bundle before stays loaded."""
        self._inference = inference
        self._runs = runs
        self._status = status
        self._size = size
        self._standby_s = standby_s
        self._lock = threading.Lock()
        """Held while the active bundle changes and while a child's state is reported, so that no report of the previous one follows."""
        self._before: Setup | None = None
        """What was in force before, while its bundle is the standby."""
        self._standing = threading.Event()
        """Set when nothing stands by any more."""
        self.was_put_back = False
        """Whether a bundle failed and the one before was put back, and no other was activated since."""
        self._closed = threading.Event()
        self._on_cpu_instead = False
        self._silent: Dispatcher | None = None
        """The active bundle, while its child is told to be silent."""

    def load(
        self, bundle: Bundle, judges: Judges | None = None, *, as_shadow: InferenceConfig | None = None
    ) -> Dispatcher:
        """Load a further bundle in a child of its own, without waiting for it; ``activate`` or ``Inference.shadow`` give it frames.
        ``as_shadow``: see ``Inference.load``.

        Raises UserError where its frame size is not the line's or the rules (``judges``, else those in force) do not fit its classes."""
        size = FrameSize(bundle.height, bundle.width)
        if size != self._size:
            raise UserError(f"bundle {bundle.id}: is for frames of {size}; this line's have {self._size}")
        (judges or self._runs.now.setup.judges).check(bundle)
        return self._inference.load(bundle, as_shadow=as_shadow)

    def wait_ready(self, loaded: Dispatcher) -> None:
        """Wait until a bundle that is loading has answered its golden frames. Raises UserError where it does not, or the line stops; its
        child has ended then."""
        try:
            while not loaded.supervisor.wait_ready(0.05):
                if self._closed.is_set():
                    raise UserError("the line stops")
        except UserError as error:
            self._inference.unload(loaded)
            raise UserError(f"bundle {loaded.identity.bundle}: {error}") from None

    def activate(
        self,
        loaded: Dispatcher,
        setup: Setup | None = None,
        *,
        run: str | None = None,
        why: str = "",
        keep: bool = False,
    ) -> None:
        """Make the bundle the active one for frames captured from now on: with what is in force else, or with ``setup``, whose dispatcher it
        is; with ``run`` such a run begins at the same frame.

        ``keep``: the bundle before stays loaded for ``standby_s``, and is put back where the child of this one fails meanwhile.
        Raises UserError where its child is not ready, for one that is active already or retiring, and for a run that is open already."""
        bundle = loaded.identity.bundle
        with self._lock:
            state = loaded.supervisor.state
            if state is not State.READY:
                raise UserError(f"bundle {bundle}: is {state.value}, so it cannot be activated")
            if loaded.background:
                raise UserError(f"bundle {bundle}: its child yields to others, as a shadow's does; load it again")
            if loaded is self._inference.active or loaded.retired:
                raise UserError(f"bundle {bundle}: is active already or retiring; load it again")
            if run is not None:
                self._runs.check(run)
            before = self._runs.now.setup
            setup = setup or replace(before, dispatcher=loaded)
            self._inference.activate(loaded, keep=True)  # until the next line frames go to the bundle before
            self._apply(setup, run, why or f"bundle {bundle} takes over")
            self._now_active(loaded)
            told = "bundle_activated", f"bundle {bundle} gives the verdicts from now on"
            if self.was_put_back:
                self.was_put_back = False
                self._status.well("bundle", *told)
            self._status.well("inference", *told)
            if keep:
                self._stand_by(before)
            else:
                self._end_standby()

    def change(self, setup: Setup, *, run: str | None = None, why: str = "") -> None:
        """Replace what frames captured from now on are inspected with, where the bundle stays. A bundle that stands by is released: it may
        not fit what changes. Raises UserError like ``activate``."""
        with self._lock:
            if setup.dispatcher is not self._inference.active:
                raise UserError("the active bundle has changed meanwhile; try again")
            self._apply(setup, run, why)
            self._end_standby()

    def close(self) -> None:
        """Wait for nothing any more."""
        self._closed.set()
        self._standing.set()

    def child_changed(self, source: Dispatcher, state: State, text: str) -> None:
        """The state of a bundle's child changed; called by its supervisor."""
        with self._lock:
            if source is not self._inference.active:
                log.info("bundle %s: %s", source.identity.bundle, text)
                self._status.note(f"bundle_{state.value}", f"bundle {source.identity.bundle}: {text}")
            elif not (state in FAILED and self._put_back(source, text)):
                self._active_changed(source, state, text)

    # What follows runs under the lock.

    def _apply(self, setup: Setup, run: str | None, why: str) -> None:
        if run is None:
            self._runs.change(setup, why)
        else:
            self._runs.begin(run, setup)

    def _now_active(self, active: Dispatcher) -> None:
        self._silent = None
        self._status.engines(active.supervisor.device)
        self._tell_fallback(active)

    def _put_back(self, failed: Dispatcher, text: str) -> bool:
        """Activate the standby in place of a bundle that fails soon after it took over; False where there is none that is ready."""
        before = self._before
        if before is None or before.dispatcher.supervisor.state is not State.READY:
            return False
        self._inference.activate(before.dispatcher)
        self._end_standby()
        bundle = before.dispatcher.identity.bundle
        why = f"bundle {failed.identity.bundle} failed: {text}; bundle {bundle} gives the verdicts again"
        log.error("%s", why)
        self._runs.change(before, why)
        self._now_active(before.dispatcher)
        self.was_put_back = True
        self._status.trouble("bundle", "bundle_put_back", why)
        return True

    def silent(self, source: Dispatcher, why: str) -> None:
        """A bundle's child is silent; or, without ``why``, gives results again."""
        bundle = source.identity.bundle
        with self._lock:
            if why and source is self._inference.active and source.silent and self._silent is None:
                log.warning("inference, bundle %s: %s", bundle, why)
                self._silent = source
                self._status.trouble("inference", "engine_silent", why)
            elif not why and self._silent is source:
                log.info("inference, bundle %s: results come again", bundle)
                self._silent = None
                if source is self._inference.active:
                    self._status.well("inference", "engine_answers", "results come again")

    def _active_changed(self, active: Dispatcher, state: State, text: str) -> None:
        supervisor = active.supervisor
        self._silent = None
        if state is State.GIVEN_UP:
            self._status.failed("inference", text)
        if state is not State.GIVEN_UP or self._status.started:  # else the daemon ends with this very line
            warn = state is State.READY and supervisor.cpu_fallback
            level = logging.ERROR if state is State.GIVEN_UP else logging.WARNING if warn else logging.INFO
            action = "; restart the line when that is mended" if state is State.GIVEN_UP else ""
            action = "; `inspector doctor` says what the GPU lacks" if warn else action
            log.log(
                level,
                "inference, bundle %s: %s%s",
                active.identity.bundle,
                text,
                action,
                extra={"code": f"inference_{state.value}", "bundle": active.identity.bundle},
            )
        if state is State.READY:
            self._status.engines(supervisor.device)
            self._tell_fallback(active)
        if state is not State.STOPPED:
            tell = self._status.well if state is State.READY else self._status.trouble
            tell("inference", f"inference_{state.value}", text)

    def _tell_fallback(self, active: Dispatcher) -> None:
        """Have the health say whether the engines run on a CPU in the place of a GPU."""
        fallback = active.supervisor.cpu_fallback
        if fallback == self._on_cpu_instead:
            return
        self._on_cpu_instead = fallback
        text = f"engines run on {active.supervisor.device}"
        if fallback:
            self._status.maintenance("engines", "cpu_fallback", text)
        else:
            self._status.well("engines", "gpu_back", text)

    def _stand_by(self, before: Setup) -> None:
        """Keep what was in force before, to be put back, for ``standby_s``."""
        self._standing.set()
        self._before, self._standing = before, threading.Event()
        threading.Thread(target=self._wait_standby, args=(self._standing,), name="standby", daemon=True).start()

    def _end_standby(self) -> None:
        self._standing.set()
        self._before = None
        self._inference.release_standby()

    # In a thread of its own.

    def _wait_standby(self, standing: threading.Event) -> None:
        if standing.wait(self._standby_s):
            return
        with self._lock:
            if self._standing is standing:
                self._end_standby()
