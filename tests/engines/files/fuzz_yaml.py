"""Altered texts through every reader of YAML: each is read, or refused in one line of the reader's own error, in little time.

`python -m tests.engines.files.fuzz_yaml --texts 20000` goes on for minutes; a few hundred texts are a part of the suite.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec

from engines.bundle import INCLUDED, read_bundle
from engines.bundle.golden import parse_golden
from engines.data.description import find_source
from engines.errors import BundleError, DataError, RecipeError
from engines.operating_point import read_operating_point
from engines.training.read_recipe import read_recipe
from inspector.config.load import load_config
from inspector.errors import UserError

ROOT = Path(__file__).parents[3]
DEMO = INCLUDED / "demo"
LONGEST_S = 20.0
"""For one text. Most take milliseconds; the largest that is read at all takes some seconds."""

TOKENS = (
    "", "~", "null", "true", "no", "0", "-1", "1", "1.5", "1e400", "-.inf", ".nan", "9" * 30, "9" * 5000, "0x" + "f" * 90, "1:60:60",
    "0.5", "[]", "{}", "[1, 2]", "{a: 1}", "a", "a b", "a" * 300, "a" * 5000, "2026-01-01", "2026-13-45", "2026-01-01 10:00:00 +99:99",
    "0001-01-01 00:00:00 +10:00", "!!int x", "!!bool x", "!!float x", "!!timestamp x", "!!binary aGk=", "!!binary ***", "!!set {a, b}",
    "!!omap [a: 1]", "!!pairs [a: 1]", "!!str 5", "!!python/object:os.system x", "!x y", "&a [*a]", "*a", "*none", "&a a", "<<: *a",
    r'"\0"', r'"\ud800"', r'"\x1b[2J"', r'"\n"', r'"\u202e"', r'"\u2028"', "'", '"', "|", ">", "- ", "? ", ": ", "#", "%YAML 9.9", "---",
    "...", "[" * 70 + "]" * 70, "[" * 3000, "{" * 3000, "../x", "/etc/passwd", "~/x", "~nobody/x", "${HOME}", "${NONE}", "\\", "\t", "=",
    "kind", "masks", "simulator", "\N{SNOWMAN}", "\x85", "\ufeff", "\x07", "-0", "+", "0o7", "1_000", "on", "y", "{1: 2}", "{[1]: 2}", "{2026-01-01: 2}",
)  # fmt: skip
"""What a scalar is replaced by, and what is put anywhere."""


@dataclass
class Reader:
    """One reader, valid texts for it, and the error it may raise."""

    name: str
    file: str
    texts: list[str]
    read: Callable[[Path], object]
    """Is given the file."""
    error: type[Exception]


@dataclass
class Found:
    """What came of the texts."""

    outcomes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest_s: float = 0.0


def readers() -> list[Reader]:
    """All of them, with the files that come with the program and small ones."""
    classes = ("pitting", "inclusion", "scratches", "corrosion")
    recipe = (ROOT / "configs" / "training" / "segmenter-resnet34.yaml").read_text(encoding="utf-8")
    manifest = (DEMO / "bundle.yaml").read_text(encoding="utf-8")
    small = re.sub(r"(?s)\ntraining:.*\nfiles:", "\ntraining: {a: 1}\nfiles:", manifest)
    return [
        Reader("line", "line.yaml", [_config("line"), _config("demo"), _LINE], load_config, UserError),
        Reader("bundle", "bundle.yaml", [small], lambda file: _bundle(file.parent), BundleError),
        Reader(
            "operating point",
            "operating_point.yaml",
            [_without_comments((DEMO / "operating_point.yaml").read_text(encoding="utf-8"))[:400]],
            lambda file: msgspec.json.encode(read_operating_point(file, classes)),
            BundleError,
        ),
        Reader(
            "golden frames",
            "golden.yaml",
            [(DEMO / "golden" / "golden.yaml").read_text(encoding="utf-8")],
            lambda file: parse_golden(file.read_bytes(), file, len(classes), 256 * 1600),
            BundleError,
        ),
        Reader("data set", "dataset.yaml", [_DATASET], find_source, DataError),
        Reader("recipe", "recipe.yaml", [_without_comments(recipe)], read_recipe, RecipeError),
    ]


def fuzz(texts: int, seed: int, folder: Path, tell: Callable[[str], None] = lambda _: None) -> Found:
    """Alter and read so many texts, in turn for every reader."""
    draw, found, all_readers = random.Random(seed), Found(), readers()
    for number in range(texts):
        reader = all_readers[number % len(all_readers)]
        data = altered(draw.choice(reader.texts), draw)
        place = folder / reader.name.replace(" ", "_")
        place.mkdir(exist_ok=True)
        (place / "operating_point.yaml").write_bytes((DEMO / "operating_point.yaml").read_bytes())
        (place / reader.file).write_bytes(data)
        _try(reader, partial(reader.read, place / reader.file), data, found)
        if reader.name == "recipe":
            change = f"{draw.choice(('seed', 'phases.0.epochs', 'optimiser', 'a.b'))}={_text(data[:200])}"
            _try(reader, partial(read_recipe, _RECIPE, [change]), data, found)
        if number % 1000 == 999:
            tell(f"{number + 1} texts, {len(found.failures)} failures")
    return found


def altered(text: str, draw: random.Random) -> bytes:
    """The text after one to three changes of its tokens, lines or bytes."""
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        text = draw.choice((_other_scalar, _other_scalar, _other_scalar, _put, _lines, _key))(text, draw)
    data = text.encode("utf-8", "surrogatepass")
    if draw.random() < 0.1 and data:
        place, byte = draw.randrange(len(data)), draw.randrange(256)
        data = draw.choice(
            (
                data[:place] + bytes([byte]) + data[place + 1 :],
                data[:place],
                data[:place] + data[place + 1 :],
                data + b"\xff",
            )
        )
    return data


def _other_scalar(text: str, draw: random.Random) -> str:
    places = list(re.finditer(r"(?<=[:\-,\[] )[^\n,\]{}]+", text)) or list(re.finditer(r"\w+", text))
    if not places:
        return draw.choice(TOKENS)
    one = draw.choice(places)
    return text[: one.start()] + draw.choice(TOKENS) + text[one.end() :]


def _put(text: str, draw: random.Random) -> str:
    place = draw.randint(0, len(text))
    return text[:place] + draw.choice(TOKENS) + text[place:]


def _lines(text: str, draw: random.Random) -> str:
    """A line twice, missing, elsewhere or deeper."""
    lines = text.split("\n")
    one, other = draw.randrange(len(lines)), draw.randrange(len(lines))
    how = draw.randrange(4)
    if how == 0:
        lines.insert(other, lines[one])
    elif how == 1:
        del lines[one]
    elif how == 2:
        lines[one], lines[other] = lines[other], lines[one]
    else:
        lines[one] = f"  {lines[one]}"
    return "\n".join(lines)


def _key(text: str, draw: random.Random) -> str:
    """Another key, or a value without its key."""
    places = list(re.finditer(r"\w+(?=:)", text))
    if not places:
        return text
    one = draw.choice(places)
    return text[: one.start()] + draw.choice((*TOKENS, one[0][:-1], one[0] + "s")) + text[one.end() :]


def _try(reader: Reader, read: Callable[[], object], data: bytes, found: Found) -> None:
    begun, told = time.monotonic(), ""
    try:
        read()
        found.outcomes[f"{reader.name}: read"] += 1
    except reader.error as error:
        found.outcomes[f"{reader.name}: refused"] += 1
        told = str(error)
        if not told.isprintable() or len(told) > 1500:
            found.failures.append(
                f"{reader.name}: its error is not one short printable line: {told[:300]!r} for {data!r}"
            )
    except Exception:
        found.failures.append(f"{reader.name}: {traceback.format_exc()[-600:]} for {data!r}")
    took_s = time.monotonic() - begun
    found.slowest_s = max(found.slowest_s, took_s)
    if took_s > LONGEST_S:
        found.failures.append(f"{reader.name}: took {took_s:.1f} s for {data[:500]!r}")


def _bundle(folder: Path) -> object:
    """What `inspector bundle show --json` prints of it."""
    bundle = read_bundle(folder)
    return msgspec.json.encode([bundle.manifest, bundle.operating_point, bundle.id, bundle.size_bytes()])


def _config(name: str) -> str:
    return _without_comments((ROOT / "configs" / f"{name}.yaml").read_text(encoding="utf-8"))


def _without_comments(text: str) -> str:
    return re.sub(r"(?m)^\s*#.*\n|\s+#.*$", "", text)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


_RECIPE = ROOT / "configs" / "training" / "segmenter-resnet34.yaml"
_LINE = """
line: l
cameras:
- {name: a, source: &s {kind: replay, path: [a.png, b.png], raw: {dtype: uint8}}, scale: {mm_per_px_x: 0.5, mm_per_px_y: 0.5}}
- {name: b, source: *s}
verdicts: {rules: [{class: a, verdict: scrap, min_area_px: 3}]}
keys: {secret_key: a, clients: b}
overload: wait
deadline_ms: null
"""
_DATASET = """
name: tiles
root: .
kind: masks
classes: [blowhole, crack]
images: images
mask_style: bitmask
groups: tile+found
exclude: ["broken_*.png"]
size: [256, 512]
"""


def main() -> int:
    """Exit status 1 where a text was not read and not refused as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = fuzz(arguments.texts, arguments.seed, Path(folder), print)
    for outcome, count in sorted(found.outcomes.items()):
        print(f"{outcome}: {count}")
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"slowest text {found.slowest_s:.2f} s, peak memory {peak_mib} MiB, {len(found.failures)} failures")
    for failure in found.failures[:20]:
        print(failure)
    return 1 if found.failures else 0


if __name__ == "__main__":
    sys.exit(main())
