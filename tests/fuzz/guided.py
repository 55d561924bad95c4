"""One target in this process, guided by the branches that inputs reach: ``python -m tests.fuzz.guided TARGET FOLDER ARGUMENTS OF LIBFUZZER``.

Needs atheris. Findings are written to FOLDER/findings, and the search goes on; only what ends a process ends it.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

import atheris


def main() -> None:
    """Run it."""
    name, folder, *arguments = sys.argv[1:]
    with atheris.instrument_imports(include=["inspector", "engines", "yaml", "tarfile", "zipfile", "csv"]):
        from tests.fuzz.targets import find

        target = find(name)
    from tests.fuzz.findings import Findings
    from tests.fuzz.limits import attempt

    findings = Findings(Path(folder) / "findings")

    def one_input(data: bytes) -> None:
        finding = attempt(target, data)
        if finding is not None and findings.add(data, finding):
            print(f"finding: {finding.key}", flush=True)

    def changed(data: bytes, most: int, seed: int) -> bytes:
        draw = random.Random(seed)
        for _ in range(draw.choice((1, 1, 2, 4))):
            if target.mutation is not None and draw.random() < 0.7:
                data = target.mutation(data, draw)
            else:
                data = bytes(atheris.Mutate(data, most))
        return data[:most]

    atheris.Setup([sys.argv[0], *arguments], one_input, custom_mutator=changed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
