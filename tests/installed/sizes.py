"""What each package takes on the disk, in the environment of the Python that runs this file.

    python3 -m venv sizes && sizes/bin/pip install '.[line]' && sizes/bin/python tests/installed/sizes.py

Needs nothing but that environment. Counts the files that pip lists for a package, with the bytecode that it compiled, in blocks of the disk,
as ``du`` does. A package that is installed as a link to its source (``pip install -e``) counts as nothing.
"""

from __future__ import annotations

import os
import sys
from importlib.metadata import Distribution, distributions

MIB = 1 << 20
OF_THE_ENVIRONMENT = ("pip", "setuptools")
"""Python puts these into a new environment, setuptools only before 3.12."""


def size_on_disk(package: Distribution) -> int:
    """Bytes of the package's files; 0 where pip keeps no list of them."""
    total = 0
    for file in package.files or ():
        path = package.locate_file(file)
        if os.path.exists(str(path)):
            total += os.stat(str(path)).st_blocks * 512
    return total


def main() -> None:
    """Print packages and sums, the largest first."""
    sizes = {package.name: (size_on_disk(package), package.version) for package in distributions()}
    for name, (size, version) in sorted(sizes.items(), key=lambda one: -one[1][0]):
        print(f"{size / MIB:7.1f}  {name} {version}")
    everything = sum(size for size, _ in sizes.values())
    own = everything - sum(sizes[name][0] for name in OF_THE_ENVIRONMENT if name in sizes)
    print(f"{everything / MIB:7.1f}  MiB in all, Python {sys.version.split()[0]}")
    print(f"{own / MIB:7.1f}  MiB without {' and '.join(OF_THE_ENVIRONMENT)}")


if __name__ == "__main__":
    main()
