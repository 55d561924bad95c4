"""Section ``inference``: which runtime runs the engines, how batches form, when the child counts as hung."""

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
            "openvino: the CPU. auto: the first of these that this machine can use, the CPU only with allow_cpu."
        ),
    ] = "auto"
    allow_cpu: Annotated[
        bool,
        Meta(
            description="Whether runtime auto may fall to the CPU, many times slower, where no GPU can be used. "
            "Every `status` message then says so. `inspector replay` and `bench` may use it in any case."
        ),
    ] = False
    precision: Annotated[
        Literal["auto", "f32", "bf16"],
        Meta(description="Arithmetic of the CPU runtime. auto: bf16 where the CPU has it and the golden frames agree."),
    ] = "auto"
    lanes: Annotated[
        AtLeastOne | None,
        Meta(
            description="Frames computed side by side on the CPU, which share the cores evenly. Null: one for every two cores."
        ),
    ] = None
    max_batch: Annotated[
        BatchSize | None,
        Meta(
            description="Most frames in one batch. A batch forms from what waits, so that a line with time to spare has batches of one. "
            "Null: 8 on a GPU, 4 on a CPU.",
        ),
    ] = None
    gate_max_wait_us: Annotated[
        int,
        Meta(
            description="Longest a partial batch of the gate waits for more frames, microseconds.", ge=0, le=1_000_000
        ),
    ] = 0
    segmenter_max_wait_us: Annotated[
        int,
        Meta(
            description="Longest that frames which the gate let through wait for each other, to be segmented in one batch, microseconds.",
            ge=0,
            le=1_000_000,
        ),
    ] = 0
    in_flight: Annotated[
        AtLeastOne | None,
        Meta(
            description="Most frames handed to the child at a time; the rest wait where the overload policy can reach them. "
            "Null: enough to keep every lane busy.",
        ),
    ] = None
    start_timeout_s: Annotated[
        float, Meta(description="Longest the child may take to load and verify its engines.", gt=0)
    ] = 120.0
    stall_timeout_s: Annotated[
        float, Meta(description="With frames in flight, longest the child may go without an answer.", gt=0)
    ] = 5.0
    restart_first_s: Annotated[float, Meta(description="Pause before the first restart of the child.", ge=0)] = 0.2
    restart_longest_s: Annotated[
        float, Meta(description="The pause doubles with each failure in a row, up to this.", gt=0)
    ] = 30.0
    max_restarts: Annotated[
        AtLeastOne | None,
        Meta(description="Failures in a row after which the child is given up. Null: never."),
    ] = None
