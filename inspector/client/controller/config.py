"""The configuration of a reject controller, a YAML file of its own. ``docs/controller.md`` describes it; ``load.py`` reads it."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from engines.files.names import Name
from engines.files.paths import FilePath, PathRule, path_key
from inspector.config.section import Positive, Section

AUTO = "auto"
FRESH_MS = 100.0
"""The heartbeat counts only for an output that was decided so recently."""
MostMm = Annotated[float, Meta(ge=0, le=1e7)]
MostMs = Annotated[float, Meta(ge=0, le=3_600_000)]
SomeMs = Annotated[float, Meta(ge=1, le=3_600_000)]
Address = Annotated[int, Meta(ge=0, le=65_535)]
GateMs = Annotated[
    MostMs,
    Meta(
        description="From the output REJECT until the gate is closed for certain, ms: the PLC's cycle, the valve and the movement. There is no "
        "default, because with too short a time the gate is still open for the beginning of a rejected sheet."
    ),
]
Endpoint = Annotated[str, path_key(PathRule(prefix="ipc://", other="@*"))]


class ResultsOfLine(Section, frozen=True, kw_only=True):
    """Where the line publishes."""

    endpoint: Annotated[Endpoint, Meta(description="Address of the publisher: tcp://HOST:PORT or ipc://PATH.")] = (
        "tcp://127.0.0.1:5550"
    )
    server_key: Annotated[
        FilePath | None, Meta(description="The line's public key file (`*.key`); null: no CURVE.")
    ] = None
    client_key: Annotated[
        FilePath | None, Meta(description="The controller's own secret key file (`*.key_secret`, 0600).")
    ] = None


class ControlOfLine(Section, frozen=True, kw_only=True):
    """The line's control socket, over which the difference of the two machines' clocks is measured."""

    endpoint: Annotated[Endpoint, Meta(description="ipc://PATH or tcp://HOST:PORT.")]
    server_key: Annotated[FilePath | None, Meta(description="For TCP: the line's public key file.")] = None
    client_key: Annotated[FilePath | None, Meta(description="For TCP: one's own secret key file; role viewer.")] = None
    every_s: Annotated[Annotated[float, Meta(ge=0.1, le=5)], Meta(description="Time between two measurements, s.")] = (
        1.0
    )


class ClockConfig(Section, frozen=True, kw_only=True):
    """How far the times of the line's machine are trusted."""

    least_delay_ms: Annotated[
        Annotated[float, Meta(ge=0, le=1000)],
        Meta(
            description="Without `control`: what even the fastest message may have taken, which cannot be measured in one direction, ms."
        ),
    ] = 2.0
    settle_s: Annotated[
        Annotated[float, Meta(ge=0, le=60)],
        Meta(
            description="Without `control`: nothing passes for so long after the first message, and after a step of the line's clock, s."
        ),
    ] = 2.0


class CoveringCamera(Section, frozen=True, kw_only=True):
    """A stream of the line that has to say PASS of each sheet: a camera, or `sheet`, the stream of whole sheets."""

    name: Annotated[Name, Meta(description="The camera's name, or `sheet`.")]
    frame_mm: Annotated[
        Annotated[float, Meta(gt=0, le=1e6)] | None,
        Meta(
            description="Length of a frame along the strip, mm; of a sheet in the stream `sheet`. Needed with `arrival: {by: position}`."
        ),
    ] = None
    overlap_mm: Annotated[
        MostMm,
        Meta(
            description="Two frames in a row show at most so much of the strip twice, mm. Where they show more, nothing passes."
        ),
    ] = 0.0
    along_mm: Annotated[
        Annotated[float, Meta(ge=-1e6, le=1e6)],
        Meta(
            description="How far downstream of the place of counting the camera stands, mm (the line's `placement.along_mm`). Of the stream `sheet`: 0 "
            "where the line makes its sheets by length, else that of the camera furthest downstream."
        ),
    ] = 0.0


