"""Files in YAML: lines, recipes, bundles' manifests and thresholds, scales, data sets, trainings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from engines.bundle import INCLUDED, read_bundle
from engines.bundle.golden import parse_golden
from engines.data.description import find_source
from engines.distortion import Distortion
from engines.errors import BundleError, DataError, FileError, RecipeError
from engines.files.yaml_text import parse_yaml, yaml_text
from engines.operating_point import read_operating_point
from engines.scale import ScaleCard, read_scale, write_scale
from engines.training.read_recipe import read_recipe, recipe_text
from inspector.config.load import load_config, load_recipe
from inspector.errors import UserError
from tests.fuzz.limits import ROOT
from tests.fuzz.mutation import yaml_changed
from tests.fuzz.target import Target, parts_of, promised, require
from tests.fuzz.targets import scratch

_DEMO = INCLUDED / "demo"
_CLASSES = ("pitting", "inclusion", "scratches", "corrosion")
_LINE = b"""\
line: l1
cameras:
- name: top
  source: {kind: replay, path: frames, rate_hz: 5, loop: true, raw: {dtype: uint16, height: 2, width: 3}}
  scale: {mm_per_px_x: 0.4, mm_per_px_y: 0.4}
  travel_um_per_frame: 1000
- {name: bottom, source: {kind: simulator, seed: 3}, line_scan: {lines: 20, um_per_line: 50}}
deadline_ms: 100
bundle: demo
inference: {allow_cpu: true}
verdicts: {rules: [{class: scratches, min_area_mm2: 3, verdict: reject}]}
results: {endpoint: "ipc:///run/x", heartbeat_ms: 200}
journal: {path: j.sqlite, keep_days: 3}
"""
_PRODUCT = b"""\
description: thin
rules: [{verdict: scrap, min_area_px: 30}]
cameras: [{name: top, scale: {mm_per_px_x: 1e-1, mm_per_px_y: 0.2}}]
"""


def plain(data: bytes) -> None:
    """Any YAML: read, and written so that it is read alike."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return
    with promised(FileError):
        value = parse_yaml(text, "x.yaml")
        again = parse_yaml(yaml_text(value), "x.yaml")
        require(repr(again) == repr(value), "YAML that is written is read as something else")


def plain_seeds() -> Iterator[bytes]:
    """All that the reader knows."""
    yield b"a: &x [1, 1e-3, .inf, 2026-01-01, 'y', ~, true]\nb: *x\nc: |\n  text\n"
    yield b"a: &x {k: 1}\nb: {<<: *x, l: 0x1f}\nc: 2026-01-01 10:00:00 +01:00\n? q\n: >-\n  folded\n  text\n"


def _reader(file: str, error: type[Exception], read: Callable[[Path], object]) -> Callable[[bytes], None]:
    """Reads an input as a file of this name."""

    def run(data: bytes) -> None:
        path = scratch.put(f"{file.replace('.', '-')}/{file}", data)
        with promised(error):
            read(path)

    return run


def _seeds(*texts: bytes) -> Callable[[], Iterator[bytes]]:
    return lambda: iter(texts)


def _bundle(path: Path) -> None:
    point = path.parent / "operating_point.yaml"
    if not point.exists():
        point.write_bytes((_DEMO / point.name).read_bytes())
    bundle = read_bundle(path.parent)
    msgspec.json.encode(bundle.manifest)  # as `bundle show --json` does
    require(bundle.id.isprintable() and all(map(str.isprintable, bundle.classes)), "a name that steers a terminal")


def _manifest() -> bytes:
    text = (_DEMO / "bundle.yaml").read_text(encoding="utf-8")
    return re.sub(r"(?s)\ntraining:.*\nfiles:", "\ntraining: {a: 1}\nfiles:", text).encode()


def _point() -> bytes:
    lines = (_DEMO / "operating_point.yaml").read_text(encoding="utf-8").splitlines()
    return (
        "\n".join(line for line in lines if not line.lstrip().startswith("#")).encode()[:1500].rpartition(b"\n")[0]
        + b"\n"
    )


def _golden() -> bytes:
    return (_DEMO / "golden" / "golden.yaml").read_bytes()[:1200]


def _training() -> bytes:
    text = (ROOT / "configs" / "training" / "segmenter-resnet34.yaml").read_text(encoding="utf-8")
    return "\n".join(line.split(" #")[0] for line in text.splitlines() if not line.lstrip().startswith("#")).encode()


