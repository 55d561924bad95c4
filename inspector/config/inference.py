"""Section ``inference``: which runtime runs the engines, how batches are formed, when the child counts as hung."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from inspector.config.section import AtLeastOne, Section

BatchSize = Annotated[int, Meta(ge=1, le=256)]


class InferenceConfig(Section, frozen=True, kw_only=True):
    """The inference child and its supervision."""

    runtime: Annotated[
        Literal["auto", "tensorrt", "torch", "openvino"],
        Meta(
            description="What runs the engines. tensorrt: a GPU, from plans that `inspector engines build` made; torch: a GPU, by torch; "
            "openvino: the CPU. auto: the first of these that works on this machine; the CPU only with allow_cpu."
        ),
    ] = "auto"
    allow_cpu: Annotated[
        bool,
        Meta(
            description="Whether runtime auto may use the CPU, which is many times slower, where no GPU can be used. "
            "Every `status` message then reports it. `inspector replay` and `bench` may always use the CPU."
        ),
    ] = False
    precision: Annotated[
        Literal["auto", "f32", "bf16"],
        Meta(
            description="Arithmetic of the CPU runtime. auto: bf16 where the CPU has it and the golden frames are right with it."
        ),
    ] = "auto"
    lanes: Annotated[
        AtLeastOne | None,
        Meta(
            description="Frames computed in parallel on the CPU, each with an equal share of the cores. Null: one for every two cores, so that "
            "a frame is done soon; in a replay without a rate one more than there are cores, for the most frames per second."
        ),
    ] = None
    max_batch: Annotated[
        BatchSize | None,
        Meta(
            description="Most frames in one batch. A batch is formed from the frames that wait, so a line with spare time has batches of one. "
            "Null: 8 on a GPU; 4 on a CPU, up to 16 where many frames wait and the engines take less than 0.5 ms for each.",
        ),
    ] = None
    gate_max_wait_us: Annotated[
        int,
        Meta(
            description="Longest time a partial batch of the gate waits for more frames, microseconds.",
            ge=0,
            le=1_000_000,
        ),
    ] = 0
    segmenter_max_wait_us: Annotated[
        int,
        Meta(
            description="Longest time that frames which the gate let through wait for more of them, to be segmented in one batch, microseconds.",
            ge=0,
            le=1_000_000,
        ),
    ] = 0
    in_flight: Annotated[
        AtLeastOne | None,
        Meta(
            description="Most frames with the child at a time; the others wait where the overload policy can still drop them. "
            "Null: as many as keep the device busy; where the engines are fast more, as far as these take 5 ms.",
        ),
    ] = None
    start_timeout_s: Annotated[
        float, Meta(description="Longest time the child may take to load and verify its engines.", gt=0)
    ] = 120.0
    stall_timeout_s: Annotated[
        float,
        Meta(
            description="Longest time without a result while frames are in flight; then the child counts as hung.", gt=0
        ),
    ] = 5.0
    standby_s: Annotated[
        float,
        Meta(
            description="How long the bundle that was replaced stays loaded; should the child of the new one fail meanwhile, it is put back.",
            ge=0,
            le=86_400,
        ),
    ] = 60.0
    restart_first_s: Annotated[float, Meta(description="Pause before the first restart of the child.", ge=0)] = 0.2
    restart_longest_s: Annotated[
        float, Meta(description="The pause doubles with each failure in a row, up to this.", gt=0)
    ] = 30.0
    max_restarts: Annotated[
        AtLeastOne | None,
        Meta(description="Failures in a row after which the child is given up. Null: never."),
    ] = None
