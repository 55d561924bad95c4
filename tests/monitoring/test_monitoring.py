"""The rules, the scrape configuration and the dashboard of configs/monitoring, as Prometheus' own checker and the documented metrics see them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "configs/monitoring"
TESTS = Path(__file__).parent / "alerts.test.yml"
PROMTOOL = shutil.which("promtool")
OF_PROMETHEUS = {"instance", "job", "line", "le"}
"""Labels that a scrape adds, or that every histogram has."""
VARIABLES = {"$instance": ".*", "$__rate_interval": "5m"}


@pytest.fixture
def promtool() -> str:
    """Skips where it is not installed, but in CI."""
    if PROMTOOL is None and os.environ.get("INSPECTOR_REQUIRE_PROMTOOL") != "1":
        pytest.skip("promtool is not installed: apt-get install prometheus")
    return str(PROMTOOL)


def checked(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=50, check=False
    )


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))
    return found


def panels() -> list[dict[str, Any]]:
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression of the dashboard, its variables filled in, and of the rules, each with what it is of."""
    for panel in panels():
        for target in panel["targets"]:
            expression = target["expr"]
            for variable, value in VARIABLES.items():
                expression = expression.replace(variable, value)
            assert "$" not in expression, panel["title"]
            yield panel["title"], expression
    for rule in rules():
        yield rule["alert"], rule["expr"]


def documented() -> dict[str, set[str]]:
    """The labels of every metric in docs/metrics.md, which another test holds against the exported page, by the names of its samples."""
    text = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    found: dict[str, set[str]] = {}
    for name, kind, labels in re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*)\|", text, flags=re.MULTILINE):
        for suffix in ("_bucket", "_sum", "_count") if kind == "histogram" else ("",):
            found[name + suffix] = set(re.findall(r"`(\w+)`", labels))
    return found


def test_the_rules_and_the_scrape_configuration_are_sound(promtool: str, tmp_path: Path) -> None:
    done = checked(promtool, "check", "config", "--lint=all", "--lint-fatal", "prometheus.yml", cwd=FOLDER)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_fires_as_it_should_and_a_well_line_is_quiet(promtool: str, tmp_path: Path) -> None:
    """And a rule that no longer fires is found."""
    shutil.copy(FOLDER / "alerts.yml", tmp_path)
    shutil.copy(TESTS, tmp_path)
    done = checked(promtool, "test", "rules", TESTS.name, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    cases = yaml.safe_load(TESTS.read_text(encoding="utf-8"))
    cases["tests"] = [case for case in cases["tests"] if case["name"] == "a hot GPU"]
    (tmp_path / TESTS.name).write_text(yaml.safe_dump(cases), encoding="utf-8")
    text = (FOLDER / "alerts.yml").read_text(encoding="utf-8")
    (tmp_path / "alerts.yml").write_text(text.replace("celsius > 85", "celsius > 95"), encoding="utf-8")
    failed = checked(promtool, "test", "rules", TESTS.name, cwd=tmp_path)
    assert failed.returncode == 1
    assert "InspectorGpuHot" in failed.stdout + failed.stderr


def test_every_alert_has_a_case_and_says_what_to_do() -> None:
    cases = TESTS.read_text(encoding="utf-8")
    for rule in rules():
        assert f'alertname="{rule["alert"]}"' in cases, rule["alert"]
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert {"summary", "action"} == set(rule["annotations"])


def test_the_expressions_of_the_dashboard_are_sound(promtool: str, tmp_path: Path) -> None:
    recorded = [{"record": f"panel:{number}", "expr": text} for number, (_, text) in enumerate(expressions())]
    groups = [{"name": "dashboard", "rules": recorded}]
    (tmp_path / "dashboard.yml").write_text(yaml.safe_dump({"groups": groups}), encoding="utf-8")
    done = checked(promtool, "check", "rules", "dashboard.yml", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(recorded)} rules found" in done.stdout


def test_every_metric_and_label_is_one_that_a_line_exports() -> None:
    known = documented()
    asked = set()
    for what, text in expressions():
        for name, selector in re.findall(r"\b((?:inspector|process)_\w+)(?:\{([^}]*)\})?", text):
            assert name in known, f"{what}: {name}"
            asked.add(name)
            labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))
            assert labels <= known[name] | OF_PROMETHEUS, f"{what}: {name}"
    assert len(asked) > 30


def test_the_dashboard_explains_itself_and_needs_no_plugin() -> None:
    assert {panel["type"] for panel in panels()} <= {"timeseries", "stat", "table"}
    names = {variable["name"]: variable["type"] for variable in dashboard()["templating"]["list"]}
    assert names == {"datasource": "datasource", "instance": "query"}
    numbers = [panel["id"] for panel in dashboard()["panels"]]
    assert len(numbers) == len(set(numbers))
    for panel in panels():
        assert len(panel["description"]) > 20, panel["title"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