class SheetsAtGate(Section, frozen=True, kw_only=True):
    """What a sheet is for the gate."""

    by: Annotated[
        Literal["length", "frame", "part"],
        Meta(
            description="`length`: `length_mm` of strip, from the multiples of it. `frame`: the frames with one number. `part`: the frames with "
            "one id of the part."
        ),
    ]
    length_mm: Annotated[
        Annotated[float, Meta(ge=1, le=1e7)] | None, Meta(description="With `length`: of a sheet, mm.")
    ] = None
    frames_per_part: Annotated[
        Annotated[int, Meta(ge=1, le=1000)] | None,
        Meta(description="With `part`: frames of each camera that are a part."),
    ] = None
    unseen_mm: Annotated[MostMm, Meta(description="With `length`: this much between two frames may be unseen, mm.")] = (
        1.0
    )


class PositionArrival(Section, frozen=True, kw_only=True, tag_field="by", tag="position"):
    """A sheet is at the gate when the strip has moved from the camera to it: a shift register on `position_um`."""

    distance_mm: Annotated[
        Annotated[float, Meta(gt=0, le=1e7)],
        Meta(description="From the place where positions are counted to the gate, mm."),
    ]
    fastest_m_per_s: Annotated[
        Annotated[float, Meta(gt=0, le=100)],
        Meta(description="The strip never moves faster. It bounds where the strip may be by now."),
    ]
    decide_ms: Annotated[
        MostMs,
        Meta(description="A sheet is decided so long before it can be at the gate: time for the PLC's answer, ms."),
    ] = 200.0
    gate_ms: GateMs
    stale_ms: Annotated[
        SomeMs, Meta(description="A position older than this is none, ms since its frame was captured.")
    ] = 1000.0
    gap_mm: Annotated[
        MostMm,
        Meta(
            description="With `frame` and `part`: the least space between two sheets, mm. More than that would let through a sheet that no camera saw."
        ),
    ] = 0.0
    jitter_mm: Annotated[
        MostMm,
        Meta(
            description="Positions may be wrong by so much, mm. One that is back by more, or further ahead than the strip can be, is a jump."
        ),
    ] = 1.0


class TimeArrival(Section, frozen=True, kw_only=True, tag_field="by", tag="time"):
    """A sheet is at the gate a fixed time after it was captured."""

    transport_ms: Annotated[
        SomeMs, Meta(description="From the capture of a sheet's first frame until the sheet is at the gate, ms.")
    ]
    passing_ms: Annotated[
        SomeMs, Meta(description="How long a sheet takes to pass, from the last frame's capture on, ms.")
    ]
    tolerance_ms: Annotated[MostMs, Meta(description="By how much the transport may be faster or slower, ms.")] = 0.0
    decide_ms: Annotated[
        MostMs,
        Meta(description="A sheet is decided so long before it can be at the gate: time for the PLC's answer, ms."),
    ] = 200.0
    gate_ms: GateMs
    gap_ms: Annotated[
        MostMs,
        Meta(
            description="The least time between two sheets, ms. More than that would let through a sheet that no camera saw."
        ),
    ] = 0.0


class LogConfig(Section, frozen=True, kw_only=True, tag_field="kind", tag="log"):
    """Moves nothing: decisions are in the log only."""


class Coils(Section, frozen=True, kw_only=True):
    """Addresses of coils, from 0."""

    outputs: Annotated[Address, Meta(description="The coil `pass`; the coil `reject` is the next one.")] = 0
    rearm: Annotated[
        Address | None, Meta(description="A rising edge of this coil arms again after a fault; null: none.")
    ] = None


class Registers(Section, frozen=True, kw_only=True):
    """Addresses of holding registers, from 0."""

    record: Annotated[
        Address, Meta(description="First of four: sequence, sheet number (high, low word), verdict (1 PASS, 2 REJECT).")
    ] = 0
    heartbeat: Annotated[
        Address, Meta(description="First of two: heartbeat, state (1 not armed, 2 armed, 3 fault).")
    ] = 10
    echo: Annotated[Address, Meta(description="The PLC copies the sequence here when it has taken the record.")] = 20


