"""From torch to a TensorRT plan without ONNX, for those who live in torch: torch_tensorrt turns the program into a network definition.

What is done with that is the same as with one parsed from ONNX, and so is the plan: strongly typed, inputs and outputs by the same
names, one profile of batches, the runtime's own GPU or one that is named. `convert_exported_program_to_serialized_trt_engine` would
call the outputs `output0`, `output1` and build for the GPU here alone, so its steps are taken one by one as far as the network.

Needs the training extra, a torch that is built with CUDA, and beside it, of torch's own version, torch-tensorrt (the library is then
tensorrt, and the GPU has to be here) or torch-tensorrt-rtx (tensorrt_rtx, no GPU has to be here). It decides which version of the
library builds, and only that one runs the plan: torch-tensorrt-rtx 2.13 brings tensorrt_rtx 1.5, 2.14 brings 1.6.
"""

from __future__ import annotations

import importlib
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from engines.bundle import Bundle
from engines.errors import EngineError
from engines.tensorrt.library import Library
from engines.tensorrt.log import logger
from engines.tensorrt.monitor import Told
from engines.tensorrt.plan import Plan, Wanted, serialize, silent

OUTPUTS = {
    "gate": {"score": "FLOAT"},
    "segmenter": {"mask": "UINT8", "pixels": "INT32", "scores": "FLOAT"},
}
"""Of each network, in the order in which the program gives them, with TensorRT's name of their type."""
_NEEDED = ("torch", "torchvision", "timm", "segmentation_models_pytorch")
_BATCHES = (1, 2, 1024)
"""What the network definition is made for; the plan's profile narrows it."""


class TorchRoute:
    """Builds a bundle's plans from the files of trained weights that it was built from."""

    def __init__(self, bundle: Bundle, gate: Path, segmenter: Path, library: Library) -> None:
        """Raises EngineError: something is missing or does not fit, or the weights do not answer, in torch, as the bundle's golden
        frames say; DataError: a file holds no weights, or those of other frames or classes."""
        self._library = library
        self._torch_tensorrt = _open(library)
        self._programs: Any = importlib.import_module("engines.export.program")
        self._graphs = dict(zip(OUTPUTS, self._programs.read_graphs(bundle, gate, segmenter), strict=True))
        self._height, self._width = bundle.height, bundle.width

    def build(self, network: str, wanted: Wanted, told: Told = silent, timings: bytes = b"") -> Plan:
        """Build the plan of `gate` or `segmenter`. Raises EngineError as `engines.tensorrt.plan.build_plan` does."""
        library = self._library
        library.require_target(wanted.capability, wanted.here)
        first = library.api.Builder(logger(library.api))  # TensorRT keeps to the first log: ours, not torch_tensorrt's
        with _quiet():
            interpreter = self._interpret(network)
        definition = interpreter.ctx.net
        _finish_outputs(library.api, definition, OUTPUTS[network])
        del first
        return serialize(library, interpreter.builder, definition, wanted, told, timings, name=network)

    def _interpret(self, network: str) -> Any:
        """torch_tensorrt's interpreter after its work: it holds the network definition, its builder and the weights."""
        program = self._programs.half_program(self._graphs[network], self._height, self._width)
        try:
            return _convert(self._torch_tensorrt, program)
        except Exception as error:  # a converter may stumble in any way
            lines = str(error).strip().splitlines() or [type(error).__name__]
            version = self._torch_tensorrt.__version__
            raise EngineError(
                f"{network}: torch_tensorrt {version} cannot take it ({lines[0][:200]}); build it from the bundle's ONNX"
            ) from None


def _open(library: Library) -> Any:
    """The module torch_tensorrt. Raises EngineError."""
    if find_spec("torch_tensorrt") is None:
        package = "torch-tensorrt-rtx" if library.builds_ahead else "torch-tensorrt"
        raise EngineError(
            f"torch_tensorrt: is not installed; pip install {package} of the version that torch has, or build from the bundle's ONNX"
        )
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        raise EngineError(
            f"the training extra is not installed ({', '.join(missing)} missing); pip install 'inspector[training]'"
        )
    torch = importlib.import_module("torch")
    if torch.version.cuda is None:
        raise EngineError(
            f"torch {torch.__version__}: is built without CUDA, and torch_tensorrt does not load beside it; install one that is"
        )
    try:
        with _quiet(), _asked_without_gpu(torch.cuda):
            opened = importlib.import_module("torch_tensorrt")
    except Exception as error:  # of any kind: it looks for libraries, versions and devices while it is imported
        told = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
        raise EngineError(
            f"torch_tensorrt: is installed but does not load ({told}); install the one for torch {torch.__version__}"
        ) from None
    builds_with = "tensorrt_rtx" if opened.ENABLED_FEATURES.tensorrt_rtx else "tensorrt"
    if builds_with != library.name:
        raise EngineError(
            f"torch_tensorrt {opened.__version__}: builds with {builds_with}, not with {library.name}; "
            f"choose {builds_with}, or install the other of torch-tensorrt and torch-tensorrt-rtx instead"
        )
    return opened


