"""Checks the model bundles: whether there is one, and whether its files are complete and unaltered."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from inspector.doctor.finding import Finding, Section, Subject

INCLUDED_BUNDLES = Subject(Section.SOFTWARE, "Included bundles", needed=True)


def bundle_findings() -> Iterator[Finding]:
    """One finding per bundle that comes with the package, or that there is none."""
    try:
        from engines.bundle import INCLUDED, included_bundles
    except ImportError as error:
        yield INCLUDED_BUNDLES.note("not looked at", f"first repair {error}")
        return
    paths = included_bundles()
    for path in paths:
        yield bundle_finding(path, Subject(Section.SOFTWARE, f"Bundle {path.name}", needed=True))
    if not paths:
        advice = "give `bundle:` a bundle of your own, or install again: the demo model should be here"
        yield INCLUDED_BUNDLES.missing(f"none in {INCLUDED}", advice)


def bundle_finding(path: Path, subject: Subject) -> Finding:
    """Whether the bundle in ``path`` can be read and every file is as it was written."""
    from engines.bundle import read_bundle, read_contents
    from engines.errors import BundleError, FileError

    try:
        bundle = read_bundle(path)
        read_contents(bundle)
        size = bundle.size_bytes()
    except (BundleError, FileError) as error:
        return subject.wrong(str(error), "the daemon refuses it")
    found = f"{bundle.id}, {size / 1e6:.1f} MB, frames {bundle.height}x{bundle.width}, {', '.join(bundle.classes)}"
    return subject.ok(found, "every file matches its digest; `inspector bundle verify` runs its golden frames here")
