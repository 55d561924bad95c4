"""The subscribers in other languages, each built once; a test skips for those that cannot be built here."""

from __future__ import annotations

import pytest

from tests.docs_clients.client import build_c, find_node


@pytest.fixture(scope="package", params=["c", "node"])
def command(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that runs one of them."""
    return build_c(tmp_path_factory.mktemp("c")) if request.param == "c" else find_node()
