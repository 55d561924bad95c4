"""The bill of materials of a wheelhouse in the JSON of CycloneDX 1.6: every wheel with its version, licence and hash, and what requires it."""

from __future__ import annotations

from pathlib import Path

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import DisjunctiveLicense, License
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.utils import canonicalize_name

from systemd.packaging.target import Target
from systemd.packaging.wheelhouse import EXTRAS, OURS, Wheel

LICENCE_CLASSIFIER = "License :: OSI Approved :: "


def write_sbom(wheels: list[Wheel], target: Target, place: Path) -> None:
    """Write it to ``place``; what is written is checked against the schema. The wheel of Inspector is what it describes."""
    parts = {wheel.name: _component(wheel) for wheel in wheels}
    bom = Bom(components=[part for name, part in parts.items() if name != OURS])
    bom.metadata.component = parts[OURS]
    for wheel in wheels:
        required = {canonicalize_name(one.name) for one in wheel.requires(target, EXTRAS if wheel.name == OURS else ())}
        bom.register_dependency(parts[wheel.name], [parts[name] for name in sorted(required & parts.keys())])
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise ValueError(f"the bill of materials is not what CycloneDX takes: {error}")
    place.write_text(f"{text}\n", encoding="utf-8")


def _component(wheel: Wheel) -> Component:
    url = PackageURL("pypi", None, wheel.name, str(wheel.version), {"file_name": wheel.path.name})
    licence = _licence(wheel)
    return Component(
        name=wheel.name,
        version=str(wheel.version),
        type=ComponentType.APPLICATION if wheel.name == OURS else ComponentType.LIBRARY,
        bom_ref=str(url),
        purl=url,
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=wheel.sha256)],
        licenses=[licence] if licence else [],
    )


def _licence(wheel: Wheel) -> License | None:
    """As its metadata says it: the expression, else the text of one line, else the classifier."""
    factory = LicenseFactory()
    if expression := wheel.metadata["License-Expression"]:
        return factory.make_from_string(expression)
    text = (wheel.metadata["License"] or "").strip()
    if text and "\n" not in text:
        return factory.make_from_string(text)
    names = wheel.metadata.get_all("Classifier", [])
    found = [name.removeprefix(LICENCE_CLASSIFIER) for name in names if name.startswith(LICENCE_CLASSIFIER)]
    return DisjunctiveLicense(name=found[0]) if found else None
