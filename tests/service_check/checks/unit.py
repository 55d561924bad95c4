"""What systemd's own checker says of the unit, inside."""

from __future__ import annotations

import re

from tests.service_check.bench import Bench
from tests.service_check.container import CheckError
from tests.service_check.report import Finding

UNIT = "inspector@hot-strip-1.service"
MOST_EXPOSURE = 2.0


def verify(bench: Bench) -> Finding:
    """`systemd-analyze verify` finds nothing."""
    done = bench.container.run(
        "systemd-analyze", "verify", "--man=no", "--recursive-errors=no", UNIT, "inspector.target"
    )
    if done.returncode or done.stderr.strip():
        raise CheckError(f"systemd-analyze verify: status {done.returncode}: {done.stderr.strip()}")
    return Finding()


def security(bench: Bench) -> Finding:
    """The exposure is at most what docs/service.md states."""
    line = bench.line("hot-strip-1")
    said = bench.container.ask("systemd-analyze", "security", "--no-pager", "--offline=true", line.unit)
    (exposure,) = re.findall(r"exposure level for \S+: ([\d.]+)", said)
    if not 0 < float(exposure) <= MOST_EXPOSURE:
        raise CheckError(f"exposure {exposure}, expected at most {MOST_EXPOSURE}")
    return Finding({"exposure": float(exposure)})
