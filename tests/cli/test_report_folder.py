"""The folder of a report: what is there and not of a report stays, and no report is read as frames."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from engines.errors import FileError
from engines.files.writing import temporary_folder
from inspector.cli.report_folder import begin_journal, frame_folders, prepare_report
from inspector.results.identity import Identity
from tests.cli.in_process import refused
from tests.engines.data.sets import sheet, write_image
from tests.results.publishing import make_identity
from tests.results.test_journal import make_journal, publications


def written(path: Path) -> Identity:
    """Write a few publications into the journal."""
    identity = make_identity()
    journal = make_journal(path, identity)
    journal.open()
    for publication in publications(identity, 5):
        journal.append(publication)
    assert journal.close(5)
    return identity


def test_a_journal_of_a_line_is_never_replaced(tmp_path: Path) -> None:
    written(tmp_path / "journal.sqlite")
    (tmp_path / "journal.sqlite.bak-2026").write_text("backup")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write_image(tmp_path / "frames" / "a.png", sheet(1))
    told = refused("replay", tmp_path / "frames", "--report", tmp_path)
    assert (
        told == f"inspector: --report {tmp_path}: journal.sqlite there is not of an earlier report; name another folder"
    )
    assert {name: (tmp_path / name).read_bytes() for name in before} == before


def test_a_report_replaces_the_journal_of_an_earlier_one(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite.bak").write_text("backup")
    for _ in range(2):
        journal = begin_journal(tmp_path)
        assert sorted(one.name for one in tmp_path.iterdir()) == ["journal.sqlite", "journal.sqlite.bak"]
        written(journal)


def test_an_earlier_report_that_was_not_finished_can_be_made_again(tmp_path: Path) -> None:
    journal = begin_journal(tmp_path)
    identity = make_identity()
    unfinished = make_journal(journal, identity)
    unfinished.open()
    unfinished.append(publications(identity, 1)[0])
    assert unfinished.close(5)
    begin_journal(tmp_path)


def test_a_page_of_others_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("mine")
    with pytest.raises(FileError, match=r"index\.html there is not of an earlier report"):
        prepare_report(tmp_path, {})
    (tmp_path / "report.json").write_text("{}")
    prepare_report(tmp_path, {})


@pytest.mark.parametrize(
    ("source", "report", "refusal"),
    [
        ("set", "set", "is the folder of the frame a.png"),
        ("set/a.png", "set", "is the folder of the frame a.png"),
        ("set/../set", "link", "is the folder of the frame a.png"),
        ("set/**/*.png", "set/new/report", "a folder below"),
        ("s*/*.png", "second", "a folder in which"),
        ("set", "set/report", ""),
        ("s*/*.png", "other", ""),
        ("s*/*.jpg", "second", ""),
    ],
)
def test_a_report_is_never_put_where_its_pictures_would_be_frames(
    source: str, report: str, refusal: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    frame = write_image(Path("set/a.png"), sheet(1))
    Path("link").symlink_to("set")
    read = frame_folders(source, [frame], Path(report))
    if refusal:
        with pytest.raises(FileError, match=refusal):
            prepare_report(Path(report), read)
    else:
        prepare_report(Path(report), read)


def test_without_a_temporary_folder_it_says_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/proc"])
    with (
        pytest.raises(FileError, match=r"^no folder for temporary files; set TMPDIR, or give --report$"),
        temporary_folder("inspector-", ", or give --report"),
    ):
        pass
    monkeypatch.setattr(tempfile, "tempdir", "/proc")
    with (
        pytest.raises(FileError, match=r"no folder for temporary files \(.*\); set TMPDIR$"),
        temporary_folder("inspector-"),
    ):
        pass
