"""The line that a replay runs: the configured one with a recording in the place of its camera, or one with the defaults.

Nothing is changed that decides a verdict: for a frame that `inspector run` inspected, the replay gives the same one.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, get_args

import msgspec

from engines.images.raw_format import RawType
from engines.runtime.lanes import throughput_lanes
from inspector.cli.output import tell
from inspector.cli.recording_sizes import commonest_size, only_size
from inspector.cli.replay_publish import Publishing
from inspector.config.camera import CameraConfig
from inspector.config.choice import choose_camera
from inspector.config.fit import MODES, FitConfig
from inspector.config.load import load_config
from inspector.config.replay import RawFormat, ReplayConfig
from inspector.config.tree import LineConfig
from inspector.errors import UserError
from inspector.frames.size import FrameSize

REPLAY_DEADLINE_MS = 100.0
replace = msgspec.structs.replace


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says about the recording. None: as configured, else the default."""

    path: str
    rate_hz: float | None
    loop: bool
    white_level: int | None = None
    """The 16-bit value that becomes 255."""
    raw: str | None = None
    """Type of a pixel in raw files."""
    fit: str | None = None
    """What becomes of frames of another size than the bundle's."""

    def source(self, configured: ReplayConfig | None) -> ReplayConfig:
        """The camera's source: what pixels mean is the configuration's where it replays recordings too. Raises UserError."""
        base = configured or ReplayConfig(path=self.path)
        raw, white_level = base.raw, base.white_level
        if self.raw is not None:
            known = get_args(RawType)
            if self.raw not in known:
                raise UserError(f"--raw: {self.raw!r} is not known; use one of {', '.join(known)}")
            raw = msgspec.convert({**(msgspec.to_builtins(raw) if raw else {}), "dtype": self.raw}, RawFormat)
        if self.white_level is not None:
            white_level = self.white_level
        return replace(base, path=self.path, rate_hz=self.rate_hz, loop=self.loop, raw=raw, white_level=white_level)

    def fitted(self, configured: FitConfig, source: ReplayConfig) -> FitConfig:
        """How frames are fitted: as configured, or in the mode that is given, for the sizes that the files have. Raises UserError."""
        if self.fit is None:
            return configured
        size = commonest_size(source) if self.fit == "tile" else only_size(source) if self.fit == "resize" else None
        return fitted(self.fit, configured, size)


def fitted(mode: str, configured: FitConfig, size: FrameSize | None) -> FitConfig:
    """The fit of ``--fit MODE``, for frames of ``size`` (None: as it was given before, else unknown). Raises UserError."""
    if mode not in MODES:
        raise UserError(f"--fit: {mode!r} is not known; use one of {', '.join(MODES)}")
    keys = {} if mode != configured.mode else msgspec.to_builtins(configured)
    given = {"size": {"height": size.height, "width": size.width}} if size else {}
    return msgspec.convert({**keys, "mode": mode, **given}, FitConfig)


def only_cameras(config: LineConfig, cameras: tuple[CameraConfig, ...]) -> LineConfig:
    """The line with these ``cameras`` only. Sheets that others see too have no verdicts, which is told."""
    sheets, played = config.sheets, {one.name for one in cameras}
    seeing = () if sheets is None else sheets.cameras or tuple(one.name for one in config.cameras)
    away = [name for name in seeing if name not in played]
    if away:
        tell(
            f"inspector: note: sheets have no verdicts: camera {away[0]}, which sees them too, is not played", err=True
        )
        sheets = None
    return replace(config, cameras=cameras, sheets=sheets)


def replayed_line(
    path: Path | None,
    camera: str | None,
    recording: Recording,
    *,
    bundle: str | None,
    runtime: str | None,
    precision: str | None,
    deadline_ms: float | None,
    journal: Path,
    publishing: Publishing | None = None,
) -> LineConfig:
    """The configuration of the run. ``path`` is a line's configuration and ``camera`` which of its cameras; the others are options of the
    command, None where they are not given. Raises UserError."""
    if path is None:
        if camera is not None:
            raise UserError(f"--camera {camera}: names a camera of a configuration; give that too, --config line.yaml")
        source = recording.source(None)
        fit = recording.fitted(FitConfig(), source)
        base = LineConfig(line="replay", cameras=(CameraConfig(name="top", source=source, fit=fit),))
        deadline_ms = deadline_ms or REPLAY_DEADLINE_MS
    else:
        base = load_config(path)
        chosen = choose_camera(base, camera, "--camera", "--camera {}")
        source = recording.source(chosen.source if isinstance(chosen.source, ReplayConfig) else None)
        fit = recording.fitted(chosen.fit, source)
        base = only_cameras(base, (replace(chosen, source=source, fit=fit),))
        deadline_ms = deadline_ms or base.deadline_ms
    options = Played(bundle, runtime, precision, deadline_ms, journal, publishing)
    return options.line(base, live=source.rate_hz is not None)


class Played(NamedTuple):
    """What the command line says about a replay of any kind; None where it says nothing."""

    bundle: str | None
    runtime: str | None
    precision: str | None
    deadline_ms: float | None
    journal: Path
    publishing: Publishing | None = None
    """Where the results are published; None: nowhere."""

    def line(self, base: LineConfig, *, live: bool) -> LineConfig:
        """The configuration ``base``, whose cameras are those of the replay, for a run that keeps nothing but ``journal``. ``live``: frames
        come at a rate, and may be too late."""
        # A configuration whose frames wait has no deadline; with both a rate and a deadline they cannot.
        policy = "drop_oldest" if base.overload == "wait" and self.deadline_ms is not None else base.overload
        inference = base.inference
        played = replace(
            base,
            bundle=self.bundle or base.bundle,
            simulated=True,
            deadline_ms=self.deadline_ms if live else None,
            overload=policy if live else "wait",
            inference=replace(
                inference,
                runtime=self.runtime or inference.runtime,
                precision=self.precision or inference.precision,
                # Without a rate nobody waits for a single frame.
                lanes=inference.lanes or (None if live else throughput_lanes()),
                allow_cpu=True,
                max_restarts=inference.max_restarts or 3,
            ),
            results=replace(
                base.results,
                endpoint="tcp://127.0.0.1:*",
                recovery=replace(base.results.recovery, endpoint=None),
                wait_for_subscribers=0,
                masks=True,
            ),
            keys=None,  # which another machine need not have
            journal=replace(base.journal, path=str(self.journal), keep_days=None, keep_bytes=None),
            archive=replace(base.archive, path=None),  # which is for what the line has seen itself
        )
        return played if self.publishing is None else self.publishing.line(played, base)
