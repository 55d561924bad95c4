"""Fixtures for all packages of the suite."""

from __future__ import annotations

import pytest

from engines.bundle import Bundle
from tests.tiny_bundle import make_tiny_bundle


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The tiny bundle, shared: do not alter it."""
    return make_tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny")
