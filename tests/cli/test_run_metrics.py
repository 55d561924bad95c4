"""``inspector run`` serves metrics where its configuration says so, from the start on."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from urllib.request import urlopen

from engines.bundle import Bundle
from tests.cli.command import COMMAND, one_line_of
from tests.cli.in_process import inspector
from tests.line_file import LINE, write_line


def test_a_daemon_is_scraped_and_a_second_one_is_told_what_to_do(tmp_path: Path, tiny_bundle: Bundle) -> None:
    config = write_line(
        tmp_path,
        tiny_bundle.path,
        metrics={"endpoint": "127.0.0.1:0"},
        results={"endpoint": "tcp://127.0.0.1:*", "wait_for_subscribers": 1},
    )
    with subprocess.Popen([*COMMAND, "run", "-c", str(config)], stderr=subprocess.PIPE, text=True) as daemon:
        try:
            assert daemon.stderr is not None
            url = next(line for line in daemon.stderr if "metrics at" in line).split()[-1]
            with urlopen(url, timeout=10) as answer:
                assert 'inspector_line_state{state="starting"} 1.0' in answer.read().decode()
            address = url.removeprefix("http://").removesuffix("/metrics")
            (other := tmp_path / "other").mkdir()
            second = write_line(other, tiny_bundle.path, line=f"{LINE}-other", metrics={"endpoint": address})
            line = one_line_of(inspector("run", "-c", second, "--log-level", "warning"))
            assert f"metrics.endpoint: {address} cannot be bound: another program uses this port" in line
            daemon.send_signal(signal.SIGTERM)
            daemon.communicate(timeout=10)
        finally:
            daemon.kill()
    assert daemon.returncode == 0
