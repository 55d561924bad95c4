"""``inspector engines``: TensorRT plans for a bundle's networks: build, list, verify, remove."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.cli.options import Limits, limits_of, number_option
from inspector.cli.output import tell
from inspector.config.inference import InferenceConfig

if TYPE_CHECKING:
    from engines.bundle import Bundle, Contents
    from engines.runtime.cuda.check_plans import PlanCheck
    from engines.tensorrt.build_bundle import PlanBuilder
    from engines.tensorrt.cache import PlanCache, VerifiedPlan
    from engines.tensorrt.library import Library
    from engines.tensorrt.target import Target

app = typer.Typer(
    no_args_is_help=True, help="TensorRT plans of a bundle's networks, for a GPU: build, list, verify, remove."
)

CacheOption = Annotated[
    Path | None,
    typer.Option(
        "--cache", metavar="DIR", help="Folder of the plans; default: INSPECTOR_CACHE, else your cache folder."
    ),
]
BatchOption = Annotated[
    int,
    number_option(
        "--max-batch",
        limits_of(InferenceConfig, "max_batch"),
        help="Most frames in one batch, at least the line's inference.max_batch.",
    ),
]
SomeBundle = Annotated[
    str | None,
    typer.Argument(metavar="BUNDLE", help="Only plans of this bundle: its directory, its name, or its id in the list."),
]


class Edition(str, Enum):
    """Which TensorRT."""

    TENSORRT = "tensorrt"
    TENSORRT_RTX = "tensorrt_rtx"


class Route(str, Enum):
    """What plans are built from."""

    ONNX = "onnx"
    TORCH_TENSORRT = "torch-tensorrt"


LibraryOption = Annotated[
    Edition | None, typer.Option(help="Which TensorRT builds; default: tensorrt, else tensorrt_rtx.")
]
RouteOption = Annotated[
    Route, typer.Option(help="From the bundle's ONNX, or from its trained weights by torch-tensorrt.")
]


@app.command()
def build(
    bundle: Annotated[
        str | None, typer.Argument(metavar="BUNDLE", help="Bundle directory, or the name of an included one.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", help="Build for the bundle and the batches of this line, in the place of BUNDLE."
        ),
    ] = None,
    if_needed: Annotated[
        bool,
        typer.Option("--if-needed", help="Do nothing where this machine has the plans, or the line runs without any."),
    ] = False,
    capability: Annotated[
        str | None,
        typer.Option(
            metavar="X.Y", help="Compute capability to build for, e.g. 8.9; default: that of this machine's GPU."
        ),
    ] = None,
    max_batch: BatchOption = 8,
    workspace_mib: Annotated[
        int,
        number_option(
            "--workspace-mib",
            Limits(1, 1 << 24, whole=True),
            help="Most device memory a layer may take as workspace, MiB.",
        ),
    ] = 1024,
    library: LibraryOption = None,
    route: RouteOption = Route.ONNX,
    gate: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="For torch-tensorrt: the gate's weights from which the bundle was built."),
    ] = None,
    segmenter: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="For torch-tensorrt: the segmenter's weights from which the bundle was built."
        ),
    ] = None,
    cache: CacheOption = None,
) -> None:
    """Build the plans of both networks for the GPU of this machine, or ahead of time for another one.

    A plan for the GPU of this machine must agree with the bundle's golden
    frames, or it is not stored. TensorRT builds for the GPU it runs on only;
    TensorRT-RTX can also build for another GPU, on a machine without one.

    Example: `inspector engines build demo --capability 8.9`
    """
    from engines.bundle import read_contents
    from engines.tensorrt.build_bundle import BundleBuild
    from engines.tensorrt.library import open_library
    from engines.tensorrt.target import find_target
    from inspector.cli.engines_needed import wanted, why_not_needed
    from inspector.cli.engines_output import agreement_line, built_line, duration, tell_where, unchecked_line
    from inspector.cli.progress import phases
    from inspector.errors import UserError

    _require_sense(capability, route, gate, segmenter)
    if if_needed and capability is not None:
        raise UserError("--if-needed: is for the GPU of this machine; leave --capability out")
    plans = _cache(cache)
    if not if_needed:
        plans.require_writable()
    one = wanted(bundle, config, max_batch)
    if if_needed:
        if why_not := why_not_needed(one, plans):
            tell(f"nothing to build: {why_not}")
            return
        plans.require_writable()
    found = read_contents(one.bundle)
    target = find_target(open_library(library.value if library else None), capability)
    builder = _torch_plan_builder(found, gate, segmenter, target) if gate and segmenter else None
    bundle_build = BundleBuild(
        found, target, plans, _check, max_batch=one.max_batch, workspace_mib=workspace_mib, builder=builder
    )
    for network in bundle_build.networks:
        takes = duration(bundle_build.last_build_seconds(network), target.library.builds_ahead_of_time)
        with phases(network, f"building for {target.capability} with {target.library.name}, {takes}") as progress:
            built = bundle_build.build(network, progress)
        tell(built_line(built.metadata, len(built.data)))
    with phases("golden frames", f"running those of {found.bundle.id}") if target.gpu else nullcontext():
        stored = bundle_build.store()
    tell(agreement_line(stored.check) if stored.check else unchecked_line(target.capability))
    tell_where(plans)


def _require_sense(capability: str | None, route: Route, gate: Path | None, segmenter: Path | None) -> None:
    """Refuse options that contradict each other. Raises UserError."""
    from inspector.errors import UserError

    if route is Route.ONNX and (gate or segmenter):
        raise UserError(
            "--gate, --segmenter: weights are for --route torch-tensorrt; the other route takes the bundle's ONNX"
        )
    if capability is not None and not re.fullmatch(r"\d{1,2}\.\d", capability):
        raise UserError(f"--capability: {capability!r} is no compute capability; expected one as 8.9")
    if route is Route.TORCH_TENSORRT and (gate is None or segmenter is None):
        raise UserError("--route torch-tensorrt: needs --gate and --segmenter, the weights the bundle was built from")


def _check(contents: Contents, library: Library, plans: Mapping[str, VerifiedPlan], max_batch: int) -> PlanCheck:
    """See `engines.runtime.cuda.check_plans`. Raises UserError where plans do not agree with the golden frames, or cannot be run."""
    from engines.errors import EngineError
    from engines.runtime.cuda.check_plans import check_plans
    from inspector.cli.remedies import with_remedy_for_a_build
    from inspector.errors import UserError

    try:
        return check_plans(contents, library, plans, max_batch)
    except EngineError as error:
        raise UserError(with_remedy_for_a_build(error)) from None


@app.command("list")
def list_plans(
    max_batch: BatchOption = 8,
    cache: CacheOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON for scripts, with everything that is known of each plan.")
    ] = False,
) -> None:
    """List the plans, and show which of them the GPU of this machine would run."""
    from engines.tensorrt.inventory import list_plans as list_cached_plans
    from engines.tensorrt.machine import this_machine
    from inspector.cli.engines_output import print_plans_json, print_table

    plans, machine = _cache(cache), this_machine()
    cached, damaged = list_cached_plans(plans, None if isinstance(machine, str) else machine, max_batch)
    (print_plans_json if as_json else print_table)(plans, machine, cached, damaged)


@app.command()
def verify(bundle: SomeBundle = None, max_batch: BatchOption = 8, cache: CacheOption = None) -> None:
    """Verify that plans have not changed since they were stored.

    With BUNDLE, and a GPU in this machine, also run its golden frames.

    Exit status: 0 all plans can be used, 1 one cannot, or BUNDLE has none.
    """
    from engines.errors import EngineError
    from inspector.cli.engines_output import name_of
    from inspector.cli.remedies import with_remedy

    plans = _cache(cache)
    paths, found = _selected(plans, bundle)
    wrong = 0
    for path in paths:
        try:
            tell(f"sound: {name_of(plans.verify(path)[0].metadata)}")
        except EngineError as error:
            wrong += 1
            tell(f"wrong: {with_remedy(error)}")
    if not paths:
        tell(f"no plans{f' of {bundle}' if bundle else ''} in {plans.folder}")
        wrong += bundle is not None
    if wrong or (found and not _golden_agree(found, plans, max_batch)):
        raise typer.Exit(1)


@app.command()
def clean(
    bundle: SomeBundle = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    cache: CacheOption = None,
) -> None:
    """Remove the plans of BUNDLE, or all.

    They can be built again, but a running line needs its plans whenever
    it starts its engines again. Without BUNDLE this also removes the
    timing caches, which make the next build faster.
    """
    from engines.files.text import printable
    from engines.tensorrt.timing_cache import remove_timing_caches
    from inspector.cli.engines_output import name_of_file
    from inspector.errors import UserError

    plans = _cache(cache)
    paths, _ = _selected(plans, bundle)
    what = f"{len(paths)} plan{'s' * (len(paths) != 1)}{f' of {bundle}' if bundle else ''}"
    if paths and not yes:
        if not sys.stdin.isatty():
            raise UserError(f"engines clean: would remove {what} from {plans.folder}; add --yes")
        typer.confirm(printable(f"Remove {what} from {plans.folder}?"), abort=True)
    for path in paths:
        tell(name_of_file(plans, path))
    freed = plans.remove(paths) + (0 if bundle else remove_timing_caches(plans.folder))
    tell(f"{what} removed from {plans.folder}, {freed / 1e6:.1f} MB")


def _torch_plan_builder(contents: Contents, gate: Path, segmenter: Path, target: Target) -> PlanBuilder:
    from engines.export.torch_tensorrt import TorchPlanBuilder

    return TorchPlanBuilder(contents, gate, segmenter, target.library)


def _cache(folder: Path | None) -> PlanCache:
    from engines.files.looking import expanded
    from engines.tensorrt.cache import PlanCache

    return PlanCache(expanded(folder, "--cache")) if folder else PlanCache.default()


def _selected(plans: PlanCache, bundle: str | None) -> tuple[list[Path], Bundle | None]:
    """The plans of a bundle, or all; and the bundle itself, unless `bundle` is the id of a bundle that is not here any more."""
    from engines.bundle import find_bundle, read_bundle
    from engines.errors import BundleError
    from engines.tensorrt.inventory import plans_of, plans_of_id

    if bundle is None:
        return plans.plans(), None
    if of_id := plans_of_id(plans, bundle):
        return of_id, None
    try:
        found = read_bundle(find_bundle(bundle))
    except BundleError as error:
        raise BundleError(f"{error}; or the id of a bundle in `inspector engines list`") from None
    return plans_of(plans, found), found


def _golden_agree(bundle: Bundle, plans: PlanCache, max_batch: int) -> bool:
    """Run the golden frames through the plans a line would load here, and print the result. False where they do not agree."""
    from engines.bundle import read_contents
    from engines.errors import EngineError
    from engines.runtime.cuda.check_plans import check_plans
    from engines.tensorrt.machine import this_machine
    from inspector.cli.engines_output import agreement_line
    from inspector.cli.remedies import with_remedy

    machine = this_machine()
    if isinstance(machine, str):
        tell(f"golden frames were not run: {machine}")
        return True
    try:
        found = machine.find_plans(bundle, max_batch, plans)
        check = check_plans(read_contents(bundle), machine.library, found, max_batch)
    except EngineError as error:
        tell(f"wrong: {with_remedy(error)}")
        return False
    tell(agreement_line(check))
    return True
