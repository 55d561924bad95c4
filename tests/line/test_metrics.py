"""The metrics of a real line, scraped over HTTP while it runs and after its last frame."""

from __future__ import annotations

import math
import os
import re
import signal
import socket
import threading
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

import pytest
from msgspec import to_builtins
from prometheus_client.parser import text_string_to_metric_families

from engines.bundle import Bundle
from inspector.config.metrics import Address
from inspector.line.line import Line
from inspector.line.metrics import LineMetrics
from inspector.service.metrics_server import MetricsServer
from inspector.service.nvml import GpuFigures
from inspector.version import __version__
from tests.keys import make_keys
from tests.line.accounting import Account, account
from tests.line.conftest import tiny_config
from tests.line.sources import GatedCamera, ListCamera
from tests.results.publishing import eventually
from tests.tiny_bundle import frame_with

DOCUMENT = (Path(__file__).parents[2] / "docs/metrics.md").read_text(encoding="utf-8")
CLEAN, BAD = frame_with([]), frame_with([(192, 4)])
GPU = GpuFigures(0, "a GPU", 41.0, 2 << 30, 8 << 30)
DEADLINE_S = 30
LOOPBACK = Address("127.0.0.1", 0)
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def text_of(server: MetricsServer) -> str:
    with urlopen(server.url, timeout=10) as answer:
        return answer.read().decode()


def scrape(server: MetricsServer) -> Samples:
    return samples_of(text_of(server))


def samples_of(text: str) -> Samples:
    """All samples of a page, each there once."""
    found: Samples = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = sample.name, frozenset(sample.labels.items())
            assert key not in found
            found[key] = sample.value
    return found


