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
            self._status.engines(loaded.supervisor.device)
            self._status.well("inference", "bundle_activated", f"bundle {bundle} gives the verdicts from now on")

    def child_changed(self, source: Dispatcher, state: State, text: str) -> None:
        """The state of a bundle's child changed; called by its supervisor."""
        with self._lock:
            if source is self._inference.active:
                self._active_changed(source, state, text)
            else:
                log.info("bundle %s: %s", source.identity.bundle, text)
                self._status.note(f"bundle_{state.value}", f"bundle {source.identity.bundle}: {text}")

    def _active_changed(self, active: Dispatcher, state: State, text: str) -> None:
        supervisor = active.supervisor
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
        if state is not State.STOPPED:
            tell = self._status.well if state is State.READY else self._status.trouble
            tell("inference", f"inference_{state.value}", text)
