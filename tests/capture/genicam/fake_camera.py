"""A GigE Vision camera in a process of its own: Aravis' fake camera, which sends real GVSP over loopback, with images of ours.

    python -m tests.capture.genicam.fake_camera --address 127.70.0.1 --serial FAKE1 --images frames.npy --rate 100

It prints ``ready`` once it answers, and ends when its standard input is closed. Lines on its standard input alter it while it runs:
``lost 0.1`` (share of the packets that are not sent), ``rate 50``, ``size 256 1600``. Options: ``--images``, an ``.npy`` of ``uint8 [N, H, W]``
which it sends one after another, again and again (frame k since the start shows image k modulo N; without it a pattern of Aravis' own);
``--sent FILE``, to which it appends the time stamp and the image of each frame before it sends it, two 64-bit integers (``sent_frames``);
``--height`` and ``--width`` where there are none; ``--lost`` as above.

Aravis' fake camera listens only at an address of a network interface, and loopback has one: ``loopback.c``, compiled when it is first needed,
lets its process see loopback under ``--address``. At 127.0.0.1 it works without a compiler.

In tests, ``FakeCamera`` starts and ends one: ``with FakeCamera(images=images, rate_hz=100) as camera: ...``. Its port 3956 is fixed, so each
has a loopback address of its own: one that is free, where none is given, and a serial made of it. The first frame id is about 65401, so ids soon wrap. It knows Mono8 and a few
other formats, but no packed ones, no chunk data, encoder or PTP; its clock is the wall clock, so libfaketime can set it wrong (``environment``).
"""

from __future__ import annotations

import argparse
import ctypes
import itertools
import os
import random
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT, PERIOD_US = 0x100, 0x104, 0x138
"""Registers of the fake camera."""
LOOPBACK = "127.0.0.1"
PORT = 3956
_FILL = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_uint32)


class FakeCamera:
    """The camera in a child process, for tests."""

    def __init__(
        self,
        address: str | None = None,
        serial: str | None = None,
        images: NDArray[np.uint8] | None = None,
        *,
        rate_hz: float = 50,
        lost: float = 0,
        size: tuple[int, int] = (64, 96),
        description: Path | None = None,
        environment: dict[str, str] | None = None,
        sent: Path | None = None,
    ) -> None:
        """``address``: None is a free one. ``description``: GenICam XML in the place of its own. ``size``: height and width where there are no
        ``images``. ``lost``: share of the packets that are not sent. ``sent``: file for what it sends, ``sent_frames`` reads it."""
        self.address = address or free_address()
        self.serial = serial or socket.inet_aton(self.address).hex()
        self._images = images
        self._options = [f"--rate={rate_hz}", f"--lost={lost}", f"--height={size[0]}", f"--width={size[1]}"]
        if description is not None:
            self._options.append(f"--description={description}")
        if sent is not None:
            self._options.append(f"--sent={sent}")
        self._environment = environment or {}
        self._folder = tempfile.TemporaryDirectory()
        self._child: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int:
        """Process id while it runs."""
        assert self._child is not None
        return self._child.pid

    def __enter__(self) -> FakeCamera:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        self._folder.cleanup()

    def start(self, environment: dict[str, str] | None = None) -> None:
        """Start it, again after ``kill``, then also in another environment; returns once it answers."""
        command = [sys.executable, "-m", "tests.capture.genicam.fake_camera", f"--address={self.address}"]
        command += [f"--serial={self.serial}", *self._options]
        if self._images is not None:
            path = Path(self._folder.name, "images.npy")
            np.save(path, self._images)
            command.append(f"--images={path}")
        root = str(Path(__file__).parents[3])
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=root,
            env=environment_at(self.address, self._environment if environment is None else environment),
        )
        assert self._child.stdout is not None
        if (line := self._child.stdout.readline()) != "ready\n":
            raise RuntimeError(f"the fake camera at {self.address} did not start: {line!r}")

    def tell(self, command: str) -> None:
        """Alter it: ``lost 0.1``, ``rate 50``, ``size 256 1600``. Returns once it has done so."""
        assert self._child is not None
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        self._child.stdin.write(command + "\n")
        self._child.stdin.flush()
        if (line := self._child.stdout.readline()) != "done\n":
            raise RuntimeError(f"the fake camera did not do {command!r}: {line!r}")

    def freeze(self) -> None:
        """Stop it in its tracks (SIGSTOP)."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on (SIGCONT)."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as a power cut does (SIGKILL)."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                stream.close()

    def _signal(self, number: signal.Signals) -> None:
        assert self._child is not None
        self._child.send_signal(number)


def free_address() -> str:
    """A loopback address at which no camera listens. Chosen at random, so that two test runs on one machine do not meet."""
    chance = random.SystemRandom()
    while True:
        address = f"127.{chance.randrange(64, 255)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((address, PORT))
            except OSError:
                continue
        return address


def sent_frames(path: Path) -> NDArray[np.int64]:
    """What a camera has sent so far, int64 [N, 2]: its time stamp of each frame, ns, and the image that the frame shows."""
    data = path.read_bytes()
    return np.frombuffer(data[: len(data) // 16 * 16], np.int64).reshape(-1, 2)


def environment_at(address: str, more: dict[str, str] | None = None) -> dict[str, str]:
    """Environment of a process that sees loopback as ``address``. Raises RuntimeError where the library for it cannot be made."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), **(more or {})}
    if address != LOOPBACK:
        preloaded = [str(loopback_library()), environment.get("LD_PRELOAD", "")]
        environment |= {"LD_PRELOAD": ":".join(filter(None, preloaded)), "LOOPBACK_ADDRESS": address}
    return environment