def training(data: bytes) -> None:
    """A recipe of a training, and a change to it from the command line."""
    text, *changes = parts_of(data, 2)
    path = scratch.put("training/recipe.yaml", text)
    with promised(RecipeError):
        recipe = read_recipe(path, [one.decode("utf-8", "surrogateescape") for one in changes])
        again = read_recipe(scratch.put("training/again.yaml", recipe_text(recipe).encode()))
        require(again == recipe, "a recipe that is written is read as another one")


def scale(data: bytes) -> None:
    """A scale as it is, and with the digest that it should have."""
    path = scratch.put("scale/scale.yaml", data)
    with promised(FileError):
        read_scale(path)
    with promised(FileError):
        tree = parse_yaml(data.decode("utf-8", "replace"), "x")
        if not isinstance(tree, dict):
            return
        try:
            card = msgspec.convert(tree | {"sha256": ""}, ScaleCard)
        except msgspec.ValidationError:
            return
        write_scale(card, path)
        require(
            read_scale(path) == msgspec.structs.replace(card, sha256=card.digest),
            "a scale that comes back as another one",
        )


def scale_seeds() -> Iterator[bytes]:
    """Without and with the distortion of a lens."""
    lens = Distortion(kind="radial", center_x_px=24.0, center_y_px=16.0, reach_px=30.0, k1=-0.01, k2=0.0)
    for name, distortion in (("flat", None), ("bent", lens)):
        card = ScaleCard(
            name=name,
            height=32,
            width=48,
            mm_per_px_x=0.4,
            mm_per_px_y=0.5,
            distortion=distortion,
            made={"date": "now"},
        )
        path = scratch.folder("scale-seed") / "scale.yaml"
        write_scale(card, path)
        yield path.read_bytes()


def _tokens(*texts: bytes) -> tuple[bytes, ...]:
    """The keys of good files, and what YAML is made of."""
    keys = dict.fromkeys(key for text in texts for key in re.findall(rb"[A-Za-z_]+:", text))
    return (
        *keys, b"- ", b"? ", b": ", b"{", b"}", b"[", b"]", b"&a ", b"*a", b"<<: *a", b"!!int ", b"!!timestamp ", b"!!bool ", b"!!binary ",
        b"!!python/object:os.system ", b"~", b".nan", b".inf", b"-1", b"0x1f", b"1:60:60", b"2026-13-45", b"9" * 40, b"|\n", b">\n", b"---\n",
        b"...\n", b"%YAML 9.9\n", rb'"\ud800"', rb'"\x1b[2J"', rb'"\0"', b"../x", b"~/x", b"${HOME}", b"\xef\xbb\xbf", b"\xc2\x85", b"[" * 70,
    )  # fmt: skip


_DATASET = b"""\
name: tiles
kind: masks
classes: [blowhole, crack]
images: images
mask_style: bitmask
size: [256, 512]
raw: {dtype: uint16, height: 256, width: 1600}
exclude: ["broken_*.png"]
"""


def _target(name: str, run: Callable[[bytes], None], *texts: bytes, longest: int = 1 << 12) -> Target:
    return Target(name, run, _seeds(*texts), _tokens(*texts), yaml_changed, longest=longest)


TARGETS = (
    Target("yaml", plain, plain_seeds, _tokens(), yaml_changed, longest=1 << 12),
    _target(
        "line_config",
        _reader("line.yaml", UserError, load_config),
        _LINE,
        (ROOT / "configs" / "demo.yaml").read_bytes()[:2000],
    ),
    _target("recipe", _reader("thin.yaml", UserError, lambda file: load_recipe(file.parent, file.stem)), _PRODUCT),
    _target("bundle_manifest", _reader("bundle.yaml", BundleError, _bundle), _manifest()),
    _target(
        "operating_point",
        _reader(
            "operating_point.yaml", BundleError, lambda file: msgspec.json.encode(read_operating_point(file, _CLASSES))
        ),
        _point(),
    ),
    _target(
        "golden_frames",
        _reader(
            "golden.yaml", BundleError, lambda file: parse_golden(file.read_bytes(), file, len(_CLASSES), 256 * 1600)
        ),
        _golden(),
    ),
    _target("data_set", _reader("dataset.yaml", DataError, find_source), _DATASET),
    _target("training_recipe", training, _training(), _training() + b"\n--8<--\nphases.0.epochs=2"),
    Target("scale", scale, scale_seeds, _tokens(), yaml_changed, longest=1 << 11),
)
