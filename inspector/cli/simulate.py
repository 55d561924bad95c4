"""``inspector simulate``: simulated sheets with their truth, as files, for training or inspection."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engines.files.text import brief
from inspector.cli.options import MOST_PROCESSES, Limits, limits_of, number_option, read_number
from inspector.cli.output import tell
from inspector.config.simulator import SEVERSTAL_CLASS_MIX, SimulatorConfig
from inspector.errors import UserError

if TYPE_CHECKING:
    from inspector.cli.simulated_frames import Job

_SIDE_PX = Limits(32, 16384, whole=True)
_MOST_SHEETS = 10_000_000
_FRAMES = 100
_DEFAULT_MIX = ",".join(map(str, SEVERSTAL_CLASS_MIX))


def simulate(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Directory to write to; created where missing.")],
    frames: Annotated[
        int | None,
        number_option(
            "--frames",
            Limits(1, _MOST_SHEETS, whole=True),
            help=f"Number of sheets. Default: those of the camera's run, else {_FRAMES}.",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        number_option(
            "--seed",
            limits_of(SimulatorConfig, "seed"),
            help="Seed: the same seed gives the same sheets. Default: 1.",
        ),
    ] = None,
    first: Annotated[
        int, number_option("--first", Limits(0, 1_000_000_000, whole=True), help="Number of the first sheet.")
    ] = 0,
    height: Annotated[int | None, number_option("--height", _SIDE_PX, help="Rows of a frame. Default: 256.")] = None,
    width: Annotated[int | None, number_option("--width", _SIDE_PX, help="Columns of a frame. Default: 1600.")] = None,
    defect_rate: Annotated[
        float | None,
        number_option(
            "--defect-rate",
            limits_of(SimulatorConfig, "defect_rate"),
            help="Share of sheets with a defect. Default: 0.5.",
        ),
    ] = None,
    class_mix: Annotated[
        str | None,
        typer.Option(
            help=f"Weights of pitting, inclusion, scratches and corrosion, separated by commas. Default: {_DEFAULT_MIX}."
        ),
    ] = None,
    look_alike_rate: Annotated[
        float | None,
        number_option(
            "--look-alike-rate",
            limits_of(SimulatorConfig, "look_alike_rate"),
            help="Share of sheets with a harmless mark that resembles a defect. Default: 0.6.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        number_option(
            "--workers", Limits(1, MOST_PROCESSES, whole=True), help="Processes that render. Default: one per core."
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            "-c",
            help="Line configuration (YAML): the frames of its simulated camera, in place of the options above about sheets.",
        ),
    ] = None,
    camera: Annotated[str | None, typer.Option(help="With --config: which camera, where there are several.")] = None,
) -> None:
    """Render simulated steel sheets with exact truth.

    Writes OUT/images/NNNNNN.jpg (8-bit grey), OUT/masks/NNNNNN.png (bit k set where class k is: 1 pitting, 2 inclusion,
    4 scratches, 8 corrosion) and OUT/frames.csv (file, mask, classes, look_alikes; several joined by "|", main class first). Sheets that an
    earlier call wrote are replaced; a folder that holds other frames is refused.

    With --config they are the frames of the line's simulated camera, by their numbers, also those that it would lose or corrupt. Where it has a
    strip, OUT/strip.json lists the long defects and roll marks on it, in mm.
    """
    from inspector.cli.simulated_frames import write_frames, write_strip

    if config is None:
        if camera is not None:
            raise UserError("--camera: names a camera of a line; add --config LINE.yaml")
        sheets = SimulatorConfig(
            seed=1 if seed is None else seed,
            defect_rate=0.5 if defect_rate is None else defect_rate,
            class_mix=_read_mix(_DEFAULT_MIX if class_mix is None else class_mix),
            look_alike_rate=0.6 if look_alike_rate is None else look_alike_rate,
        )
        job = _new_sheets(sheets, height or 256, width or 1600)
    else:
        about = {
            "--seed": seed,
            "--height": height,
            "--width": width,
            "--defect-rate": defect_rate,
            "--class-mix": class_mix,
            "--look-alike-rate": look_alike_rate,
        }
        if given := next((name for name, value in about.items() if value is not None), None):
            raise UserError(f"{given}: the sheets are those of {config}; change it there, or leave --config out")
        job = _of_camera(config, camera)
    end = first + (frames or (job.source.frames if job.of_camera else None) or _FRAMES)
    write_frames(out, job, range(first, end), workers)
    if job.view is not None:
        from inspector.capture.simulator import SimulatorTruth

        write_strip(out, SimulatorTruth(job.source, job.height, job.width, view=job.view).strip(end))
    tell(f"{end - first} sheets in {out}", err=True)


def _new_sheets(sheets: SimulatorConfig, height: int, width: int) -> Job:
    from inspector.cli.simulated_frames import Job

    return Job(sheets, height, width, of_camera=False)


def _of_camera(path: Path, name: str | None) -> Job:
    """The frames of a line's simulated camera. Raises UserError where there is none."""
    from engines.bundle import find_bundle, read_bundle
    from inspector.capture.preparation import preparation_of
    from inspector.capture.simulator import strip_view
    from inspector.cli.simulated_frames import Job
    from inspector.config.choice import choose_camera
    from inspector.config.load import load_config
    from inspector.frames.size import FrameSize
    from inspector.line.changes import signers_of

    line = load_config(path)
    camera = choose_camera(line, name, "--camera", "--camera {}")
    if not isinstance(camera.source, SimulatorConfig):
        raise UserError(f"{path}: camera {camera.name} is not simulated; expected source.kind: simulator")
    bundle = read_bundle(find_bundle(line.bundle, path.parent), signers=signers_of(line))
    inspected = FrameSize(bundle.height, bundle.width)
    height, width = preparation_of(camera, inspected).camera or inspected
    view = strip_view(camera, line.verdicts.travel_axis, height, width)
    return Job(camera.source, height, width, of_camera=True, view=view)


def _read_mix(text: str) -> tuple[float, float, float, float]:
    expected = "four weights of 0 or more, not all 0, such as 1,1,1,1"
    mix = [read_number("--class-mix", part, Limits(0, 1e9), expected) for part in text.split(",")]
    if len(mix) != 4 or sum(mix) <= 0:
        raise UserError(f"--class-mix: found {brief(text, 40)!r}, expected {expected}")
    return (mix[0], mix[1], mix[2], mix[3])
