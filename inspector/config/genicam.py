"""The GenICam camera: which one, how it is set, how its packets are received."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from inspector.config.replay import WhiteLevel
from inspector.config.section import Positive, Section

FeatureName = Annotated[str, Meta(pattern="^[A-Za-z_][A-Za-z0-9_]*$")]
ChunkName = Annotated[str, Meta(pattern="^Chunk[A-Za-z0-9_]+$")]
FeatureValue = bool | int | float | str | None
Feature = Annotated[dict[FeatureName, FeatureValue], Meta(min_length=1, max_length=1)]
ClockName = Literal["ticks", "ptp", "none"]
Text = Annotated[str, Meta(min_length=1)]
MacAddress = Annotated[str, Meta(pattern="^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}$")]
PacketBytes = Annotated[int, Meta(ge=576, le=16384)]


class GenicamConfig(Section, frozen=True, kw_only=True, tag_field="kind", tag="genicam"):
    """A GigE Vision or USB3 Vision camera. It is chosen by serial, address or mac; with none of them it must be the only one."""

    @classmethod
    def named(cls, name: str | None) -> GenicamConfig:
        """The camera that a person names by IP address, MAC address or serial number; None is the only one."""
        if name is None:
            return cls()
        if name.count(":") == 5:
            return cls(mac=name)
        return cls(address=name) if name.count(".") == 3 else cls(serial=name)

    serial: Annotated[Text | None, Meta(description="Serial number.")] = None
    address: Annotated[
        Text | None,
        Meta(description="IP address. Also a camera that does not answer a search is found by it."),
    ] = None
    mac: Annotated[
        MacAddress | None,
        Meta(description="MAC address, 00:11:22:33:44:55."),
    ] = None
    features: Annotated[
        tuple[Feature, ...],
        Meta(
            description="GenICam features, a list of `Name: value`, set in this order whenever the camera is opened, and read back. Null is for "
            "commands. `inspector camera features` lists those of a camera."
        ),
    ] = ()
    triggered: Annotated[
        bool | None,
        Meta(
            description="Whether frames come on a trigger (line, encoder, software), so that none is due while the line stands. Null: as "
            "TriggerMode says for FrameStart."
        ),
    ] = None
    software_trigger_hz: Annotated[
        Positive | None,
        Meta(
            description="Send the command TriggerSoftware so often, for trials. Null: never. The features must select it."
        ),
    ] = None
    rate_hz: Annotated[
        Positive | None,
        Meta(description="Frames per second of a camera that is not triggered. Null: as measured."),
    ] = None
    white_level: Annotated[
        WhiteLevel | None,
        Meta(
            description="The value that becomes 255 where pixels have more than 8 bits. Null: the largest of the pixel format."
        ),
    ] = None
    encoder_chunk: Annotated[
        ChunkName | None,
        Meta(description="Chunk with the count of the encoder, such as ChunkEncoderValue. Null: there is none."),
    ] = None
    part_chunk: Annotated[
        ChunkName | None,
        Meta(
            description="Chunk with the number of the trigger or of the sheet, such as ChunkCounterValue; it becomes `part`. Null: there is none."
        ),
    ] = None
    clock: Annotated[
        ClockName | None,
        Meta(
            description="What the camera's time stamps count: ticks since its start, ptp, or none to leave them out. Null: as its features say."
        ),
    ] = None
    buffers: Annotated[int, Meta(description="Frames that can be received before one is taken.", ge=4, le=1024)] = 32
    socket_buffer_frames: Annotated[
        int,
        Meta(
            description="Size of the socket's buffer, in frames; net.core.rmem_max must allow it.",
            ge=1,
            le=64,
        ),
    ] = 4
    packet_socket: Annotated[
        bool,
        Meta(
            description="Receive by a packet socket, which takes less time; needs CAP_NET_RAW. Only where the machine receives from no other camera: "
            "while Aravis opens one, such a socket takes packets of all of them, and frames of another camera would be judged as this one's."
        ),
    ] = False
    packet_size: Annotated[
        PacketBytes | None,
        Meta(
            description="Bytes of a packet, 9000 where the whole network has jumbo frames; never more than the interface takes. Null: the camera's.",
        ),
    ] = None
    packet_resend: Annotated[bool, Meta(description="Ask the camera for packets that are missing.")] = True
    packet_timeout_ms: Annotated[
        float, Meta(description="A packet that is this late is asked for again.", gt=0, le=1000)
    ] = 20.0
    frame_retention_ms: Annotated[
        float,
        Meta(
            description="A frame is given up as incomplete where no packet of it has come for so long.", gt=0, le=10_000
        ),
    ] = 100.0

    def __post_init__(self) -> None:
        """Raise ValueError where two keys choose the camera: only one would be looked at, and another camera could answer to it."""
        given = [name for name in ("serial", "address", "mac") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} each choose the camera; give one of them")