def _convert(torch_tensorrt: Any, program: Any) -> Any:
    torch = importlib.import_module("torch")
    conversion = importlib.import_module("torch_tensorrt.dynamo.conversion")
    lowering = importlib.import_module("torch_tensorrt.dynamo.lowering")
    settings = importlib.import_module("torch_tensorrt.dynamo").CompilationSettings(
        device=torch_tensorrt.Device(gpu_id=0), require_full_compilation=True
    )
    program = lowering.pre_export_lowering(program, settings).run_decompositions(_decompositions(torch, lowering))
    module = lowering.post_lowering(program.module(), settings)
    _leave_last_cast(torch, module)
    inputs = [_input(torch_tensorrt, node) for node in module.graph.nodes if node.op == "placeholder"]
    interpreter = conversion.TRTInterpreter(module, inputs, compilation_settings=settings)
    torch.fx.Interpreter.run(interpreter)  # its own `run` would go on to build, and to load the engine on the GPU here
    return interpreter


def _decompositions(torch: Any, lowering: Any) -> dict[Any, Any]:
    """torch_tensorrt's, but for activations that would be computed in float32 between two casts."""
    aten = torch.ops.aten
    table = dict(lowering.get_decompositions())
    for known in (aten.hardtanh.default, aten.hardsigmoid.default):  # to TensorRT as well
        table.pop(known, None)
    table[aten.hardswish.default] = lambda x: x * aten.hardsigmoid.default(x)
    return table


def _leave_last_cast(torch: Any, module: Any) -> None:
    """Take out casts to uint8, which there is no converter for: an output gets its type from `_finish_outputs`."""
    for node in module.graph.find_nodes(op="call_function", target=torch.ops.aten._to_copy.default):
        if node.kwargs.get("dtype") == torch.uint8 and all(user.op == "output" for user in node.users):
            node.replace_all_uses_with(node.args[0])
            module.graph.erase_node(node)
    module.recompile()


def _input(torch_tensorrt: Any, node: Any) -> Any:
    given = node.meta["val"]
    first, *rest = given.shape
    if isinstance(first, int):
        return torch_tensorrt.Input(shape=(first, *rest), dtype=given.dtype)
    least, usual, most = ((batch, *rest) for batch in _BATCHES)
    return torch_tensorrt.Input(min_shape=least, opt_shape=usual, max_shape=most, dtype=given.dtype)


def _finish_outputs(api: Any, definition: Any, outputs: dict[str, str]) -> None:
    """Give the outputs their types and names."""
    given = [definition.get_output(number) for number in range(definition.num_outputs)]
    for tensor, (name, kind) in zip(given, outputs.items(), strict=True):
        wanted = getattr(api.DataType, kind)
        if tensor.dtype == wanted:
            tensor.name = name
            continue
        definition.unmark_output(tensor)
        cast = definition.add_cast(tensor, wanted).get_output(0)
        cast.name = name
        definition.mark_output(cast)


@contextmanager
def _asked_without_gpu(cuda: Any) -> Iterator[None]:
    """While torch_tensorrt is imported it asks torch for the GPU, to tell a Jetson from others; without a GPU that would raise."""
    if cuda.is_available():
        yield
        return
    asked = cuda.get_device_capability, cuda.current_device
    cuda.get_device_capability, cuda.current_device = lambda *_: (0, 0), lambda: 0
    try:
        yield
    finally:
        cuda.get_device_capability, cuda.current_device = asked


@contextmanager
def _quiet() -> Iterator[None]:
    """torch and torch_tensorrt log and warn of much that is no concern of who builds a plan; errors are raised."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