@lru_cache(maxsize=1)
def loopback_library() -> Path:
    """``loopback.c``, compiled, in the folder for temporary files. Raises RuntimeError without a compiler."""
    source = Path(__file__).with_name("loopback.c")
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise RuntimeError(
            "a fake camera at another address than 127.0.0.1 needs a C compiler: apt-get install gcc libc6-dev"
        )
    made = Path(tempfile.gettempdir(), f"inspector-loopback-{os.getuid()}-{source.stat().st_mtime_ns}.so")
    if not made.exists():
        with tempfile.TemporaryDirectory(dir=made.parent) as folder:
            fresh = Path(folder, made.name)
            subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", fresh, source, "-ldl"], check=True, timeout=50)
            fresh.replace(made)
    return made


def main() -> None:
    """Be the camera until standard input is closed."""
    options = _options()
    if options.address != LOOPBACK and os.environ.get("LOOPBACK_ADDRESS") != options.address:
        os.execve(
            sys.executable,
            [sys.executable, "-m", "tests.capture.genicam.fake_camera", *sys.argv[1:]],
            environment_at(options.address),
        )
    images = None if options.images is None else np.ascontiguousarray(np.load(options.images), dtype=np.uint8)
    aravis, gobject = ctypes.CDLL("libaravis-0.8.so.0"), ctypes.CDLL("libgobject-2.0.so.0")
    for name in ("arv_gv_fake_camera_new_full", "arv_gv_fake_camera_get_fake_camera", "arv_buffer_get_data"):
        getattr(aravis, name).restype = ctypes.c_void_p
    aravis.arv_buffer_get_timestamp.restype = ctypes.c_uint64
    aravis.arv_fake_camera_get_payload.restype = ctypes.c_size_t
    device = ctypes.c_void_p(
        aravis.arv_gv_fake_camera_new_full(options.address.encode(), options.serial.encode(), options.description)
    )
    if not aravis.arv_gv_fake_camera_is_running(device):
        raise SystemExit(f"the fake camera cannot listen at {options.address}, port {PORT}: another program may")
    camera = ctypes.c_void_p(aravis.arv_gv_fake_camera_get_fake_camera(device))

    def set_register(register: int, value: int) -> None:
        aravis.arv_fake_camera_write_register(camera, ctypes.c_uint32(register), ctypes.c_uint32(value))

    def obey(command: str) -> None:
        name, *values = command.split()
        if name == "lost":
            gobject.g_object_set(device, b"gvsp-lost-ratio", ctypes.c_double(float(values[0])), None)
        elif name == "rate":
            set_register(PERIOD_US, round(1e6 / float(values[0])))
        elif name == "size":
            set_register(HEIGHT, int(values[0]))
            set_register(WIDTH, int(values[1]))
        else:
            raise SystemExit(f"unknown command {name!r}; expected lost, rate or size")

    height, width = (options.height, options.width) if images is None else images.shape[1:]
    for command in (f"size {height} {width}", f"rate {options.rate}", f"lost {options.lost}"):
        obey(command)
    filling = None if images is None else _filling(aravis, camera, images, options.sent)
    if filling is not None:
        aravis.arv_fake_camera_set_fill_pattern(camera, filling, None)
    print("ready", flush=True)
    for line in sys.stdin:
        obey(line)
        print("done", flush=True)


def _filling(aravis: ctypes.CDLL, camera: ctypes.c_void_p, images: NDArray[np.uint8], sent: Path | None) -> Any:
    """The function by which the fake camera fills a buffer with the next image. What it sends is written to ``sent`` at once, unbuffered."""
    count = itertools.count()
    file = None if sent is None else sent.open("ab", buffering=0)

    def fill(buffer: int, _data: int, _exposure: int, _gain: int, _format: int) -> None:
        number = next(count) % len(images)
        image = images[number]
        room = aravis.arv_fake_camera_get_payload(camera)  # who controls the camera may have made it smaller
        ctypes.memmove(
            aravis.arv_buffer_get_data(ctypes.c_void_p(buffer), None), image.ctypes.data, min(image.nbytes, room)
        )
        if file is not None:
            file.write(struct.pack("=qq", aravis.arv_buffer_get_timestamp(ctypes.c_void_p(buffer)), number))

    return _FILL(fill)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--address", required=True, help="loopback address to listen at")
    parser.add_argument("--serial", default="FAKE1")
    parser.add_argument("--images", type=Path, help=".npy of uint8 [N, H, W]")
    parser.add_argument("--sent", type=Path, help="file for the time stamp and the image of each frame")
    parser.add_argument("--description", type=os.fsencode, help="GenICam XML in the place of its own")
    parser.add_argument("--height", type=int, default=64)
    parser.add_argument("--width", type=int, default=96)
    parser.add_argument("--rate", type=float, default=50, help="frames per second")
    parser.add_argument("--lost", type=float, default=0, help="share of the packets that are not sent")
    return parser.parse_args()


if __name__ == "__main__":
    main()
