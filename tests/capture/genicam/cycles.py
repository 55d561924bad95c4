"""Opens and closes a camera 40 times and prints what the process holds after 4 and after 40: memory in KiB, descriptors, threads.

``python -m tests.capture.genicam.cycles ADDRESS``; with ``--leak`` it leaves a stream open, which the figures must show, and
with ``--hold`` it prints ``open`` and takes frames until it is killed.
"""

from __future__ import annotations

import os
import sys
import threading
import time

from inspector.capture.genicam import GenicamSource
from inspector.config.genicam import GenicamConfig


def held() -> tuple[int, int, int]:
    """Memory in KiB, descriptors and threads of this process."""
    with open("/proc/self/status", encoding="ascii") as file:
        memory = next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
    return memory, len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))


def main() -> None:
    """Print both lines of figures."""
    address, leak = sys.argv[1], "--leak" in sys.argv
    threads = 0
    source = GenicamSource(GenicamConfig(address=address, packet_size=1400), 64, 96)
    if "--hold" in sys.argv:
        source.open()
        print("open", flush=True)
        while source.next() is not None:
            pass
    for cycle in range(1, 41):
        source.open()
        assert source.next() is not None
        source.close()
        if cycle == 4:
            threads = held()[2]
            print(*held(), flush=True)
            if leak:
                source.open()
                break
    until_s = time.monotonic() + 2
    while held()[2] > threads and time.monotonic() < until_s:
        threading.Event().wait(0.02)  # one that has been joined may still be listed
    print(*held(), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
