"""The bundles of a line: loading another one beside the active one, activating it, and reporting how their children are."""

from __future__ import annotations

import logging
import threading

from engines.bundle import Bundle
from inspector.errors import UserError
from inspector.frames.size import FrameSize
from inspector.inference.dispatcher import Dispatcher
from inspector.inference.inference import Inference
from inspector.inference.state import State
from inspector.line.judges import Judges
from inspector.line.status import LineStatus

log = logging.getLogger(__name__)


class LineBundles:
    """Loads and activates bundles. Every method may be called from any thread."""

    def __init__(self, inference: Inference, judges: Judges, status: LineStatus, size: FrameSize) -> None:
        """``size`` is that of the line's frames."""
        self._inference = inference
        self._judges = judges
        self._status = status
        self._size = size
        self._lock = threading.Lock()
        """Held while the active bundle changes and while a child's state is reported, so that no report of the previous one follows."""
        self._on_cpu_instead = False
        self._silent: Dispatcher | None = None
        """The active bundle, while its child is told to be silent."""

    def load(self, bundle: Bundle) -> Dispatcher:
        """Load a further bundle in a child of its own, in the background; ``activate`` or ``Inference.shadow`` give it frames.

        Raises UserError where its frame size is not the line's or the rules do not fit its classes."""
        size = FrameSize(bundle.height, bundle.width)
        if size != self._size:
            raise UserError(f"bundle {bundle.id}: is for frames of {size}; this line's have {self._size}")
        self._judges.add(bundle)
        return self._inference.load(bundle)

    def activate(self, loaded: Dispatcher) -> None:
        """Make the bundle the active one for frames captured from now on. Raises UserError where its child is not ready, and for one that
        is active already or retiring."""
        bundle = loaded.identity.bundle
        with self._lock:
            state = loaded.supervisor.state
            if state is not State.READY:
                raise UserError(f"bundle {bundle}: is {state.value}, so it cannot be activated")
            if loaded is self._inference.active or loaded.retired:
                raise UserError(f"bundle {bundle}: is active already or retiring; load it again")
            self._inference.activate(loaded)
            self._silent = None
            self._status.engines(loaded.supervisor.device)
            self._tell_fallback(loaded)
            self._status.well("inference", "bundle_activated", f"bundle {bundle} gives the verdicts from now on")

    def child_changed(self, source: Dispatcher, state: State, text: str) -> None:
        """The state of a bundle's child changed; called by its supervisor."""
        with self._lock:
            if source is self._inference.active:
                self._active_changed(source, state, text)
            else:
                log.info("bundle %s: %s", source.identity.bundle, text)
                self._status.note(f"bundle_{state.value}", f"bundle {source.identity.bundle}: {text}")

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
            log.log(logging.WARNING if warn else logging.INFO, "inference, bundle %s: %s", active.identity.bundle, text)
        if state is State.READY:
            self._status.engines(supervisor.device)
            self._tell_fallback(active)
        if state is not State.STOPPED:
            tell = self._status.well if state is State.READY else self._status.trouble
            tell("inference", f"inference_{state.value}", text)

    def _tell_fallback(self, active: Dispatcher) -> None:
        """The lock is held. Have the health say whether the engines run on a CPU in the place of a GPU."""
        fallback = active.supervisor.cpu_fallback
        if fallback == self._on_cpu_instead:
            return
        self._on_cpu_instead = fallback
        text = f"engines run on {active.supervisor.device}"
        if fallback:
            self._status.maintenance("engines", "cpu_fallback", text)
        else:
            self._status.well("engines", "gpu_back", text)
