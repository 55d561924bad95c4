"""What logins cost: a password, a handshake, and what a flood of logins does to the pages that are open. ``python -m tests.view.login_cost``"""

from __future__ import annotations

import argparse
import contextlib
import json
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from inspector.view.access.passwords import COST, hashed
from inspector.view.app import Viewer
from inspector.view.config import TlsConfig
from tests.view.cost import cpu_s
from tests.view.people import PASSWORD, Browser, certificate, users_file


def password() -> None:
    """Print what one costs."""
    kept = hashed(PASSWORD)
    began_s = time.perf_counter()
    for _ in range(5):
        assert kept.is_of(PASSWORD)
    took_ms = 200 * (time.perf_counter() - began_s)
    print(f"a password: {took_ms:.0f} ms of a core, {128 * COST.n * COST.r >> 20} MiB ({COST})", flush=True)


class Watcher(threading.Thread):
    """A page that takes everything, and how far its messages are apart."""

    def __init__(self, port: int, cookie: str, context: ssl.SSLContext | None) -> None:
        super().__init__(daemon=True)
        scheme = "ws" if context is None else "wss"
        self._socket = connect(
            f"{scheme}://127.0.0.1:{port}/live", ssl=context, compression=None, additional_headers={"cookie": cookie}
        )
        self.gaps_ms: list[float] = []

    def run(self) -> None:
        """Until the connection ends."""
        with contextlib.suppress(ConnectionClosed):
            self._take()

    def _take(self) -> None:
        last_s = time.monotonic()
        for taken, _ in enumerate(self._socket, 1):
            if taken % 3 == 0:
                self._socket.send(str(taken))
            now_s = time.monotonic()
            self.gaps_ms.append(1000 * (now_s - last_s))
            last_s = now_s

    def told(self) -> str:
        """Of the gaps since this was asked last."""
        gaps, self.gaps_ms = sorted(self.gaps_ms), []
        return f"messages of a page {gaps[len(gaps) // 2]:.0f} ms apart, at most {gaps[-1]:.0f}"


def _entered(browser: Browser) -> bool:
    try:
        return browser.login("ana").status == 200
    except TimeoutError:
        return False


def logins_ms(viewer: Viewer, tls: TlsConfig | None, source: str, stop: threading.Event) -> list[float]:
    """How long it takes to get in, again and again until ``stop``; a login that is told to come again does."""
    found = []
    while not stop.wait(0.2):
        browser = Browser(viewer, tls, source=source)
        began_s = time.monotonic()
        while not _entered(browser) and not stop.wait(0.2):
            pass
        found.append(1000 * (time.monotonic() - began_s))
    return found


class _Running:
    """What `Browser` needs of a viewer that is another process."""

    def __init__(self, port: int) -> None:
        self.port = port


def measure(folder: Path, tls: TlsConfig | None, per_s: float, seconds: float) -> None:
    """Print what a flood does."""
    users = users_file(folder, cost=COST, ana="operator")
    config = folder / "view.yaml"
    encrypted = "" if tls is None else f"tls: {{certificate: {tls.certificate}, key: {tls.key}}}\n"
    config.write_text(
        f"listen: 127.0.0.1:0\nusers: {users}\n{encrypted}lines: [{{endpoint: 'ipc://{folder}/nobody'}}]\n"
    )
    view = subprocess.Popen(
        [sys.executable, "-m", "inspector", "view", "-c", str(config)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )  # fmt: skip
    try:
        assert view.stdout is not None
        running = _Running(int(view.stdout.readline().split()[1].rstrip("/").rpartition(":")[2]))
        viewer: Viewer = running  # type: ignore[assignment]
        browser = Browser(viewer, tls)
        assert browser.login("ana").status == 200
        context = None if tls is None else ssl.create_default_context(cafile=tls.certificate)
        page = Watcher(running.port, browser.cookie, context)
        page.start()
        time.sleep(3)
        print(f"{'TLS' if tls else 'no TLS'}, at rest: {page.told()}", flush=True)
        stop = threading.Event()
        entered: dict[str, list[float]] = {}
        known, new = "127.0.0.1", "127.0.0.9"

        def enter(source: str) -> None:
            entered[source] = logins_ms(viewer, tls, source, stop)

        entering = [threading.Thread(target=enter, args=(source,)) for source in (known, new)]
        for thread in entering:
            thread.start()
        before, began_s = cpu_s(view.pid), time.monotonic()
        command = [sys.executable, "-m", "tests.view.login_flood", str(running.port), str(per_s), str(seconds)]
        done = subprocess.run([*command, *([tls.certificate] if tls else [])], capture_output=True, text=True)
        share = 100 * (cpu_s(view.pid) - before) / (time.monotonic() - began_s)
        stop.set()
        for thread in entering:
            thread.join()
        print(f"  flood: {json.loads(done.stdout)}; {page.told()}; viewer {share:.0f} % of a core")
        for source, word in ((known, "a known"), (new, "a new")):
            took_ms = sorted(entered[source])
            print(f"  in meanwhile from {word} address: {len(took_ms)} times, median {took_ms[len(took_ms) // 2]:.0f} ms, at most {took_ms[-1]:.0f}", flush=True)  # fmt: skip
    finally:
        view.terminate()
        view.wait(10)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--per-s", type=float, default=150.0)
    parser.add_argument("--seconds", type=float, default=10.0)
    asked = parser.parse_args()
    password()
    with tempfile.TemporaryDirectory() as folder:
        for tls in (None, certificate(Path(folder))):
            measure(Path(folder), tls, asked.per_s, asked.seconds)


if __name__ == "__main__":
    main()
