"""Which runtime ``inference.runtime`` selects here and why, and whether its plans are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspector.doctor.finding import Finding, Section, State, Subject
from inspector.doctor.probing import Probed

if TYPE_CHECKING:
    from engines.bundle import Bundle
    from inspector.config.inference import InferenceConfig

CPU = "openvino, on the CPU"
Told = tuple[State, str, str]
"""State, what was found, advice."""


def usual_runtime(runtime: Probed, torch: Probed) -> Finding:
    """What ``inference.runtime: auto`` selects here; ``runtime`` and ``torch`` are results of probes."""
    if runtime.failure:
        state, found, advice = _not_looked_at(runtime)
    else:
        why_not = _why_not(runtime.facts)
        state, found, advice = _on_the_gpu("auto", runtime.facts, torch, why_not) or (
            State.NOTE,
            CPU,
            f"{_reason(why_not)}; a line uses the CPU only with inference.allow_cpu: true",
        )
    return Subject(Section.GPU, "Runtime").finding(state, found, advice)


def runtime_of_a_line(config: InferenceConfig, runtime: Probed, torch: Probed) -> Finding:
    """What this line's ``inference.runtime`` selects here; where that is nothing, the line cannot run."""
    return Subject(Section.LINE, "Runtime", needed=True).finding(*_of_a_line(config, runtime, torch))


def _of_a_line(config: InferenceConfig, runtime: Probed, torch: Probed) -> Told:
    asked = config.runtime
    if asked == "openvino":
        return State.OK, CPU, "as inference.runtime says; auto takes a GPU where one can be used"
    if runtime.failure:
        return _not_looked_at(runtime)
    why_not = _why_not(runtime.facts)
    if told := _on_the_gpu(asked, runtime.facts, torch, why_not):
        return told
    if asked != "auto":
        return State.WRONG, f"no {asked} here", f"{why_not[asked]}; or use inference.runtime: auto"
    if config.allow_cpu:
        return State.NOTE, CPU, f"{_reason(why_not)}; a GPU is many times faster"
    return State.WRONG, "no GPU to use", f"{_reason(why_not)}; with inference.allow_cpu: true the line uses the CPU"


def _on_the_gpu(asked: str, facts: dict[str, Any], torch: Probed, why_not: dict[str, str]) -> Told | None:
    """The runtime on the GPU that is taken, in the order in which the engines look for one; None where there is none."""
    if asked != "torch" and not why_not["tensorrt"]:
        library = f"{facts['library']['name']} {facts['library']['version']}"
        return State.OK, f"tensorrt, on {facts['gpu']['name']}", f"{library} runs what `inspector engines build` made"
    if asked == "tensorrt" or why_not["torch"]:
        return None
    if torch.failure or not torch.facts.get("cuda"):
        built = torch.failure or "it is built without CUDA"
        advice = "install one for this GPU (see PyTorch above), or set inference.runtime: openvino for the CPU"
        return State.WRONG, f"torch, which cannot use {facts['gpu']['name']}: {built}", advice
    state, advice = State.OK, "as inference.runtime says"
    if asked == "auto":
        state, advice = State.NOTE, f"TensorRT would be faster: {why_not['tensorrt']}"
    return state, f"torch, on {facts['gpu']['name']}", advice


def _why_not(facts: dict[str, Any]) -> dict[str, str]:
    """By runtime, why it cannot be taken; empty where it can."""
    return {name: facts[f"why_not_{name}"] if facts["gpu"] else facts["no_gpu"] for name in ("tensorrt", "torch")}


def _reason(why_not: dict[str, str]) -> str:
    return "; ".join(dict.fromkeys(why_not.values()))


def _not_looked_at(runtime: Probed) -> Told:
    return State.NOTE, "not looked at", f"first repair {runtime.failure}"


def takes_plans(config: InferenceConfig, runtime: Probed) -> bool:
    """Whether this line runs on TensorRT here."""
    facts = runtime.facts
    return config.runtime in ("auto", "tensorrt") and bool(facts.get("gpu")) and not facts["why_not_tensorrt"]


def plans_of_a_line(bundle: Bundle, config: InferenceConfig, runtime: Probed) -> Finding:
    """Whether the plans this line loads are in this user's cache, as they were stored."""
    from engines.errors import EngineError, PlanKeyError
    from engines.gpu import Gpu
    from engines.tensorrt.build_plan import DEFAULT_MAX_BATCH
    from engines.tensorrt.cache import PlanCache
    from engines.tensorrt.library import Library
    from engines.tensorrt.machine import Machine

    library = Library(runtime.facts["library"]["name"], runtime.facts["library"]["version"], None)
    machine = Machine(Gpu(**runtime.facts["gpu"]), library)
    subject = Subject(Section.LINE, "Plans", needed=True)
    try:
        cache = PlanCache.default()
    except EngineError as error:
        return subject.wrong(str(error), "the line would not find its plans")
    max_batch = config.max_batch or DEFAULT_MAX_BATCH
    state, advice = State.OK, "they match their keyed digests; another user who runs the line needs plans of their own"
    try:
        plans = machine.find_plans(bundle, max_batch, cache)
        found = (
            f"{' and '.join(plans)} in {cache.folder}, {sum(len(plan.data) for plan in plans.values()) / 1e6:.1f} MB"
        )
    except EngineError as error:
        state, found = State.WRONG, str(error)
        larger = f" --max-batch {max_batch}" if max_batch > DEFAULT_MAX_BATCH else ""
        first = f"remove {cache.folder}, then " if isinstance(error, PlanKeyError) and error.known_to_others else ""
        advice = f"{first}`inspector engines build {bundle.path}{larger}`, as the user who runs the line"
    return subject.finding(state, found, advice)
