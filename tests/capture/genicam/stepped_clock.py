"""Takes frames of a camera, as a process whose wall clock is stepped: ``python -m tests.capture.genicam.stepped_clock ADDRESS FILE``, under
libfaketime with ``FAKETIME_TIMESTAMP_FILE=FILE``. Prints, one JSON line before the step and one after, what the clock report says and
how long before now the frames were captured, ms."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from inspector.capture.genicam import GenicamSource
from inspector.config.genicam import GenicamConfig
from inspector.frames.clock import now_ns


def main() -> None:
    """See the module."""
    address, file = sys.argv[1], Path(sys.argv[2])
    source = GenicamSource(GenicamConfig(address=address, clock="ptp", packet_size=1400))
    source.open()
    for offset in ("+0s", "+3600s"):
        file.write_text(offset, encoding="ascii")
        captured, ages = [], []
        for _ in range(40):
            arrival = source.next()
            assert arrival is not None
            captured.append(arrival.captured_ns)
            ages.append((now_ns() - arrival.captured_ns) / 1e6)
        report = source.clock()
        assert report is not None
        told = {"well": report.in_specification, "text": report.text, "youngest": min(ages), "oldest": max(ages)}
        print(json.dumps({**told, "in_order": captured == sorted(captured), "wall": time.time()}), flush=True)
    source.close()


if __name__ == "__main__":
    main()
