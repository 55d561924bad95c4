"""One line's configuration on this machine: its bundle, rules, cameras, address, journal and engines."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import TimeoutError
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path

from msgspec.structs import replace

from engines.bundle import Bundle, find_bundle, read_bundle
from engines.errors import BundleError, FileError
from inspector.config.camera import CameraConfig
from inspector.config.genicam import GenicamConfig
from inspector.config.load import load_config
from inspector.config.opencv import OpenCvConfig
from inspector.config.recording import RecordedSource
from inspector.config.replay import ReplayConfig
from inspector.config.ring import RingConfig
from inspector.config.tree import LineConfig
from inspector.doctor.archive_folder import archive_finding
from inspector.doctor.bundles import bundle_finding
from inspector.doctor.finding import Finding, Section, Subject
from inspector.doctor.genicam_camera import genicam_finding
from inspector.doctor.journal_folder import journal_finding
from inspector.doctor.line_sockets import socket_findings
from inspector.doctor.memory import USUAL_RING
from inspector.doctor.opencv_camera import opencv_finding
from inspector.doctor.probing import Probed
from inspector.doctor.recording_camera import recording_finding
from inspector.doctor.runtime import plans_of_a_line, runtime_of_a_line, takes_plans
from inspector.errors import UserError
from inspector.frames.daemon_threads import DaemonThreads
from inspector.frames.size import FrameSize
from inspector.inference.remedies import with_remedy
from inspector.line.changes import judges_of, signers_of
from inspector.line.fits import Fits

FILES_LOOKED_AT = 3
LONGEST_LOOK_S = 10.0
CONFIGURATION = Subject(Section.LINE, "Configuration", needed=True)
BUNDLE = Subject(Section.LINE, "Bundle", needed=True)


class ConfiguredLine:
    """A line's configuration and bundle, as far as they can be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config: LineConfig | None = None
        self.bundle: Bundle | None = None
        self._wrong: list[Finding] = []
        try:
            self.config = load_config(path)
            self.bundle = read_bundle(find_bundle(self.config.bundle, path.parent), signers=signers_of(self.config))
        except (UserError, FileError) as error:
            self._wrong.append(CONFIGURATION.wrong(str(error), "the daemon refuses to start"))
        except BundleError as error:
            self._wrong.append(BUNDLE.wrong(with_remedy(error), "the daemon refuses to start"))

    def ring(self) -> tuple[int, int, int]:
        """Slots, height and width of the ring this line makes, as far as known."""
        _, height, width = USUAL_RING
        if self.bundle is not None:
            height, width = self.bundle.height, self.bundle.width
        if self.config is None:
            return RingConfig().slots_for(height * width), height, width
        with suppress(UserError):  # told where the configuration is looked at
            slot_px = Fits(self.config, FrameSize(height, width)).slot_px
            return self.config.ring.slots_for(slot_px), -(-slot_px // width), width
        return self.config.ring.slots_for(height * width), height, width

    def findings(self) -> Iterator[Finding]:
        """Every finding about this line."""
        yield from self._wrong
        if self.config is None:
            return
        if self.bundle is not None:
            yield self._configuration(self.config, self.bundle)
            yield bundle_finding(self.bundle.path, BUNDLE)
            for camera in self.config.cameras:
                yield _camera(camera, self.bundle)
        yield from socket_findings(self.config)
        yield journal_finding(self.config.journal, Section.LINE)
        yield archive_finding(self.config.archive, self.config.ring)

    def engines(self, runtime: Probed, torch: Probed) -> Iterator[Finding]:
        """What runs this line's engines here, and whether its plans are there; ``runtime`` and ``torch`` are results of probes."""
        if self.config is None:
            return
        yield runtime_of_a_line(self.config.inference, runtime, torch)
        if self.bundle is not None and takes_plans(self.config.inference, runtime):
            yield plans_of_a_line(self.bundle, self.config.inference, runtime)

    def _configuration(self, config: LineConfig, bundle: Bundle) -> Finding:
        try:
            judges_of(config, Fits(config, FrameSize(bundle.height, bundle.width))).check(bundle)
        except UserError as error:
            return CONFIGURATION.wrong(f"{self.path}: {error}", "the daemon refuses to start")
        return CONFIGURATION.ok(f"{self.path}: line {config.line}", "every key is known and fits")


def _camera(camera: CameraConfig, bundle: Bundle) -> Finding:
    """A recording is listed and its first files are decoded; a simulated sheet has nothing that could be missing."""
    from inspector.capture.make import source_kind

    subject, kind = Subject(Section.LINE, f"Camera {camera.name}", needed=True), source_kind(camera.source)
    if isinstance(camera.source, OpenCvConfig):
        return opencv_finding(camera, camera.source, subject, FrameSize(bundle.height, bundle.width))
    if isinstance(camera.source, GenicamConfig):
        return genicam_finding(camera, camera.source, subject, FrameSize(bundle.height, bundle.width))
    if isinstance(camera.source, RecordedSource):
        return recording_finding(camera.source, subject)
    if not isinstance(camera.source, ReplayConfig):
        return subject.ok(kind, "frames are rendered: no hardware needed")
    threads = DaemonThreads(1, "doctor")
    looking = threads.submit(partial(_first_frames, camera, bundle))
    try:
        seen = looking.result(LONGEST_LOOK_S)
    except TimeoutError:
        found = f"{camera.source.path}: no frame could be read in {LONGEST_LOOK_S:g} s"
        return subject.wrong(found, "look at the disk or the file server")
    except (UserError, FileError, OSError) as error:
        return subject.wrong(str(error), f"the {kind} finds no frames")
    finally:
        threads.close(0.0)
    bad = [why for why in seen if why]
    if seen and len(bad) == len(seen):
        advice = "such frames are UNINSPECTED (bad_frame); of the first files not one can be inspected with this bundle"
        return subject.wrong(bad[0], advice)
    if bad:
        return subject.note(bad[0], "such frames are UNINSPECTED (bad_frame)")
    return subject.ok(f"{kind} of {camera.source.path}", "frames are there, and the first ones can be used")


def _first_frames(camera: CameraConfig, bundle: Bundle) -> list[str]:
    """Why the line could not use each of the first frames, one line; empty where it could. Raises UserError where there are no files."""
    from inspector.capture.make import make_source
    from inspector.capture.preparation import Preparation

    inspected = FrameSize(bundle.height, bundle.width)
    preparation = Preparation(inspected, camera.fit)
    recording = replace(camera.source, rate_hz=None, loop=False)
    source = make_source(recording, *(preparation.camera or inspected), any_size=preparation.camera is None)
    try:
        source.open()
        seen = []
        for arrival in islice(iter(source.next, None), FILES_LOOKED_AT):
            seen.append(arrival.error if arrival.pixels is None else preparation.refusal(arrival.pixels))
        return seen
    finally:
        source.close()
