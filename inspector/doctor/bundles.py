"""Model bundles: is there one, and is it whole?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from inspector.doctor.finding import Finding, Room, State


def included_bundles() -> Iterator[Finding]:
    """One finding per bundle that comes with the package, or that there is none."""
    try:
        from engines.bundle import INCLUDED, MANIFEST
    except ImportError as error:
        yield _about_included(State.NOTE, "not looked at", f"first mend {error}")
        return
    paths = sorted(path.parent for path in INCLUDED.glob(f"*/{MANIFEST}"))
    for path in paths:
        yield bundle_finding(path, Room.SOFTWARE, f"Bundle {path.name}")
    if not paths:
        advice = "give `bundle:` a bundle of your own, or install again: the demo model should be here"
        yield _about_included(State.MISSING, f"none in {INCLUDED}", advice)


def _about_included(state: State, found: str, advice: str) -> Finding:
    return Finding(room=Room.SOFTWARE, name="Included bundles", state=state, found=found, advice=advice, needed=True)


def bundle_finding(path: Path, room: Room, name: str) -> Finding:
    """Whether the bundle in ``path`` can be read and every file is as it was written."""
    from engines.bundle import read_bundle, verify_files
    from engines.errors import BundleError

    try:
        bundle = read_bundle(path)
        verify_files(bundle)
    except BundleError as error:
        return Finding(
            room=room, name=name, state=State.WRONG, found=str(error), advice="the daemon refuses it", needed=True
        )
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    return Finding(
        room=room,
        name=name,
        state=State.OK,
        found=f"{bundle.id}, {size / 1e6:.1f} MB, frames {bundle.height}x{bundle.width}, {', '.join(bundle.classes)}",
        advice="every file matches its digest; `inspector bundle verify` runs its golden frames here",
        needed=True,
    )
