"""The compiled modules: whether they are there, and how to get them."""

from __future__ import annotations

import importlib.metadata
import json
import os
import shlex
import shutil
import sys
import sysconfig
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from engines.files.compiled import WITHOUT
from inspector.doctor.finding import Finding, Section, Subject
from inspector.doctor.probing import Probed

MEASURING = Subject(Section.SOFTWARE, "Measuring")
SLOWER = "frames are checked and defects measured by numpy, which takes 2 to 12 times as long"


def measuring(probed: Probed) -> Finding:
    """Whether masks are measured by the compiled module; ``probed`` is what came of importing it."""
    if os.environ.get(WITHOUT) == "1":
        return MEASURING.note("not compiled", f"{SLOWER}: {WITHOUT}=1 is set; remove it from the environment")
    if probed.failure:
        return MEASURING.note(probed.failure, f"{SLOWER}; to compile it for this machine: {_remedy()}")
    if probed.facts.get("missing"):
        return MEASURING.note("not compiled", f"{SLOWER}; to compile it: {_remedy()}")
    return MEASURING.ok(
        "compiled", "frames are checked in one pass, and defects measured in one while other threads go on"
    )


def missing_for_compiling() -> list[str]:
    """What has to be there to compile the module and is not, as Debian's and Ubuntu's names of packages."""
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")[0]
    missing = [] if shutil.which(compiler) else ["gcc", "libc6-dev"]
    if not Path(sysconfig.get_path("include"), "Python.h").is_file():
        missing.append(f"python{sys.version_info.major}.{sys.version_info.minor}-dev")
    return missing


def _remedy() -> str:
    place, editable = _installed_from()
    if place.suffix == ".whl" or not place.name:
        return (
            "`python -m pip wheel --no-deps .` in a clone, where gcc and Python's headers are, and install that wheel "
            "with --force-reinstall --no-deps"
        )
    packages = missing_for_compiling()
    first = f"`apt-get install {' '.join(packages)}`, then " if packages else ""
    if editable:
        return f"{first}`python -m pip install --no-deps -e {shlex.quote(str(place))}`"
    # pip may have kept the wheel that it made without a compiler.
    return f"{first}`python -m pip install --no-deps --force-reinstall --no-cache-dir {shlex.quote(str(place))}`"


def _installed_from() -> tuple[Path, bool]:
    """The folder or file that this package was installed from, and whether it is used in that place; an empty path where that is not
    known. As pip notes it: https://packaging.python.org/en/latest/specifications/direct-url/"""
    for distribution in importlib.metadata.distributions(name="inspector"):
        if text := distribution.read_text("direct_url.json"):
            noted = json.loads(text)
            url = urlsplit(noted["url"])
            place = Path(url2pathname(url.path)) if url.scheme == "file" else Path()
            return place, bool(noted.get("dir_info", {}).get("editable"))
    return Path(), False
