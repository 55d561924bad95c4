"""``inspector camera``: which GenICam cameras answer, what can be set, and frames of one, without a line."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.options import Limits, number_argument, number_option
from inspector.cli.output import console, print_json, shown, tell
from inspector.errors import UserError

if TYPE_CHECKING:
    from inspector.capture.genicam import GenicamSource
    from inspector.config.genicam import GenicamConfig

app = typer.Typer(
    no_args_is_help=True,
    help="Look at GigE Vision and USB3 Vision cameras: which there are, their features, their frames.",
)

CameraArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="CAMERA", help="IP address, MAC address or serial of the camera; not needed where there is only one."
    ),
]


@app.command(name="list")
def list_cameras(
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """List the cameras that answer."""
    from inspector.capture.genicam.discovery import search
    from inspector.capture.genicam.library import library

    found = search(library())
    if as_json:
        print_json(found)
    elif found:
        rows = [(one.serial, one.address, one.mac, one.vendor, one.model, one.protocol, one.interface) for one in found]
        _print_table(("serial", "address", "mac", "vendor", "model", "protocol", "interface"), rows)
    else:
        tell("no camera answered; look at power, cables and addresses")


@app.command()
def features(
    camera: CameraArgument = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """List the features of a camera: value, range, and whether they can be set. No other program may control it meanwhile."""
    from inspector.capture.genicam.device import Device
    from inspector.capture.genicam.discovery import choose
    from inspector.capture.genicam.features import listed
    from inspector.capture.genicam.library import library

    aravis = library()
    device = Device(aravis, choose(aravis, _meant(camera)))
    try:
        found = list(listed(device))
    finally:
        device.close()
    if as_json:
        print_json(found)
    else:
        rows = [(one.name, one.kind, one.access, one.value, one.range) for one in found]
        _print_table(("feature", "kind", "access", "value", "range"), rows)


@app.command()
def grab(
    count: Annotated[int, number_argument("N", Limits(1, 1_000_000, whole=True), help="How many frames.")],
    camera: CameraArgument = None,
    save: Annotated[
        Path | None,
        typer.Option("--save", help="Write them to this new or empty folder, PNG, named by number: frame-000000.png."),
    ] = None,
    seconds: Annotated[
        float, number_option("--seconds", Limits(0, 86_400, above=True), help="Longest time to wait for them.")
    ] = 30.0,
) -> None:
    """Take frames as the camera is set, and count what is lost."""
    from inspector.capture.genicam import GenicamSource

    folder = None if save is None else _empty_folder(save)
    source = GenicamSource(_meant(camera))
    timer = threading.Timer(seconds, source.interrupt)
    timer.daemon = True
    try:
        source.open()
        timer.start()
        taken, last_error = _taken(source, count, folder)
    finally:
        timer.cancel()
        source.close()
    size = "x".join(map(str, source.frame_size or ()))
    tell(f"{taken} frames of {size}" + (f", {source.measured_hz:.1f} a second" if source.measured_hz else ""))
    _tell_counters(source)
    if last_error:
        tell(f"the last frame without pixels: {last_error}")
    if taken < count:
        advice = "--seconds gives it longer" if taken else "a camera that waits for a trigger sends none without one"
        raise UserError(f"{taken} of {count} frames came in {seconds:g} s; {advice}")


@app.command()
def check(
    camera: CameraArgument = None,
    seconds: Annotated[
        float, number_option("--seconds", Limits(0, 86_400, above=True), help="How long to measure.")
    ] = 5.0,
) -> None:
    """Measure throughput, loss and latency of a camera as it is set, and say what of the network could be set better."""
    from inspector.capture.genicam import GenicamSource
    from inspector.frames.clock import now_ns

    source = GenicamSource(_meant(camera))
    timer = threading.Timer(seconds, source.interrupt)
    timer.daemon = True
    waits_ms: list[float] = []
    begun_ns, pixels = 0, 0
    try:
        source.open()
        advice = source.tuning()
        begun_ns = now_ns()
        timer.start()
        while (arrival := source.next()) is not None:
            waits_ms.append((now_ns() - arrival.captured_ns) / 1e6)
            pixels += 0 if arrival.pixels is None else arrival.pixels.size
    finally:
        timer.cancel()
        source.close()
    passed_s = (now_ns() - begun_ns) / 1e9
    size = "x".join(map(str, source.frame_size or ()))
    tell(
        f"{len(waits_ms)} frames of {size} in {passed_s:.1f} s: {len(waits_ms) / passed_s:.1f} a second, {pixels / passed_s / 1e6:.1f} megapixels"
    )
    _tell_counters(source)
    if waits_ms:
        waits_ms.sort()
        p50, p99 = (waits_ms[min(len(waits_ms) - 1, int(share * len(waits_ms)))] for share in (0.5, 0.99))
        tell(f"from first packet to pixels: p50 {p50:.2f} ms, p99 {p99:.2f} ms, max {waits_ms[-1]:.2f} ms")
    for line in advice or ["nothing of the network needs to be set better"]:
        tell(line)


def _tell_counters(source: GenicamSource) -> None:
    counters, clock = source.counters(), source.clock()
    if counters is not None:
        tell(
            f"received {counters.received}, lost {counters.lost}, incomplete {counters.incomplete}, packets resent {counters.resent_packets}, "
            f"missing {counters.missing_packets}"
        )
    if clock is not None:
        tell(f"clock {clock.name}: {clock.text}")


def _empty_folder(save: Path) -> Path:
    """The folder to save to, made where it is missing. Frames of two cameras or two days in one folder could not be told apart."""
    from engines.files.writing import output_folder

    folder = output_folder(save, "--save")
    if any(folder.iterdir()):
        raise UserError(f"--save {save}: is not empty; name a new folder")
    return folder


def _taken(source: GenicamSource, count: int, folder: Path | None) -> tuple[int, str]:
    """Number of frames that came, and why the last without pixels had none. Frames are saved where there is a ``folder``."""
    import cv2

    from engines.files.writing import write_bytes

    last_error = ""
    for taken in range(count):
        arrival = source.next()
        if arrival is None:
            return taken, last_error
        if arrival.pixels is None:
            last_error = arrival.error
        elif folder is not None:
            write_bytes(folder / f"frame-{arrival.number:06d}.png", cv2.imencode(".png", arrival.pixels)[1].tobytes())
    return count, last_error


def _meant(camera: str | None) -> GenicamConfig:
    from inspector.config.genicam import GenicamConfig

    if camera is None:
        return GenicamConfig()
    if camera.count(":") == 5:
        return GenicamConfig(mac=camera)
    return GenicamConfig(address=camera) if camera.count(".") == 3 else GenicamConfig(serial=camera)


def _print_table(columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(shown, row))
    console().print(table)
