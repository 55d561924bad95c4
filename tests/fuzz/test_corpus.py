"""The kept inputs of every target, and its seeds: each is decoded, or refused as its decoder promises, within its bounds."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest

from tests.fuzz import corpus, target
from tests.fuzz.limits import attempt
from tests.fuzz.targets import MODULES, TARGETS, find

MOST_BYTES = 300_000


@pytest.fixture(params=TARGETS)
def decoder(request: pytest.FixtureRequest) -> Iterator[target.Target]:
    """Each target, and the end of what it has begun."""
    found = find(request.param)
    yield found
    found.close()


def test_kept_inputs(decoder: target.Target) -> None:
    inputs = corpus.kept(decoder.name)
    assert inputs, "nothing is kept"
    for data in inputs:
        finding = attempt(decoder, data)
        assert finding is None, f"{corpus.name_of(data)}: {finding.told}"


def test_seeds_are_good(decoder: target.Target) -> None:
    """Of inputs that are all refused at once nothing would be found."""
    refused = []
    for data in decoder.seeds():
        target.refused.clear()
        assert len(data) <= decoder.longest
        assert attempt(decoder, data) is None
        refused.append(list(target.refused))
    assert [] in refused, refused


def test_the_targets_are_those_of_their_modules() -> None:
    for module, names in MODULES.items():
        assert names == tuple(one.name for one in importlib.import_module(f"tests.fuzz.targets.{module}").TARGETS)


def test_the_corpus_is_small_and_of_these_targets() -> None:
    files = [file for file in corpus.FOLDER.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < MOST_BYTES
    assert {file.parent.name for file in files} <= set(TARGETS)
    assert all(file.name == corpus.name_of(file.read_bytes()) for file in files)
