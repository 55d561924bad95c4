"""What setup.cfg cannot say: the folder ``configs`` is installed too, as data of the package, in ``inspector/configs``."""

from setuptools import find_packages, setup

PACKAGES = ("inspector", "engines", "calibration")

setup(
    packages=[*find_packages(include=[*PACKAGES, *(f"{name}.*" for name in PACKAGES)]), "inspector.configs"],
    package_dir={"inspector.configs": "configs"},
)
