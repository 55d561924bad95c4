"""What commands print steers no terminal, and no rich."""

from __future__ import annotations

import ast
import io
import json
import logging
import shutil
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import yaml
from rich.table import Table
from rich.text import Text

from engines.bundle import Bundle
from engines.files.text import printable
from engines.tensorrt.cache import PlanCache
from inspector.cli import progress
from inspector.cli.output import console, json_text, shown, tell
from inspector.service.log import log_to_stderr
from tests.cli.in_process import run
from tests.engines.tensorrt.plans import PLAN, metadata_with

HOSTILE = "\x1b]0;title\x07\x1b[2J\x9b31m\x7f\u202e a[/b] [red] :smile:"
CLEAN = "\ufffd]0;title\ufffd\ufffd[2J\ufffd31m\ufffd\ufffd a[/b] [red] :smile:"
CLI = Path(progress.__file__).parent


def test_tables_titles_texts_and_lines_are_cleaned() -> None:
    name = HOSTILE.replace("\x07", "")  # rich itself drops the bell from what is no Text
    out = io.StringIO()
    with redirect_stdout(out):
        printer = console()
        table = Table(title=name)
        table.add_column(name, no_wrap=True)
        table.add_row(name)
        table.add_row(Text(name))
        printer.print(table, width=80)
        printer.print(name, soft_wrap=True)
        printer.print(shown(name), soft_wrap=True)
        tell(name)
    assert out.getvalue().count(printable(name)) == 7
    assert all(one.isprintable() for one in out.getvalue().splitlines())


def test_progress_takes_names_as_they_are() -> None:
    err = io.StringIO()
    with redirect_stderr(err):
        with progress.live_line(HOSTILE, 2) as update:
            update(1, {})
        with progress.counting(HOSTILE, 2) as count:
            count(1)
        with progress.steps() as begin:
            begin(HOSTILE, 2)(1)
        with progress.phases(HOSTILE, HOSTILE) as told:
            told(HOSTILE, 0, 2)
    assert "\x1b]0" not in err.getvalue()


def test_json_means_the_same_and_is_printable() -> None:
    text = json_text({HOSTILE: [1.5, float("nan"), "\U0001f600\U000e0001\u2028"]})
    assert all(one.isprintable() for one in text.splitlines())
    assert json.loads(text) == {HOSTILE: [1.5, None, "\U0001f600\U000e0001\u2028"]}
    assert json.loads(json_text({"path": ("x\udcff",)})) == {"path": ["x\ufffd"]}


def test_the_log_is_cleaned(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    before = root.handlers[:]
    try:
        log_to_stderr("info")
        try:
            raise ValueError(HOSTILE)
        except ValueError:
            logging.getLogger("x").exception("camera %s\nforged", HOSTILE)
    finally:
        root.handlers[:] = before
    first, *rest = capsys.readouterr().err.splitlines()
    assert first.endswith(f"camera {CLEAN}\\nforged")
    assert rest[-1] == f"    ValueError: {CLEAN}"


def test_no_command_has_a_way_of_its_own_to_print() -> None:
    for path in sorted(CLI.glob("*.py")):
        if path.name in ("output.py", "clean_output.py", "ending.py"):
            continue
        nodes = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        assert not {node.id for node in nodes if isinstance(node, ast.Name)} & {"print", "Console"}, path
        assert path.name == "app.py" or "typer.echo" not in path.read_text(), path


@pytest.fixture
def hostile(tiny_bundle: Bundle, tmp_path: Path) -> Path:
    """A sound bundle whose texts would steer a terminal, and rich."""
    folder = tmp_path / "bundle [red]"
    shutil.copytree(tiny_bundle.path, folder)
    for name in ("bundle.yaml", "operating_point.yaml"):
        told = yaml.safe_load((folder / name).read_text())
        text = json.dumps(told).replace('"bright"', json.dumps(f"bright{HOSTILE}"))
        told = json.loads(text)
        if name == "bundle.yaml":
            told["version"] = f"2{HOSTILE}"
        (folder / name).write_text(yaml.safe_dump(told, allow_unicode=False))
    return folder


def printable_output(*arguments: str | Path) -> str:
    """What a command prints, which steers nothing."""
    ended = run(*arguments)
    told = ended.out + ended.err
    assert all(line.isprintable() for line in told.split("\n")), told
    return told


def test_bundles(hostile: Path) -> None:
    shown = printable_output("bundle", "show", hostile)
    assert "a[/b]" in shown or "bundle.yaml" in shown  # as it is, or refused in one line
    printable_output("bundle", "show", hostile, "--json")
    manifest = hostile / "bundle.yaml"
    manifest.write_text(manifest.read_text().replace("files:", 'files:\n  "\\e[2Jx": aa'))
    printable_output("bundle", "verify", hostile)


def test_plans(tmp_path: Path) -> None:
    cache = PlanCache(tmp_path / "plans")
    cache.store(metadata_with(bundle=HOSTILE, driver=HOSTILE, network=HOSTILE), PLAN)
    damaged = cache.store(metadata_with(bundle="other"), PLAN)
    damaged.with_suffix(".json").write_text('{"\\u001b[2J": 1}')
    for command in (["list"], ["list", "--json"], ["verify"], ["clean", "--yes"]):
        assert "\ufffd" in printable_output("engines", *command, "--cache", cache.folder) or "--json" in command
