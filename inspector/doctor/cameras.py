"""What cameras need of this machine: the library for GigE Vision and USB3 Vision, and room for what a network camera sends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from inspector.doctor.finding import Finding, Section, Subject
from inspector.doctor.probing import Probed
from inspector.doctor.reading import ROOT, read

OLDEST_ARAVIS = (0, 8, 20)
"""Of JetPack 6; older ones are untried."""
ENOUGH_BYTES = 4 << 20
"""With a receive buffer of 4 MiB no frame of 372 was lost at 100 a second, with the kernel's usual one 321 were."""

ARAVIS = Subject(Section.SOFTWARE, "Aravis")
BUFFERS = Subject(Section.MACHINE, "Receive buffers")


def aravis(probed: Probed) -> Finding:
    """Whether GigE Vision and USB3 Vision cameras can be used; ``probed`` is what came of loading the library."""
    purpose = "GigE Vision and USB3 Vision cameras"
    if probed.failure:
        return ARAVIS.wrong(probed.failure, f"{purpose}; apt-get install --reinstall libaravis-0.8-0")
    if probed.facts.get("missing"):
        return ARAVIS.note("not installed", f"only {purpose} need it; apt-get install libaravis-0.8-0")
    version = tuple(probed.facts["version"])
    found = ".".join(map(str, version))
    if version < OLDEST_ARAVIS:
        return ARAVIS.note(found, f"{purpose}; older than any version this program was tested with (0.8.20)")
    return ARAVIS.ok(found, purpose)


def buffers(root: Path = ROOT) -> Iterator[Finding]:
    """How large a receive buffer a network camera can be given."""
    text = read(root / "proc/sys/net/core/rmem_max")
    if not text.isdecimal():
        return
    most = int(text)
    found = f"at most {most / 2**20:.1f} MiB (net.core.rmem_max)"
    if most < ENOUGH_BYTES:
        yield BUFFERS.note(
            found,
            "a network camera loses frames with so little, and any other source needs no more; "
            "install systemd/inspector.sysctl.conf (docs/service.md)",
        )
    else:
        yield BUFFERS.ok(found, "several frames of a network camera find room while the daemon is busy")
