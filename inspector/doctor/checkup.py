"""The list of checks."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from inspector.doctor.accelerator import PROBES, accelerator
from inspector.doctor.bundles import bundle_findings
from inspector.doctor.cameras import aravis, buffers
from inspector.doctor.finding import Finding, Section, Subject
from inspector.doctor.memory import USUAL_RING, memory
from inspector.doctor.native import measuring
from inspector.doctor.probing import Probed, probe
from inspector.doctor.processor import processor
from inspector.doctor.runtime import usual_runtime
from inspector.doctor.service import services
from inspector.doctor.software import PURPOSES, software
from inspector.doctor.system import system

if TYPE_CHECKING:
    from inspector.doctor.configured_line import ConfiguredLine


def examine(config: Path | None = None) -> list[Finding]:
    """Every finding about this machine and, where a configuration is given, about that line on it."""
    before = [*processor(), *system(), *services()]  # before the probes: they would disturb the clock
    probed = _probe_all()
    broken = [PURPOSES[module][0] for module in PURPOSES if "version" not in probed[module].facts]
    line, obstacle = _read(config, broken) if config is not None else (None, "")
    findings = [
        *before,
        *memory(USUAL_RING if line is None else line.ring()),
        *buffers(),
        *software(probed),
        measuring(probed["native"]),
        aravis(probed["aravis"]),
        *(_without_configuration(broken) if config is None else ()),
        *accelerator(probed),
    ]
    if line is None or line.config is None:
        findings.append(usual_runtime(probed["runtime"], probed["torch"]))
    if line is not None:
        findings += line.findings()
        findings += line.engines(probed["runtime"], probed["torch"])
    elif config is not None:
        found, advice = f"{config}: not looked at", f"first repair {obstacle}"
        findings.append(Subject(Section.LINE, "Configuration").note(found, advice))
    return findings


def _probe_all() -> dict[str, Probed]:
    names = [*PURPOSES, "native", "aravis", *PROBES]
    with ThreadPoolExecutor(len(names)) as pool:
        return dict(zip(names, pool.map(probe, names), strict=True))


def _read(config: Path, broken: list[str]) -> tuple[ConfiguredLine | None, str]:
    """The line, or what has to be repaired before it can be checked."""
    if broken:
        return None, ", ".join(broken)
    try:
        # Imported late: it needs the libraries that were just found to work.
        from inspector.doctor.configured_line import ConfiguredLine
    except ImportError as error:
        return None, str(error)
    return ConfiguredLine(config), ""


def _without_configuration(broken: list[str]) -> Iterator[Finding]:
    """What a line with the defaults would use."""
    yield from bundle_findings()
    if not broken:
        from inspector.config.journal import JournalConfig
        from inspector.doctor.journal_folder import journal_finding

        yield journal_finding(JournalConfig(), Section.SOFTWARE)