class ModbusConfig(Section, frozen=True, kw_only=True, tag_field="kind", tag="modbus"):
    """A PLC that is a Modbus TCP server."""

    host: Annotated[Annotated[str, Meta(min_length=1, max_length=255)], Meta(description="The PLC's address.")]
    port: Annotated[Annotated[int, Meta(ge=1, le=65_535)], Meta(description="Its port.")] = 502
    device: Annotated[Annotated[int, Meta(ge=0, le=255)], Meta(description="Its device (unit) id.")] = 1
    coils: Coils = Coils()
    registers: Registers = Registers()
    heartbeat_ms: Annotated[
        Annotated[float, Meta(ge=10, le=5000)], Meta(description="Time between two counts of the heartbeat, ms.")
    ] = 100.0
    watchdog_ms: Annotated[
        Annotated[float, Meta(ge=20, le=5000)],
        Meta(
            description="The PLC's program closes the gate so long after the last count of the heartbeat, ms. At least twice heartbeat_ms."
        ),
    ] = 300.0
    answer_ms: Annotated[
        Annotated[float, Meta(ge=5, le=5000)], Meta(description="Longest wait for an answer to one request, ms.")
    ] = 100.0
    echo_ms: Annotated[
        Annotated[float, Meta(ge=5, le=5000)],
        Meta(description="Longest wait for the PLC's echo of a record's sequence, ms. At least three of its cycles."),
    ] = 100.0
    reconnect_s: Annotated[Positive, Meta(description="Time between two attempts to reach it, s.")] = 1.0

    @property
    def hold_ms(self) -> float:
        """The gate may stay open so long after the controller last said that it may be, whatever fails, ms: a count of the heartbeat says what the
        controller decided at most FRESH_MS before, arrives less than watchdog_ms after it was sent (or the PLC has closed), and counts as long again."""
        return FRESH_MS + 2 * self.watchdog_ms


class RearmConfig(Section, frozen=True, kw_only=True):
    """Arming, which is a person's act: at the first start, and after each fault."""

    endpoint: Annotated[
        Endpoint | None,
        Meta(
            description="Socket for `inspector controller rearm`: ipc://PATH. `auto`: `controller` in the folder that systemd makes for the "
            "controller, and none where it is started otherwise. Null: none."
        ),
    ] = AUTO
    state_file: Annotated[
        FilePath | None,
        Meta(
            description="File in which it is kept whether a person has armed the controller, and the fault since, so that a restart clears no "
            "fault. Null: each start waits for a person."
        ),
    ] = None


class ControllerConfig(Section, frozen=True, kw_only=True):
    """A reject controller: one gate of one line."""

    line: Annotated[Name, Meta(description="The line's name; messages of others are ignored.")]
    results: ResultsOfLine = ResultsOfLine()
    control: Annotated[
        ControlOfLine | None, Meta(description="Null: the clocks' difference is bounded from the messages alone.")
    ] = None
    clock: ClockConfig = ClockConfig()
    cameras: Annotated[
        tuple[CoveringCamera, ...],
        Meta(min_length=1, max_length=64, description="Every camera that covers a sheet, or `sheet` alone."),
    ]
    sheets: SheetsAtGate
    arrival: Annotated[PositionArrival | TimeArrival, Meta(description="When a sheet is at the gate; `by` selects it.")]
    actuator: Annotated[LogConfig | ModbusConfig, Meta(description="What moves the gate; `kind` selects it.")]
    rearm: RearmConfig = RearmConfig()
    silent_ms: Annotated[
        Annotated[float, Meta(ge=100, le=60_000)],
        Meta(
            description="A stream without a message, heartbeats included, for so long is stale, ms: three heartbeats."
        ),
    ] = 750.0
    most_late: Annotated[
        Annotated[int, Meta(ge=1, le=100_000)],
        Meta(description="So many sheets in a row without a verdict in time are a fault."),
    ] = 5
    trial: Annotated[
        bool,
        Meta(
            description="Act on `simulated` results too, to try things out; only with `actuator: {kind: log}`. Needs no arming."
        ),
    ] = False


def hold_ms_of(config: ControllerConfig) -> float:
    """How long the gate may stay open after the controller last said that it may be, ms."""
    return config.actuator.hold_ms if isinstance(config.actuator, ModbusConfig) else 0.0
