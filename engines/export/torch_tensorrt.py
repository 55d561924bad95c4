"""Trained weights to TensorRT plans without ONNX: torch_tensorrt turns the torch program into a network definition.

The rest is the same as for a network that was parsed from ONNX, and so is the plan: strongly typed, inputs and outputs with the same
names, one optimization profile, for the GPU of this machine or for one that is named. torch_tensorrt's own
`convert_exported_program_to_serialized_trt_engine` would call the outputs `output0`, `output1` and build for the GPU of this machine
only, so its steps are called one by one as far as the network definition.

Needs the training extra with a torch that is built for CUDA, and in the version of that torch either torch-tensorrt (it builds with
tensorrt, and needs the GPU) or torch-tensorrt-rtx (it builds with tensorrt_rtx, and needs no GPU). That package decides which version of
the library builds, and only the same version runs the plan: torch-tensorrt-rtx 2.13 brings tensorrt_rtx 1.5, 2.14 brings 1.6.
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

from engines.bundle import Contents
from engines.errors import EngineError
from engines.tensorrt.build_plan import BuildProfile, SerializedPlan, serialize_network
from engines.tensorrt.library import Library
from engines.tensorrt.log import logger
from engines.tensorrt.progress import Progress, no_progress

OUTPUTS = {
    "gate": {"score": "FLOAT"},
    "segmenter": {"mask": "UINT8", "pixels": "INT32", "scores": "FLOAT"},
}
"""Outputs of each network in the order in which the torch program returns them, with TensorRT's name of their data type."""
_NEEDED = ("torch", "torchvision", "timm", "segmentation_models_pytorch")
_BATCHES = (1, 2, 1024)
"""Batches that the network definition is made for (least, usual, most); the plan's optimization profile narrows them."""


class TorchPlanBuilder:
    """Builds a bundle's plans from the files of trained weights that the bundle was built from."""

    def __init__(self, contents: Contents, gate: Path, segmenter: Path, library: Library) -> None:
        """Raises EngineError: a package is missing or does not fit, or the weights in torch do not answer as the bundle's golden frames
        say; DataError: a file holds no weights, or those of other frames or classes."""
        self._library = library
        self._torch_tensorrt = _open(library)
        # Imported late, as it needs torch, and `_open` says in one line what is missing.
        from engines.export import program

        self._half_program = program.half_program
        self._graphs: dict[str, Any] = dict(zip(OUTPUTS, program.read_graphs(contents, gate, segmenter), strict=True))
        self._height, self._width = contents.bundle.height, contents.bundle.width

    def build(
        self, network: str, profile: BuildProfile, progress: Progress = no_progress, timing_cache: bytes = b""
    ) -> SerializedPlan:
        """Build the plan of `gate` or `segmenter`. Raises EngineError as `engines.tensorrt.build_plan.build_plan` does."""
        library = self._library
        library.require_capability(profile.capability, profile.local_capability)
        first = library.api.Builder(logger(library.api))  # TensorRT keeps the first logger: ours, not torch_tensorrt's
        with _quiet():
            interpreter = self._interpret(network)
        definition = interpreter.ctx.net
        _finish_outputs(library.api, definition, OUTPUTS[network])
        del first
        return serialize_network(
            library, interpreter.builder, definition, profile, progress, timing_cache, name=network
        )

    def _interpret(self, network: str) -> Any:
        """torch_tensorrt's interpreter after its work: it holds the network definition, its builder and the weights."""
        program = self._half_program(self._graphs[network], self._height, self._width)
        try:
            return _convert(self._torch_tensorrt, program)
        except Exception as error:  # a converter may fail in any way
            lines = str(error).strip().splitlines() or [type(error).__name__]
            version = self._torch_tensorrt.__version__
            raise EngineError(
                f"{network}: torch_tensorrt {version} cannot take it ({lines[0][:200]}); build it from the bundle's ONNX"
            ) from None


def _open(library: Library) -> Any:
    """Import torch_tensorrt. Raises EngineError."""
    if find_spec("torch_tensorrt") is None:
        package = "torch-tensorrt-rtx" if library.builds_ahead_of_time else "torch-tensorrt"
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
        with _quiet(), _importable_without_gpu(torch.cuda):
            opened = importlib.import_module("torch_tensorrt")
    except Exception as error:  # of any kind: it looks for libraries, versions and devices while it is imported
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
        raise EngineError(
            f"torch_tensorrt: is installed but does not load ({reason}); install the one for torch {torch.__version__}"
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
    torch.fx.Interpreter.run(interpreter)  # its own `run` would also build the engine, and load it onto the GPU
    return interpreter


def _decompositions(torch: Any, lowering: Any) -> dict[Any, Any]:
    """torch_tensorrt's table, without the entries by which activations would be computed in float32 between two casts."""
    aten = torch.ops.aten
    table = dict(lowering.get_decompositions())
    for native in (aten.hardtanh.default, aten.hardsigmoid.default):  # TensorRT has them
        table.pop(native, None)
    table[aten.hardswish.default] = lambda x: x * aten.hardsigmoid.default(x)
    return table


def _leave_last_cast(torch: Any, module: Any) -> None:
    """Remove casts to uint8, which torch_tensorrt cannot convert; `_finish_outputs` gives the outputs their data type."""
    for node in module.graph.find_nodes(op="call_function", target=torch.ops.aten._to_copy.default):
        if node.kwargs.get("dtype") == torch.uint8 and all(user.op == "output" for user in node.users):
            node.replace_all_uses_with(node.args[0])
            module.graph.erase_node(node)
    module.recompile()


def _input(torch_tensorrt: Any, node: Any) -> Any:
    tensor = node.meta["val"]
    batch, *rest = tensor.shape
    if isinstance(batch, int):
        return torch_tensorrt.Input(shape=(batch, *rest), dtype=tensor.dtype)
    least, usual, most = ((size, *rest) for size in _BATCHES)
    return torch_tensorrt.Input(min_shape=least, opt_shape=usual, max_shape=most, dtype=tensor.dtype)


def _finish_outputs(api: Any, definition: Any, outputs: dict[str, str]) -> None:
    """Give the outputs their names and data types."""
    tensors = [definition.get_output(number) for number in range(definition.num_outputs)]
    for tensor, (name, type_name) in zip(tensors, outputs.items(), strict=True):
        dtype = getattr(api.DataType, type_name)
        if tensor.dtype == dtype:
            tensor.name = name
            continue
        definition.unmark_output(tensor)
        cast = definition.add_cast(tensor, dtype).get_output(0)
        cast.name = name
        definition.mark_output(cast)


@contextmanager
def _importable_without_gpu(cuda: Any) -> Iterator[None]:
    """While it is imported, torch_tensorrt asks torch for the GPU, to recognize a Jetson; without a GPU that would raise."""
    if cuda.is_available():
        yield
        return
    original = cuda.get_device_capability, cuda.current_device
    cuda.get_device_capability, cuda.current_device = lambda *_: (0, 0), lambda: 0
    try:
        yield
    finally:
        cuda.get_device_capability, cuda.current_device = original


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the log messages and warnings of torch and torch_tensorrt, which say nothing to a user; errors are raised."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
