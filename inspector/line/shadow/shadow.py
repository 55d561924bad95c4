"""Starts and stops the shadow of a line. Whatever becomes of a candidate, the line goes on."""

from __future__ import annotations

import threading
import time
from typing import NamedTuple

import msgspec

from engines.bundle import Bundle
from inspector.config.inference import InferenceConfig
from inspector.errors import UserError
from inspector.inference.dispatcher import Dispatcher
from inspector.inference.inference import Inference
from inspector.inference.state import State
from inspector.line.bundles import LineBundles
from inspector.line.observers import Observers
from inspector.line.shadow.answers import name_of
from inspector.line.shadow.session import Disagreed, Records, Session
from inspector.line.status import LineStatus
from inspector.protocol.shadow_report import ShadowReportBody

MAX_RESTARTS = 2
"""A candidate whose child fails again after so many restarts in a row is given up."""
LEAST_STALL_S = 30.0
"""A child that gets only what others leave may be slow without being hung."""
_LOOK_S = 0.05


class ShadowInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The shadow as it is now."""

    bundle: str
    operating_point: str
    share: float
    state: str
    """Of its child: ``ready``, ``restarting``, ``given_up``, ..."""
    compared: int
    disagreements: int


class _Running(NamedTuple):
    loaded: Dispatcher
    session: Session


class Shadow:
    """The shadow of a line, at most one at a time. Every method may be called from any thread."""

    def __init__(
        self,
        config: InferenceConfig,
        inference: Inference,
        bundles: LineBundles,
        observers: Observers,
        status: LineStatus,
        records: Records,
        epoch: str,
        disagreed: Disagreed,
    ) -> None:
        """``records`` keeps what is found; ``disagreed`` may keep the frame."""
        self._disagreed = disagreed
        self._config = config
        self._inference = inference
        self._bundles = bundles
        self._observers = observers
        self._status = status
        self._records = records
        self._epoch = epoch
        self._lock = threading.Lock()
        """Held while a shadow is started or stopped; not while it loads."""
        self._loading: Dispatcher | None = None
        self._running: _Running | None = None
        self._last: Session | None = None
        """Of the shadow that runs, or ran last."""
        self._closed = False

    def start(self, bundle: Bundle, share: float) -> ShadowInfo:
        """Load a candidate, verify it with its golden frames, and have it inspect ``share`` of the frames (above 0, at most 1). Takes
        as long as loading its engines.

        Raises UserError where the candidate is refused: another frame size or other classes than the active bundle, rules that do not
        fit, engines that do not load or fail their golden frames; and where there is a shadow already."""
        try:
            if not 0 < share <= 1:
                raise UserError(f"a share of {share:g}; expected a number above 0, at most 1")
            loaded = self._begin_loading(bundle)
            try:
                while not loaded.supervisor.wait_ready(_LOOK_S):
                    pass
                return self._begin(loaded, share)
            except BaseException:
                self._inference.unload(loaded)
                raise
            finally:
                with self._lock:
                    if self._loading is loaded:
                        self._loading = None
        except UserError as error:
            self._status.note("shadow_refused", f"shadow {bundle.id}: {error}")
            raise

    def stop(self) -> ShadowInfo | None:
        """End the shadow, also one that is loading; its last state, None where there is none."""
        with self._lock:
            loading, self._loading = self._loading, None
            if loading is not None:
                loading.supervisor.finish()  # which ends the wait in ``start``
            ended = self._end()
        if ended is not None:
            self._status.note("shadow_stopped", f"shadow {ended.bundle}: ended after {ended.compared:,} frames")
        return ended

    def close(self) -> None:
        """The line stops: no further comparison, and none is begun."""
        with self._lock:
            self._closed = True
            if self._running is not None:
                self._observers.remove(self._running.session)
                self._running.session.close()

    @property
    def info(self) -> ShadowInfo | None:
        """The shadow as it is now; None where there is none."""
        running = self._running
        return None if running is None else _info(running)

    def report(self) -> ShadowReportBody | None:
        """What the shadow would have changed so far; of the one that ran last where none runs, None where none has run."""
        running, session = self._running, self._last
        if session is None:
            return None
        state = running.loaded.supervisor.state.value if running is not None else "ended"
        return session.report(state)

    def _begin_loading(self, bundle: Bundle) -> Dispatcher:
        with self._lock:
            if self._closed:
                raise UserError("the line stops")
            if self._running is not None and self._running.loaded.supervisor.state is State.GIVEN_UP:
                self._end()
            there = self._loading or (self._running and self._running.loaded)
            if there is not None:
                raise UserError(f"{there.identity.bundle} is the shadow already; stop it first")
            self._require_fit(bundle)
            self._loading = self._bundles.load(bundle, as_shadow=_beside(self._config))
            return self._loading

    def _require_fit(self, bundle: Bundle) -> None:
        if not self._inference.ring.leases.observer_slots:
            raise UserError("ring.observer_slots is 0; a shadow needs at least 1: set it and start the line again")
        active = self._inference.active.bundle
        if set(bundle.classes) != set(active.classes):
            raise UserError(
                f"has the classes {', '.join(bundle.classes)}; the active bundle has {', '.join(active.classes)}, and answers "
                "are compared by class"
            )

    def _begin(self, loaded: Dispatcher, share: float) -> ShadowInfo:
        session = Session(
            loaded.identity,
            share,
            self._records,
            epoch=self._epoch,
            most_held=max(1, self._inference.ring.leases.observer_slots // 2),
            started_unix_ns=time.time_ns(),
            disagreed=self._disagreed,
        )
        with self._lock:
            if self._closed or self._loading is not loaded:
                raise UserError("was stopped while it was loaded")
            self._observers.add(session)
            self._inference.shadow(loaded, session)
            self._running, self._last = _Running(loaded, session), session
            info = _info(self._running)
        self._status.note(
            "shadow_started", f"shadow {name_of(loaded.identity)}: inspects {100 * share:.3g} % of the frames"
        )
        return info

    def _end(self) -> ShadowInfo | None:
        """Lock held."""
        running, self._running = self._running, None
        if running is None:
            return None
        self._inference.unload(running.loaded)  # gives its frames up, which the session is still shown
        self._observers.remove(running.session)
        running.session.close()
        return _info(running)


def _beside(config: InferenceConfig) -> InferenceConfig:
    """The configuration of a candidate's child: one frame at a time on the CPU, and not started again and again."""
    return msgspec.structs.replace(
        config, lanes=1, max_restarts=MAX_RESTARTS, stall_timeout_s=max(LEAST_STALL_S, config.stall_timeout_s)
    )


def _info(running: _Running) -> ShadowInfo:
    identity, rows = running.loaded.identity, running.session.comparisons()
    return ShadowInfo(
        bundle=identity.bundle,
        operating_point=identity.operating_point,
        share=running.session.share,
        state=running.loaded.supervisor.state.value,
        compared=sum(one.compared for one in rows),
        disagreements=sum(one.compared - one.agreed for one in rows),
    )
