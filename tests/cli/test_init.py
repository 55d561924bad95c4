"""A new line's configuration: whatever is answered, it is what the file holds; what cannot be used is one line; nothing is left half made."""

from __future__ import annotations

import io
import re
import signal
import stat
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import cv2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engines.bundle import Bundle
from inspector.cli.new_line.asking import Answers
from inspector.cli.new_line.configuration import line_configuration
from inspector.cli.new_line.limits import DEADLINE_MS, KEEP_DAYS, MM_PER_PX, RATE_HZ
from inspector.cli.new_line.questions import line_questions
from inspector.cli.new_line.server_keys import ServerKeys
from inspector.cli.new_line.service_paths import ServicePlaces
from inspector.cli.new_line.text import LONGEST_COMMENT, line_text
from inspector.config.genicam import GenicamConfig
from inspector.config.load import load_config, parse_config
from inspector.config.replay import ReplayConfig
from inspector.config.simulator import SimulatorConfig
from inspector.config.tree import LineConfig
from inspector.config.verdicts import Scale
from inspector.errors import UserError
from inspector.protocol.control import Role
from inspector.protocol.keys import read_secret_key_file
from inspector.results.allow_list import AllowList
from tests.cli.command import COMMAND, inspector
from tests.cli.in_process import Ended, refused, run
from tests.cli.test_numbers import NO_NUMBERS
from tests.tiny_bundle import frame_with

CPU = "--engines=cpu"
"""Given where a test is not about it: the default is looked for by a process of its own."""
QUIET = ("--no-input", CPU)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in which the command runs."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def frames(here: Path) -> Path:
    folder = here / "frames"
    folder.mkdir()
    for number, squares in enumerate([[], [(192, 4)], []]):
        cv2.imwrite(str(folder / f"f{number}.png"), frame_with(squares))
    return folder


