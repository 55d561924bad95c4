"""What setup.cfg cannot say: modules are compiled where there is a compiler, and the folder ``configs`` is installed too, as data of the
package, in ``inspector/configs``."""

from pathlib import Path

from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext

PACKAGES = ("inspector", "engines", "calibration")
COMPILED = [
    Extension(
        name,
        [f"{name.replace('.', '/')}.c"],
        # No fused multiply-add, which gives other last digits: aarch64 has it and basic x86-64 has not.
        extra_compile_args=["-O3", "-g0", "-Wall", "-Wextra", "-fvisibility=hidden", "-ffp-contract=off"],
        libraries=["m"],
        py_limited_api=True,
        optional=True,
    )
    for name in ("inspector.verdicts._native", "engines.images._quick_look", "inspector.capture._flat_field")
]


class BuildNative(build_ext):
    """Where a module cannot be compiled: no failure but one line about it, and no module of an older source left in its place."""

    def run(self):
        if self.inplace:
            for one in COMPILED:
                Path(one.sources[0]).with_suffix(".abi3.so").unlink(missing_ok=True)
        super().run()
        if not all(Path(self.get_ext_fullpath(one.name)).exists() for one in COMPILED):
            self.warn("without its compiled modules Inspector is slower; `inspector doctor` says what it needs")

    def build_extension(self, ext):
        Path(self.get_ext_fullpath(ext.name)).unlink(missing_ok=True)
        self.force = True
        super().build_extension(ext)


setup(
    packages=[*find_packages(include=[*PACKAGES, *(f"{name}.*" for name in PACKAGES)]), "inspector.configs"],
    package_dir={"inspector.configs": "configs"},
    ext_modules=COMPILED,
    cmdclass={"build_ext": BuildNative},
)
