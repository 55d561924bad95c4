"""What an installation brings is what docs/installation.md says."""

from __future__ import annotations

import configparser
import re
from importlib.metadata import distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.installed import sizes
from tests.installed.install import ROOT

DOCUMENT = (ROOT / "docs/installation.md").read_text(encoding="utf-8")


def test_no_package_comes_along_that_the_document_does_not_name() -> None:
    """A new version of a requirement may require more than the one before."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    texts = setup["options"]["install_requires"] + setup["options.extras_require"]["line"]
    wanted = [Requirement(line) for line in texts.strip().splitlines()]
    found: set[str] = set()
    while wanted:
        requirement = wanted.pop()
        name = canonicalize_name(requirement.name)
        if name not in found and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            found.add(name)
            wanted += map(Requirement, distribution(name).requires or ())
    table = re.findall(r"^\| ([\w, -]+?)(?: \*)? \|", DOCUMENT, flags=re.MULTILINE)
    named = {canonicalize_name(name) for cell in table for name in cell.split(", ")}
    assert {"numpy", "openvino", "markupsafe"} <= found
    assert found - named == set()


def test_sizes_are_those_of_the_files() -> None:
    assert 10 * sizes.MIB < sizes.size_on_disk(distribution("numpy")) < 200 * sizes.MIB


def test_the_command_of_the_document_is_that_of_the_script() -> None:
    assert sizes.__doc__ is not None
    (command,) = (line.strip() for line in sizes.__doc__.splitlines() if line.startswith("    "))
    assert command in DOCUMENT