def asked(monkeypatch: pytest.MonkeyPatch, answers: str, *options: str) -> Ended:
    """Run the command with what somebody types."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(answers))
    return run("init", *options)


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_without_an_answer_a_line_has_the_defaults_of_the_configuration(here: Path) -> None:
    done = run("init", "hot-1.yaml", *QUIET)
    assert done.status == 0, done
    config = load_config(Path("hot-1.yaml"))
    usual = parse_config("line: l\ncameras: [{name: c, source: {kind: simulator}}]", "-")
    assert config.line == "hot-1"
    assert (config.bundle, config.deadline_ms, config.verdicts) == (usual.bundle, usual.deadline_ms, usual.verdicts)
    assert config.cameras[0].source == SimulatorConfig(rate_hz=10)
    assert (config.results, config.journal) == (usual.results, usual.journal)
    assert everything(here) == ["hot-1.yaml"]
    assert run("config", "check", "hot-1.yaml").status == 0


def test_it_ends_with_the_next_commands() -> None:
    done = run("init", "my line.yaml", *QUIET)
    assert done.out.splitlines()[0] == "wrote my line.yaml: line line1"
    assert [line.strip() for line in done.out.splitlines()[-3:]] == [
        "inspector config check 'my line.yaml'",
        "inspector doctor -c 'my line.yaml'",
        "inspector run -c 'my line.yaml'",
    ]


def test_a_line_that_it_wrote_runs(frames: Path, tiny_bundle: Bundle) -> None:
    done = run(
        "init", "--frames=frames", f"--bundle={tiny_bundle.path}", "--results=tcp://127.0.0.1:*", "--deadline-ms=30000", *QUIET
    )  # fmt: skip
    assert done.status == 0, done
    assert run("config", "check", "line.yaml").status == 0
    ran = inspector("run", "-c", "line.yaml")
    assert ran.returncode == 0, ran.stderr
    assert "top: 3 frames" in ran.stderr
    assert Path("journal.sqlite").is_file()


def test_every_key_has_a_comment_of_one_line(frames: Path) -> None:
    run("init", "--frames=frames", "--results=tcp://*:5550", *QUIET)
    lines = Path("line.yaml").read_text().splitlines()
    for number, line in enumerate(lines):
        if line.strip().startswith("#"):
            assert len(line.strip()) <= LONGEST_COMMENT + 2, line
        elif re.search(r": \S", line) and "kind:" not in line and "{verdict" not in line and "mm_per" not in line:
            assert lines[number - 1].strip().startswith("# "), line


def test_what_is_typed_is_what_the_file_holds(
    frames: Path, tiny_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = [
        "hot",
        "replay",
        "frames",
        "120.5",
        str(tiny_bundle.path),
        "GPU",
        "0.5,0.25",
        "80",
        "6001",
        "j.sqlite",
        "7",
    ]
    done = asked(monkeypatch, "\n".join(typed) + "\n")
    assert done.status == 0, done
    config = load_config(Path("line.yaml"))
    camera = config.cameras[0]
    assert isinstance(camera.source, ReplayConfig)
    assert (config.line, camera.source.path, camera.source.rate_hz) == ("hot", "frames", 120.5)
    assert (config.bundle, config.inference.allow_cpu, config.deadline_ms) == (str(tiny_bundle.path), False, 80)
    assert camera.scale == Scale(mm_per_px_x=0.5, mm_per_px_y=0.25)
    assert config.results.endpoint == "tcp://127.0.0.1:6001"
    assert (config.journal.path, config.journal.keep_days) == ("j.sqlite", 7)


def test_enter_takes_the_default_and_what_is_given_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    done = asked(monkeypatch, "\n" * 8, CPU, "--line=l7")
    assert done.status == 0, done
    assert "Name of the line" not in done.out
    assert "Longest time from capture to verdict, in ms [100]: " in done.out
    assert done.out.count("Ctrl-C") == 1
    assert load_config(Path("line.yaml")).line == "l7"


def test_with_every_option_nothing_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    options = ["--line=l", "--camera=simulator", "--rate=10", "--bundle=demo", CPU, "--scale=none", "--deadline-ms=100"]
    done = asked(monkeypatch, "", *options, "--results=5550", "--journal=none")
    assert done.status == 0, done
    assert load_config(Path("line.yaml")).journal.path is None


WRONG = [
    ("line", "a b", "found 'a b', expected letters, digits"),
    ("line", "a\n", "found 'a"),
    ("camera", "gige", "found 'gige', expected genicam, replay or simulator"),
    ("frames", "nowhere", "found 'nowhere', expected a folder with recorded frames"),
    ("frames", "", "found '', expected a folder with recorded frames"),
    ("frames", "empty", "empty"),
    ("frames", "~nobody-has-this-name", "no home directory is known"),
    ("frames", "x\udcff", "found 'x\N{REPLACEMENT CHARACTER}', expected a path in UTF-8"),
    ("bundle", "nowhere", "nowhere: no model bundle there"),
    ("bundle", "", "found '', expected a bundle directory"),
    ("engines", "tpu", "found 'tpu', expected cpu or gpu"),
    ("rate", "none", "found 'none', expected a number"),
    ("scale", "0", "found '0', expected a number"),
    ("scale", "1,2,3", "found '1,2,3', expected"),
    ("scale", "1,", "found '', expected"),
    ("deadline-ms", "none", "found 'none', expected a number"),
    ("results", "0", "found '0', expected a port from 1 to 65534"),
    ("results", "70000", "found '70000', expected a port from 1 to 65534"),
    ("results", "localhost", "found 'localhost', expected a port, or tcp://ADDRESS:PORT"),
    ("results", "tcp://*", "found 'tcp://*', expected a port, or tcp://ADDRESS:PORT"),
    ("results", "ipc://x", "found 'ipc://x', expected a port, or tcp://ADDRESS:PORT"),
    ("journal", "empty", "found 'empty', expected a file, and this is a folder"),
    ("journal", "nowhere/j.sqlite", "the folder nowhere does not exist"),
    ("journal", "line.yaml", "line.yaml is the configuration itself"),
    ("journal", "", "found '', expected an SQLite file"),
    ("keep-days", "0", "found '0', expected a number above 0"),
    ("journal", "x\0y", "found 'x"),
]


@pytest.mark.parametrize(("option", "answer", "told"), WRONG)
def test_an_option_that_cannot_be_used_is_one_line(here: Path, option: str, answer: str, told: str) -> None:
    (here / "empty").mkdir()
    line = refused("init", f"--{option}={answer}", *(one for one in QUIET if not one.startswith(f"--{option}")))
    assert line.startswith(f"inspector: --{option}: {told}") or told in line, line
    assert len(line) < 300
    assert everything(here) == ["empty"]


@pytest.mark.parametrize("option", ["rate", "scale", "deadline-ms", "keep-days"])
def test_no_number_is_one_line(here: Path, option: str) -> None:
    for answer in NO_NUMBERS:
        assert refused("init", f"--{option}={answer}", *QUIET).startswith(f"inspector: --{option}: found ")
    assert everything(here) == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--camera=replay"], "--frames: found ''"),
        (["--camera=simulator", "--frames=frames"], "--frames: is for --camera replay, and this is simulator"),
        (["--camera=replay", "--frames=frames", "--device=1"], "--device: is for --camera genicam, and this is replay"),
        (["--device=1", "--rate=5"], "--rate: a camera has its own rate"),
        (["--journal=none", "--keep-days=3"], "--keep-days: there is no journal to keep"),
    ],
)
def test_answers_that_exclude_each_other_are_one_line(frames: Path, options: list[str], told: str) -> None:
    assert told in refused("init", *options, *QUIET)
    assert not Path("line.yaml").exists()


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("192.168.1.10", GenicamConfig(address="192.168.1.10")),
        ("00:11:22:33:44:55", GenicamConfig(mac="00:11:22:33:44:55")),
        ("22123456", GenicamConfig(serial="22123456")),
        ("", GenicamConfig()),
    ],
)
def test_a_camera_is_named_by_address_mac_or_serial(name: str, source: GenicamConfig) -> None:
    options = [f"--device={name}"] if name else ["--camera=genicam"]
    assert run("init", *options, *QUIET).status == 0
    assert load_config(Path("line.yaml")).cameras[0].source == source


def test_a_wrong_answer_is_told_and_asked_again(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "empty").mkdir()
    by_option: dict[str, list[str]] = {}
    for option, answer, _ in WRONG:
        if answer and "\n" not in answer:
            by_option.setdefault(option, []).append(answer)
    right = ["l", "replay", "frames", "5", "demo", "cpu", "none", "9", "5551", "j.sqlite", "none"]
    names = [
        "line",
        "camera",
        "frames",
        "rate",
        "bundle",
        "engines",
        "scale",
        "deadline-ms",
        "results",
        "journal",
        "keep-days",
    ]
    (here / "frames").mkdir()
    cv2.imwrite("frames/a.png", frame_with([]))
    typed = [one for name, answer in zip(names, right, strict=True) for one in (*by_option.get(name, []), answer)]
    done = asked(monkeypatch, "\n".join(typed) + "\n")
    assert done.status == 0, done
    assert done.err == ""
    assert done.out.count("  found 'gige', expected genicam, replay or simulator\n") == 1
    assert "--camera" not in done.out
    config = load_config(Path("line.yaml"))
    assert (config.line, config.deadline_ms, config.journal.keep_days) == ("l", 9, None)


def test_the_end_of_the_input_leaves_nothing_and_says_so(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for answered in range(10):
        done = asked(monkeypatch, "\n" * answered, CPU, "--results=tcp://*:5550", "--camera=simulator")
        if done.status == 0:
            assert answered == 7
            return
        assert done.status == 2
        assert "the input ended before the last answer; nothing was written" in done.err
        assert everything(here) == []
    pytest.fail("all was answered")


def test_ctrl_c_leaves_nothing_and_says_so(here: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "init"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        assert "Ctrl-C" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=20)
    assert (process.returncode, error.strip()) == (130, "inspector: interrupted; nothing was written")
    assert everything(here) == []


def test_a_file_that_is_there_is_replaced_only_by_force(here: Path) -> None:
    Path("line.yaml").write_text("mine")
    assert "line.yaml: is there already; --force replaces it" in refused("init", *QUIET)
    assert Path("line.yaml").read_text() == "mine"
    assert run("init", "--force", *QUIET).status == 0
    assert load_config(Path("line.yaml")).line == "line"
    assert "is a folder" in refused("init", here, "--force", *QUIET)
    assert "its folder does not exist" in refused("init", "nowhere/line.yaml", *QUIET)


def test_a_file_that_is_read_is_not_replaced_even_by_force(frames: Path, tiny_bundle: Bundle) -> None:
    before = (frames / "f0.png").read_bytes()
    assert "is one of these frames" in refused("init", "frames/f0.png", "--frames=frames", "--force", *QUIET)
    assert (frames / "f0.png").read_bytes() == before
    manifest = tiny_bundle.path / "bundle.yaml"
    told = refused("init", manifest, f"--bundle={tiny_bundle.path}", "--force", *QUIET)
    assert "is a file of this bundle" in told


def test_an_address_that_others_can_reach_gets_keys(here: Path) -> None:
    done = run("init", "etc.yaml", "--results=tcp://*:5550", *QUIET)
    assert done.status == 0, done
    assert everything(here) == [
        "etc-keys",
        "etc-keys/clients",
        "etc-keys/etc.key",
        "etc-keys/etc.key_secret",
        "etc.yaml",
    ]
    secret = Path("etc-keys/etc.key_secret")
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert (
        "inspector keys allow NAME.key --role subscriber --clients etc-keys/clients; give it etc-keys/etc.key"
        in done.out
    )
    assert run("config", "check", "etc.yaml").status == 0
    keys = load_config(Path("etc.yaml")).keys
    assert keys is not None
    assert AllowList(keys, "results", Role.SUBSCRIBER).clients() == []
    before = read_secret_key_file(secret)
    again = run("init", "etc.yaml", "--results=tcp://*:5551", "--line=other", "--force", *QUIET)
    assert "kept the keys in etc-keys" in again.out
    assert read_secret_key_file(secret) == before


@pytest.mark.parametrize("damage", ["no pair", "no list", "a file"])
def test_a_folder_of_keys_that_cannot_be_used_is_one_line(here: Path, damage: str) -> None:
    keys = here / "line-keys"
    if damage == "a file":
        keys.write_text("mine")
    else:
        (keys / ("clients" if damage == "no pair" else "other")).mkdir(parents=True)
    before = everything(here)
    assert "line-keys" in refused("init", "--results=tcp://*:5550", *QUIET)
    assert everything(here) == before


def test_keys_are_not_left_without_their_configuration(here: Path) -> None:
    keys = ServerKeys.of(Path("line.yaml"))
    for failing in (True, False):
        with suppress(KeyboardInterrupt), keys.made():
            assert keys.are_there()
            if failing:
                raise KeyboardInterrupt
        assert keys.are_there() is not failing
        assert bool(everything(here)) is not failing


def test_a_name_that_is_too_long_for_its_keys_is_one_line(here: Path) -> None:
    assert "too long" in refused("init", "x" * 246 + ".yaml", "--results=tcp://*:5550", *QUIET)
    assert everything(here) == []


def test_paths_are_written_relative_to_the_file_where_they_lie_below_it(
    here: Path, frames: Path, tiny_bundle: Bundle
) -> None:
    (here / "etc").mkdir()
    (here / "etc" / "mine").symlink_to(tiny_bundle.path)
    done = run("init", "etc/l.yaml", "--frames=frames", "--bundle=etc/mine", "--journal=etc/j.sqlite", *QUIET)
    assert done.status == 0, done
    text = Path("etc/l.yaml").read_text()
    assert f"path: {frames}\n" in text
    assert "bundle: mine\n" in text
    assert "path: j.sqlite\n" in text
    assert run("config", "check", "etc/l.yaml").status == 0
    default = run("init", "etc/m.yaml", *QUIET)
    assert default.status == 0
    assert "path: journal.sqlite\n" in Path("etc/m.yaml").read_text()


def test_an_absolute_place_for_the_file_makes_no_path_in_it_absolute(here: Path) -> None:
    assert run("init", here / "l.yaml", f"--journal={here}/j.sqlite", "--results=tcp://*:1", *QUIET).status == 0
    assert str(here) not in Path("l.yaml").read_text()
    assert run("init", here / "~l.yaml", f"--journal={here}/~j.sqlite", "--results=tcp://*:1", *QUIET).status == 0
    assert load_config(here / "~l.yaml").journal.path == f"{here}/~j.sqlite", "relative, it would be somebody's home"
    assert run("config", "check", "l.yaml", here / "~l.yaml").status == 0


def test_the_name_of_an_included_bundle_means_that_one(here: Path, tiny_bundle: Bundle) -> None:
    """Although beside the file there is another one of its name."""
    (here / "etc").mkdir()
    (here / "etc" / "demo").symlink_to(tiny_bundle.path)
    assert run("init", "etc/l.yaml", "--bundle=demo", *QUIET).status == 0
    assert "bundle demo-" in run("config", "check", "etc/l.yaml").out


def test_the_default_of_the_engines_is_what_the_machine_has() -> None:
    from engines.gpu import find_gpu

    assert run("init", "--no-input").status == 0
    assert load_config(Path("line.yaml")).inference.allow_cpu or not isinstance(find_gpu(), str)


@pytest.mark.parametrize("name", ["\x85.s", "a\nb", "\u2028", "'\"\\ #: {", "null", "a " * 60 + "b"])
def test_a_strange_name_of_a_journal_is_written_as_it_is(name: str) -> None:
    assert run("init", f"--journal=./{name}", *QUIET).status == 0
    journal = load_config(Path("line.yaml")).journal.path
    assert journal is not None
    assert Path(journal) == Path(name)


def number(limits: tuple[float, ...]) -> st.SearchStrategy[float]:
    return st.floats(limits[0], limits[1], exclude_min=True, allow_nan=False)


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=30)
ANSWERS = st.fixed_dictionaries(
    {
        "line": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}", fullmatch=True),
        "rate": number(RATE_HZ),
        "engines": st.sampled_from(["cpu", "gpu"]),
        "scale": st.none() | st.tuples(number(MM_PER_PX), number(MM_PER_PX)),
        "deadline_ms": number(DEADLINE_MS),
        "port": st.integers(1, 65534),
        "address": st.sampled_from(["", "127.0.0.1", "[::1]", "localhost", "*", "10.0.0.7", "[fe80::1]"]),
        "journal": st.none() | NAMES.filter(lambda name: name[0] != "~"),
        "keep_days": st.none() | number(KEEP_DAYS),
        "stem": NAMES,
    }
)


@given(ANSWERS)
@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_answered_the_file_loads_to_it(answers: dict[str, object]) -> None:
    scale, journal, port, address = (answers[key] for key in ("scale", "journal", "port", "address"))
    file = Path(f"{answers['stem']}.yaml")
    given_ = {
        "line": answers["line"],
        "camera": "simulator",
        "rate": repr(answers["rate"]),
        "engines": answers["engines"],
        "scale": "none" if scale is None else ",".join(map(repr, scale)),  # type: ignore[call-overload]
        "deadline_ms": repr(answers["deadline_ms"]),
        "results": f"tcp://{address}:{port}" if address else str(port),
        "journal": "none" if journal is None else f"./{journal}.sqlite",
        "keep_days": None
        if journal is None
        else "none"
        if answers["keep_days"] is None
        else repr(answers["keep_days"]),
    }
    config = line_configuration(Answers(line_questions(file), given_, ask=False), file)  # type: ignore[arg-type]
    read: LineConfig = parse_config(line_text(config), "-")
    assert read == config
    assert (read.line, read.deadline_ms) == (answers["line"], answers["deadline_ms"])
    assert read.cameras[0].source.rate_hz == answers["rate"]
    assert read.inference.allow_cpu is (answers["engines"] == "cpu")
    found = read.cameras[0].scale
    assert (found and (found.mm_per_px_x, found.mm_per_px_y)) == scale
    assert read.results.endpoint == f"tcp://{address or '127.0.0.1'}:{port}"
    assert (read.keys is None) == (address in ("", "127.0.0.1", "[::1]", "localhost"))
    assert read.journal.path == (None if journal is None else f"{journal}.sqlite")
    assert journal is None or read.journal.keep_days == answers["keep_days"]


def test_a_line_for_the_service_has_its_files_where_the_service_has_them() -> None:
    done = run("init", "strip-1.yaml", "--service", "--results=tcp://*:5550", *QUIET)
    assert done.status == 0, done
    config = load_config(Path("strip-1.yaml"))
    assert config.journal.path == "/var/lib/inspector/strip-1/journal.sqlite"
    assert config.keys is not None
    assert config.keys.secret_key == "/run/credentials/inspector@strip-1.service/strip-1.key_secret"
    assert f"LoadCredential=strip-1.key_secret:{Path('strip-1-keys/strip-1.key_secret').resolve()}" in done.out
    assert "  systemctl enable --now inspector@strip-1" in done.out.splitlines()
    assert run("config", "check", "strip-1.yaml").status == 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("strip.yml",), "is named after its file"),
        (("two words.yaml",), "is named after its file"),
        (("l.yaml", "--journal=journal.sqlite"), "the service writes to /var/lib/inspector/l only"),
    ],
)
def test_what_the_service_cannot_use_is_refused(options: tuple[str, ...], said: str) -> None:
    assert said in refused("init", *options, "--service", *QUIET)


def test_the_service_does_not_see_home_folders() -> None:
    with pytest.raises(UserError, match="does not see"):
        ServicePlaces(Path("l.yaml")).check_readable("--frames", Path("/home/me/frames"))