def value(samples: Samples, name: str, /, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


def by_ending(samples: Samples, camera: str = "top") -> dict[tuple[str, str], float]:
    """Frames per verdict and reason, without the zeros."""
    return {
        (labels["verdict"], labels["reason"]): count
        for (name, pairs), count in samples.items()
        if name == "inspector_frames_total" and (labels := dict(pairs))["camera"] == camera and count
    }


class Watched(NamedTuple):
    """A line's pages while it waits after two frames, while frames come, and after it has stopped."""

    line: Line
    journal: Account
    first: str
    during: str
    after: str


@pytest.fixture(scope="module")
def watched(tiny_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    journal = tmp_path_factory.mktemp("watched") / "journal.sqlite"
    camera = GatedCamera([CLEAN, BAD, *[CLEAN, BAD, None, "torn.jpg: truncated"] * 20], burst=2)
    keys = make_keys(tmp_path_factory.mktemp("keys"))
    # On a busy machine a frame may take seconds, and one that is too late is not inspected.
    archive = {"path": str(journal.with_name("archive"))}
    config = tiny_config(
        tiny_bundle.path, journal, keys=to_builtins(keys), archive=archive, deadline_ms=DEADLINE_S * 1000
    )
    line = Line(config, tiny_bundle, sources={"top": camera})
    stop = threading.Event()
    with MetricsServer(LOOPBACK, LineMetrics(line, lambda: (GPU,))) as server, line:
        assert line.start(stop)
        eventually(lambda: line.latency.count == 2 and line.archive.kept().standing, DEADLINE_S)
        line.status.maintenance("engines", "cpu_fallback", "engines run on the CPU")
        first = text_of(server)
        camera.rest.set()
        during = text_of(server)
        line.wait(stop, tick_s=0.01)
        times = line.inference.figures.stages.values()
        # The child tells its figures some time after its answers.
        eventually(
            lambda: [sum(n * count for n, count in one.batches.items()) for one in times] == [42, 21], DEADLINE_S
        )
        line.stop()
        after = text_of(server)
    return Watched(line, account(journal), first, during, after)


def test_counts_are_those_of_the_line_during_and_after_the_frames(watched: Watched) -> None:
    first, during, after = map(samples_of, watched[2:])
    assert by_ending(first) == {("PASS", "gate_clean"): 1, ("REJECT", "defect"): 1}
    assert value(first, "inspector_frames_total", camera="top", verdict="SCRAP", reason="defect") == 0
    assert by_ending(after) == Counter((verdict, reason) for verdict, reason, _ in watched.journal.verdicts.values())
    assert value(after, "inspector_frames_numbered_total", camera="top") == 82
    assert value(first, "inspector_frames_open", camera="top") == value(after, "inspector_frames_open", camera="top")
    for earlier, later in ((first, during), (during, after)):
        for (name, labels), count in earlier.items():
            if re.search("_(total|bucket|count|sum)$", name):
                assert later[name, labels] >= count, name


def test_states_and_engines_are_those_of_the_line(watched: Watched) -> None:
    first, after = samples_of(watched.first), samples_of(watched.after)
    assert value(first, "inspector_line_state", state="running") == 1
    assert value(after, "inspector_line_state", state="stopped") == 1
    assert value(first, "inspector_health", signal="maintenance_required") == 1
    assert value(first, "inspector_health", signal="normal") == 0
    reason = {"part": "engines", "code": "cpu_fallback", "signal": "maintenance_required"}
    assert value(first, "inspector_health_reason", **reason) == 1
    assert value(first, "inspector_publisher_up") == 1
    assert value(after, "inspector_publisher_up") == 0
    assert value(first, "inspector_ring_slots_free") == value(first, "inspector_ring_slots") == 64
    engines = [dict(labels) for name, labels in first if name == "inspector_engine_info"]
    assert {engine["engine"] for engine in engines} == {"gate", "segmenter"}
    for engine in engines:
        assert (engine["role"], engine["bundle"]) == ("active", watched.line.bundle.id)
        assert (engine["runtime"], engine["processor"]) == ("openvino", "cpu")
        assert engine["device"] == watched.line.inference.active.supervisor.device
    assert value(first, "inspector_engine_cpu_fallback", bundle=watched.line.bundle.id, role="active") == 0
    assert value(first, "inspector_gpu_temperature_celsius", gpu="0", name="a GPU") == 41


def test_every_stage_is_counted(watched: Watched) -> None:
    """42 frames can be inspected: 21 are clean and 21 let through; 20 are lost in 20 gaps, 20 cannot be read."""
    after = samples_of(watched.after)

    def count(stage: str) -> float:
        return value(after, "inspector_stage_seconds_count", stage=stage)

    assert [count("queued"), count("judging"), count("publishing")] == [42, 21, 82]
    for engine, frames in (("gate", 42), ("segmenter", 21)):
        assert count(engine) == count(f"{engine}_wait") == value(after, "inspector_batch_frames_count", engine=engine)
        assert value(after, "inspector_batch_frames_sum", engine=engine) == frames
        assert 0 < value(after, "inspector_stage_seconds_sum", stage=engine) < 82 * DEADLINE_S
    assert value(after, "inspector_gate_frames_total", camera="top", decision="clean") == 21
    assert value(after, "inspector_gate_frames_total", camera="top", decision="let_through") == 21
    defects = [
        n for (name, labels), n in after.items() if name == "inspector_defects_total" and ("camera", "top") in labels
    ]
    assert sum(defects) >= 21
    assert len(defects) == len(watched.line.bundle.classes)
    assert value(after, "inspector_camera_gaps_total", camera="top") == 20
    assert value(after, "inspector_inference_frames_in_flight") == value(after, "inspector_judging_waiting") == 0


def test_publications_and_journal_are_those_of_the_results(watched: Watched) -> None:
    after = samples_of(watched.after)
    published = watched.line.results.snapshot()
    assert published.published > 82 - 20
    assert value(after, "inspector_publications_total", camera="top") == published.published
    assert value(after, "inspector_journal_committed_total") == published.published
    assert (
        value(after, "inspector_published_bytes_total") == value(after, "inspector_journal_committed_bytes_total") > 0
    )
    assert value(after, "inspector_journal_lag_seconds") == 0
    assert value(after, "inspector_keys_refused_total") == value(after, "inspector_connections") == 0
    assert value(after, "inspector_connections_cut_off_total", cause="slow") == 0
    assert value(after, "inspector_journal_dropped_total") == value(after, "inspector_journal_failing") == 0


def test_the_histogram_has_buckets_around_the_deadline(watched: Watched) -> None:
    after = samples_of(watched.after)
    buckets = {
        float(dict(labels)["le"]): count
        for (name, labels), count in after.items()
        if name == "inspector_verdict_latency_seconds_bucket"
    }
    assert {round(part * DEADLINE_S, 3) for part in (0.05, 0.9, 1, 1.1, 5)} | {math.inf} < set(buckets)
    assert list(buckets.values()) == sorted(buckets.values())
    assert buckets[math.inf] == value(after, "inspector_verdict_latency_seconds_count") == 82
    assert buckets[DEADLINE_S] == 82
    assert 0 < value(after, "inspector_verdict_latency_seconds_sum") < 82 * watched.line.latency.max_us / 1e6
    assert value(after, "inspector_deadline_seconds") == DEADLINE_S


def test_exported_names_types_and_labels_are_those_of_the_document(watched: Watched) -> None:
    """Of a line in all its parts: deadline, journal, engines that run."""
    samples = samples_of(watched.first)
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", watched.first, flags=re.MULTILINE))
    exported = {
        name: (kind, {label for (one, labels) in samples if one in (name, f"{name}_bucket") for label, _ in labels})
        for name, kind in types.items()
    }
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*)\| [^|]*\| \S[^|]* \|$", DOCUMENT, flags=re.MULTILINE)
    assert {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows} == exported
    asked = set(re.findall(r"\binspector_\w+", DOCUMENT))
    assert {re.sub("_(bucket|count|sum)$", "", name) for name in asked} <= set(exported)
    assert set(re.findall(r"^# HELP (\S+) \S", watched.first, flags=re.MULTILINE)) == set(types)


def test_a_restarted_child_is_counted(start_line) -> None:
    camera = GatedCamera([CLEAN] * 3, burst=1)
    running = start_line({"top": camera})
    supervisor = running.line.inference.active.supervisor
    with MetricsServer(LOOPBACK, LineMetrics(running.line)) as server:
        before = supervisor.child_pid
        os.kill(before, signal.SIGKILL)
        eventually(lambda: value(scrape(server), "inspector_inference_restarts_total") == 1)
        labels = {"bundle": running.line.bundle.id, "role": "active", "state": "ready"}
        eventually(lambda: value(scrape(server), "inspector_inference_children", **labels) == 1, 20)
        assert supervisor.child_pid != before


def test_a_client_that_never_reads_delays_neither_scrapes_nor_the_stop(start_line) -> None:
    running = start_line({"top": ListCamera([CLEAN, BAD], rate_hz=100, endless=True)})
    with MetricsServer(LOOPBACK, LineMetrics(running.line)) as server:
        port = int(server.url.split(":")[2].split("/")[0])
        with socket.create_connection(("127.0.0.1", port)) as silent:
            silent.sendall(b"GET /metrics HTTP/1.1\r\n\r\n" * 50)
            begun = time.monotonic()
            assert value(scrape(server), "inspector_line_state", state="running") == 1
            assert time.monotonic() - begun < 1
            begun = time.monotonic()
            running.line.stop()
            assert time.monotonic() - begun < 2


def test_a_line_that_has_not_started_has_metrics_too(tiny_bundle: Bundle) -> None:
    """While engines load; without a deadline and a journal."""
    config = tiny_config(tiny_bundle.path, None, deadline_ms=None)
    with Line(config, tiny_bundle) as line, MetricsServer(LOOPBACK, LineMetrics(line)) as server:
        found = scrape(server)
        assert value(found, "inspector_line_state", state="starting") == 1
        assert value(found, "inspector_line_info", line="t", epoch=line.epoch.epoch) == 1
        assert sum(count for (name, _), count in found.items() if name == "inspector_frames_total") == 0
        assert not [name for name, _ in found if name.startswith(("inspector_journal", "inspector_deadline"))]
        assert [__version__] == [dict(labels)["version"] for name, labels in found if name == "inspector_build_info"]


def test_a_bundle_loaded_a_second_time_is_no_duplicate(tiny_bundle: Bundle) -> None:
    config = tiny_config(tiny_bundle.path, None)
    with Line(config, tiny_bundle) as line, MetricsServer(LOOPBACK, LineMetrics(line)) as server:
        for _ in range(2):
            line.bundles.load(tiny_bundle)
        found = scrape(server)
    loading = [
        count
        for (name, labels), count in found.items()
        if name == "inspector_inference_children" and ("role", "loading") in labels
    ]
    assert sum(loading) == 2
