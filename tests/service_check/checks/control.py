"""The control socket: who on the machine may open it."""

from __future__ import annotations

from tests.installed.install import ROOT
from tests.service_check.bench import Bench, NotThereError
from tests.service_check.container import CheckError, wait_for
from tests.service_check.report import Finding

SOMEBODY = "4711"
"""A user and group that own nothing."""
CONNECT = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"


def socket(bench: Bench) -> Finding:
    """Members of the group inspector may connect to it, others may not."""
    if not (ROOT / "inspector/config/control.py").exists():
        raise NotThereError("the line has no control socket")
    line = bench.line("controlled", alone=True)
    line.start()
    path = f"/run/inspector/{line.name}/control"
    wait_for(lambda: bench.container.run("test", "-S", path).returncode == 0, 10, path)
    person = ["setpriv", f"--reuid={SOMEBODY}", f"--regid={SOMEBODY}"]
    connect = ["python3", "-c", CONNECT, path]
    member = bench.container.run(*person, "--groups=inspector", *connect)
    other = bench.container.run(*person, "--clear-groups", *connect)
    if member.returncode:
        raise CheckError(f"a member of the group inspector cannot connect to {path}: {member.stderr.strip()[-200:]}")
    if "PermissionError" not in other.stderr:
        raise CheckError(f"somebody else can connect to {path}")
    return Finding({}, [bench.container.ask("ls", "-ld", f"/run/inspector/{line.name}", path)])
