"""A wheel for a machine of another kind, by the cross compiler of Debian or Ubuntu (``apt-get install gcc-aarch64-linux-gnu``).

    python -m tests.installed.cross aarch64 dist

Checks that the compiled module is in it and is of that kind, and prints which glibc it needs.
"""

from __future__ import annotations

import re
import shutil
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

from tests.installed.install import build_wheel

MODULES = (
    "inspector/verdicts/_native.abi3.so",
    "engines/images/_quick_look.abi3.so",
    "inspector/capture/_flat_field.abi3.so",
)
ELF_MACHINES = {"x86_64": 62, "aarch64": 183}
"""e_machine of the ELF specification."""


def main(machine: str, out: Path) -> None:
    """Build the wheel into ``out``."""
    compiler = f"{machine}-linux-gnu-gcc"
    if shutil.which(compiler) is None:
        sys.exit(f"no {compiler}: apt-get install gcc-{machine.replace('_', '-')}-linux-gnu, then try again")
    with tempfile.TemporaryDirectory(prefix="inspector-cross-") as name:
        headers = _headers(machine, Path(name) / "headers")
        wheel = build_wheel(
            Path(name),
            CC=f"{compiler} -I{headers}",
            LDSHARED=f"{compiler} -shared",
            _PYTHON_HOST_PLATFORM=f"linux-{machine}",  # what cross builds of Python itself set: the wheel is named after it
        )
        modules = {name: zipfile.ZipFile(wheel).read(name) for name in MODULES}
        for name, module in modules.items():
            if module[:4] != b"\x7fELF" or int.from_bytes(module[18:20], "little") != ELF_MACHINES[machine]:
                sys.exit(f"{name} in {wheel.name} is not for {machine}")
        out.mkdir(exist_ok=True)
        shutil.copy(wheel, out)
    for name, module in modules.items():
        print(f"{out / wheel.name}: {name} {len(module):,} bytes, needs glibc {'.'.join(map(str, glibc(module)))}")


def glibc(module: bytes) -> tuple[int, int]:
    """The oldest glibc that has every symbol that an ELF file needs; 0.0 where it needs none."""
    versions = re.findall(rb"\0GLIBC_(\d+)\.(\d+)(?:\.\d+)?(?=\0)", module)
    return max(((int(major), int(minor)) for major, minor in versions), default=(0, 0))


def _headers(machine: str, folder: Path) -> Path:
    """Debian's ``pyconfig.h`` includes one of each kind of machine, and only this machine's is here. For what the stable ABI uses, those of
    64-bit machines say the same."""
    here = Path(sysconfig.get_path("include")).name
    forward = folder / f"{machine}-linux-gnu" / here / "pyconfig.h"
    forward.parent.mkdir(parents=True)
    forward.write_text(f"#include <{sysconfig.get_config_var('MULTIARCH')}/{here}/pyconfig.h>\n")
    return folder


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
