"""What setup.cfg cannot say: a module is compiled where there is a compiler, and the folder ``configs`` is installed too, as data of the
package, in ``inspector/configs``."""

from pathlib import Path

from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext

PACKAGES = ("inspector", "engines", "calibration")
NATIVE = Extension(
    "inspector.verdicts._native",
    ["inspector/verdicts/_native.c"],
    # No fused multiply-add, which gives other last digits: aarch64 has it and basic x86-64 has not.
    extra_compile_args=["-O3", "-g0", "-Wall", "-Wextra", "-fvisibility=hidden", "-ffp-contract=off"],
    libraries=["m"],
    py_limited_api=True,
    optional=True,
)


class BuildNative(build_ext):
    """Where the module cannot be compiled: no failure but one line about it, and no module of an older source left in its place."""

    def run(self):
        if self.inplace:
            Path(NATIVE.sources[0]).with_suffix(".abi3.so").unlink(missing_ok=True)
        super().run()
        if not Path(self.get_ext_fullpath(NATIVE.name)).exists():
            self.warn("without the compiled measuring pass Inspector is slower; `inspector doctor` says what it needs")

    def build_extension(self, ext):
        Path(self.get_ext_fullpath(ext.name)).unlink(missing_ok=True)
        self.force = True
        super().build_extension(ext)


setup(
    packages=[*find_packages(include=[*PACKAGES, *(f"{name}.*" for name in PACKAGES)]), "inspector.configs"],
    package_dir={"inspector.configs": "configs"},
    ext_modules=[NATIVE],
    cmdclass={"build_ext": BuildNative},
)
