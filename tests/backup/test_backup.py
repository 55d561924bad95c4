"""Backup and restore of a line, through the command line, with real files, a real journal that is written meanwhile, and real gpg."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from inspector.backup import restore as restoring
from inspector.backup.contents import gather
from inspector.backup.journal_copy import copy_journal
from inspector.backup.manifest import MANIFEST, Kind
from inspector.results.journal_reader import JournalReader
from tests.backup.plant import ROWS, Plant
from tests.cli.in_process import refused, run
from tests.results.publishing import eventually, make_identity
from tests.results.recording import make_command
from tests.results.test_journal import ROOT, make_journal, publications


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    return Plant(tmp_path / "plant")


def backed_up(plant: Plant, *options: str | Path) -> Path:
    archive = plant.folder.parent / "backup.tar"
    ended = run("backup", archive, "-c", plant.config, *options)
    assert ended.status == 0, ended
    return archive


def manifest_of(archive: Path) -> dict[str, object]:
    with tarfile.open(archive) as tar:
        file = tar.extractfile(MANIFEST)
        assert file is not None
        return json.load(file)  # type: ignore[no-any-return]


def test_what_was_saved_is_restored_where_it_was(plant: Plant, tmp_path: Path) -> None:
    plant.write_journal()
    os.chmod(plant.config, 0o640)
    archive = backed_up(plant, "--with-bundles")
    before = plant.files()
    shutil.rmtree(plant.folder)
    ended = run("restore", archive)
    assert ended.status == 0, ended
    expected = {path: data for path, data in before.items() if "/keys/" not in path}
    assert plant.files() == expected
    assert "/clients/subscriber/mes.key" in "".join(expected)
    assert stat.S_IMODE(plant.config.stat().st_mode) == 0o640
    assert (
        f"NOT RESTORED     {plant.secret}: not in the backup (a secret key; --keys-with age -r RECIPIENT takes it"
        in ended.out
    )
    with JournalReader(plant.journal) as reader:
        assert (len(list(reader.walk())), reader.commands()) == (ROWS, [make_command()])
    again = run("restore", archive)
    assert f"0 files were written, {len(expected) + 1} were there already" in again.out


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who may give files to others")
def test_files_belong_to_whom_they_belonged(plant: Plant) -> None:
    os.chown(plant.config, 65534, 65534)
    plant.write_journal()
    os.chown(plant.journal, 123456, 123456)
    archive = backed_up(plant)
    shutil.rmtree(plant.folder)
    assert run("restore", archive).status == 0
    assert (plant.config.stat().st_uid, plant.config.stat().st_gid) == (65534, 65534)
    assert plant.journal.stat().st_uid == 123456, "a number stands for itself"


def test_the_output_and_the_manifest_say_what_is_left_out(plant: Plant, tmp_path: Path) -> None:
    archive = backed_up(plant)
    manifest = manifest_of(archive)
    (bundle,) = manifest["bundles"]  # type: ignore[misc]
    assert (bundle["path"], bundle["included"]) == (str(plant.bundle), False)
    assert bundle["id"].startswith("bench-wire-1-")
    left_out = {one["what"]: one["why"] for one in manifest["left_out"]}  # type: ignore[attr-defined]
    assert left_out[f"bundle {bundle['id']} in {plant.bundle}"].endswith("--with-bundles takes them")
    assert "no journal yet" in left_out[str(plant.journal)]
    assert "secret key" in left_out[str(plant.secret)]
    kinds = {Path(one["path"]).name: one["kind"] for one in manifest["files"]}  # type: ignore[attr-defined]
    assert kinds == {"line.yaml": "configuration", "operating_point.yaml": "operating point", "mes.key": "public key"}
    assert b"secret-key" not in archive.read_bytes()
    ended = run("restore", archive, "--to", tmp_path / "elsewhere", "--list")
    assert f"would be written {tmp_path}/elsewhere{plant.config}" in ended.out
    assert f"bundle {bundle['id']} (sha256 of bundle.yaml: {bundle['sha256'][:16]}...): is not there" in ended.out
    assert not (tmp_path / "elsewhere").exists()


def test_a_secret_among_public_keys_and_a_credential_of_systemd_are_left_out(plant: Plant) -> None:
    shutil.copy(plant.secret, plant.clients / "subscriber/misplaced.key")
    copy = "/run/credentials/inspector@line.service/publisher.key_secret"
    plant.change(keys={"secret_key": copy, "clients": "clients"})
    archive = backed_up(plant)
    assert b"secret-key" not in archive.read_bytes()
    left_out = {one["what"]: one["why"] for one in manifest_of(archive)["left_out"]}  # type: ignore[attr-defined]
    assert "secret key" in left_out[str(plant.clients / "subscriber/misplaced.key")]
    assert "--key FILE" in left_out[copy]


def test_the_password_of_a_camera_is_a_secret(plant: Plant) -> None:
    credentials = plant.folder / "top.camera"
    credentials.write_text("line:p@ssw0rd", encoding="utf-8")
    source = {"kind": "opencv", "url": "rtsp://camera/1", "credentials": str(credentials)}
    plant.change(cameras=[{"name": "top", "source": source}])
    archive = backed_up(plant)
    assert b"p@ssw0rd" not in archive.read_bytes()
    left_out = {one["what"]: one["why"] for one in manifest_of(archive)["left_out"]}  # type: ignore[attr-defined]
    assert "secret key" in left_out[str(credentials)]


@contextmanager
def gpg_home(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A keyring of its own, with a key; its address."""
    folder.mkdir(mode=0o700)
    monkeypatch.setenv("GNUPGHOME", str(folder))
    made = [
        "gpg",
        "--batch",
        "--quiet",
        "--passphrase",
        "",
        "--quick-gen-key",
        "backup@plant.example",
        "future-default",
        "default",
        "never",
    ]
    try:
        subprocess.run(made, check=True, capture_output=True, timeout=50)
        yield "backup@plant.example"
    finally:
        subprocess.run(["gpgconf", "--kill", "gpg-agent"], check=False, capture_output=True, timeout=50)


@pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not installed")
def test_secret_keys_are_encrypted_by_gpg_and_restored_for_their_owner_only(
    plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chmod(plant.secret, 0o644)
    extra = plant.folder / "extra.key_secret"
    shutil.copy(plant.secret, extra)
    with gpg_home(tmp_path / "g", monkeypatch) as recipient:
        assert "gpg: cannot encrypt" in refused(
            "backup", tmp_path / "b.tar", "-c", plant.config, "--keys-with", "gpg", "-r", "nobody"
        )
        assert not (tmp_path / "b.tar").exists()
        archive = backed_up(plant, "--keys-with", "gpg", "-r", recipient, "--key", extra)
        assert b"secret-key" not in archive.read_bytes()
        secret = plant.secret.read_bytes()
        shutil.rmtree(plant.folder)
        assert "2 secret keys: encrypted by gpg; --with-keys restores them" in run("restore", archive).out
        assert not plant.secret.exists()
        ended = run("restore", archive, "--with-keys")
    assert ended.status == 0, ended
    assert plant.secret.read_bytes() == extra.read_bytes() == secret
    assert stat.S_IMODE(plant.secret.stat().st_mode) == 0o600
    assert stat.S_IMODE(plant.secret.parent.stat().st_mode) == 0o700


@pytest.mark.skipif(shutil.which("age") is None, reason="age is not installed")
def test_secret_keys_are_encrypted_by_age(plant: Plant, tmp_path: Path) -> None:
    identity = tmp_path / "identity"
    made = subprocess.run(["age-keygen", "-o", str(identity)], check=True, capture_output=True, text=True, timeout=50)
    archive = backed_up(plant, "--keys-with", "age", "-r", made.stderr.split()[-1])
    secret = plant.secret.read_bytes()
    plant.secret.unlink()
    assert "give --identity FILE" in refused("restore", archive, "--with-keys")
    assert run("restore", archive, "--with-keys", "-i", identity).status == 0
    assert plant.secret.read_bytes() == secret


def test_secret_keys_need_a_program_that_is_there(
    plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    options = ["backup", tmp_path / "b.tar", "-c", plant.config]
    assert "age: is not installed" in refused(*options, "--keys-with", "age", "-r", "age1xyz")
    assert "-r RECIPIENT" in refused(*options, "--keys-with", "age")
    assert "is no recipient" in refused(*options, "--keys-with", "age", "-r", "--output=/etc/passwd")
    assert "need --keys-with" in refused(*options, "-r", "age1xyz")
    assert list(tmp_path.iterdir()) == [plant.folder]


def test_a_recipe_brings_its_bundle_and_operating_point_and_clients_bring_their_roles(plant: Plant) -> None:
    recipes, operators = plant.folder / "recipes", plant.clients / "operator"
    for folder in (recipes, operators, plant.folder / "pictures"):
        folder.mkdir(parents=True)
    (recipes / "thick.yaml").write_text("bundle: ../bundles/mine\noperating_point: ../op.yaml\n")
    (recipes / "broken.yaml").write_text("bundle: [\n")
    (plant.folder / "op.yaml").write_text("a: 1\n")
    (plant.folder / "pictures/1.png").write_text("a picture")
    shutil.copy(plant.clients / "subscriber/mes.key", operators / "panel.key")
    plant.change(bundle="demo", recipes="recipes", control={"remote": "tcp://*:5560"}, drift={"folder": "pictures"},
                 archive={"path": "archive"})  # fmt: skip
    found = gather([plant.config], with_bundles=False)
    assert {str(path.relative_to(plant.folder)): kind for path, kind in found.files.items()} == {
        "line.yaml": Kind.CONFIGURATION, "recipes/thick.yaml": Kind.RECIPE, "recipes/broken.yaml": Kind.RECIPE,
        "op.yaml": Kind.OPERATING_POINT, "bundles/mine/operating_point.yaml": Kind.OPERATING_POINT,
        "clients/operator/panel.key": Kind.PUBLIC_KEY, "clients/subscriber/mes.key": Kind.PUBLIC_KEY,
    }  # fmt: skip
    assert str(plant.bundle) in found.bundles
    assert found.secrets == [plant.secret]
    assert "pictures are no part" in found.left_out[str(plant.folder / "pictures")]
    assert "copy the folder" in found.left_out[str(plant.folder / "archive")]


def test_calibrations_of_cameras_and_recipes_are_saved(plant: Plant) -> None:
    """As they are, a damaged one too: what is in them is looked at by the line."""
    (plant.folder / "recipes").mkdir()
    (plant.folder / "recipes" / "thin.yaml").write_text("cameras: [{name: top, scale_file: ../thin-scale.yaml}]\n")
    for name in ("top-flat.zip", "top-scale.yaml", "thin-scale.yaml"):
        (plant.folder / name).write_bytes(bytes(5_000_000 if name == "top-flat.zip" else 10))
    camera = {
        "name": "top",
        "source": {"kind": "simulator"},
        "flat_field": "top-flat.zip",
        "scale_file": "top-scale.yaml",
    }
    plant.change(cameras=[camera], recipes="recipes")
    found = gather([plant.config], with_bundles=False)
    kinds = {
        str(path.relative_to(plant.folder)): kind for path, kind in found.files.items() if kind is Kind.CALIBRATION
    }
    assert set(kinds) == {"top-flat.zip", "top-scale.yaml", "thin-scale.yaml"}


def test_a_journal_is_saved_while_it_is_written_and_nothing_is_held_up(tmp_path: Path) -> None:
    identity, path = make_identity(), tmp_path / "j.sqlite"
    journal = make_journal(path, identity, commit_interval_ms=2, busy_timeout_ms=0)
    journal.open()
    made = publications(identity, 12_000)
    for publication in made[:8_000]:
        journal.append(publication)
    eventually(lambda: journal.state().waiting == 0)
    committed: list[int] = []
    over = threading.Event()

    def write() -> None:
        for publication in made[8_000:]:
            journal.append(publication)
            if over.wait(0.0003):
                return

    writer = threading.Thread(target=write)
    writer.start()
    copy_journal(path, tmp_path / "copy.sqlite", lambda done, all_of_them: committed.append(journal.state().committed))
    over.set()
    writer.join()
    assert committed[-1] > committed[0] + 20, "it is written while it is copied"
    assert len(committed) > 10
    assert (journal.trouble(), journal.state().not_journaled) == ("", 0)
    assert journal.close(5)
    with JournalReader(tmp_path / "copy.sqlite") as reader:
        seqs = [row.seq for row in reader.walk()]
    assert seqs == list(range(len(seqs)))
    assert 8_000 <= len(seqs) <= committed[-1]


def test_a_damaged_journal_is_left_out_and_the_rest_is_saved(plant: Plant) -> None:
    plant.write_journal()
    data = bytearray(plant.journal.read_bytes())
    for page in range(2, len(data) // 4096):
        data[page * 4096 : page * 4096 + 100] = b"\xff" * 100
    plant.journal.write_bytes(data)
    archive = backed_up(plant)
    left_out = {one["what"]: one["why"] for one in manifest_of(archive)["left_out"]}  # type: ignore[attr-defined]
    assert "is damaged" in left_out[str(plant.journal)]
    plant.journal.write_bytes(b"no journal at all" * 100)
    assert "is not an SQLite file" in run("backup", archive, "-c", plant.config).out
    assert "--no-journal" in run("backup", archive, "-c", plant.config, "--no-journal").out


def test_a_backup_is_refused_in_one_line_and_leaves_nothing_behind(plant: Plant, tmp_path: Path) -> None:
    plant.write_journal()
    before = plant.files()
    assert "belongs into the backup" in refused("backup", plant.config, "-c", plant.config)
    assert "belongs into the backup" in refused("backup", plant.journal, "-c", plant.config)
    assert "cannot be written" in refused("backup", "/proc/backup.tar", "-c", plant.config)
    assert "cannot be written" in refused("backup", tmp_path / "none/backup.tar", "-c", plant.config)
    plant.config.write_text("line: [\n")
    refused("backup", tmp_path / "b.tar", "-c", plant.config)
    assert plant.files().keys() == before.keys()
    assert not (tmp_path / "b.tar").exists()


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of this size; skips where none can be mounted."""
    folder.mkdir()
    if (
        os.geteuid()
        or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)], capture_output=True
        ).returncode
    ):
        pytest.skip("needs root, who may mount a tmpfs")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk(plant: Plant, tmp_path: Path) -> None:
    plant.write_journal()
    archive = backed_up(plant)
    with small_disk(tmp_path / "disk", "100k") as disk:
        assert "the backup needs" in refused("backup", disk / "b.tar", "-c", plant.config)
        assert "make room. Nothing was restored" in refused("restore", archive, "--to", disk)
        assert list(disk.iterdir()) == []


def test_a_disk_that_becomes_full_is_told_and_the_next_restore_goes_on(
    plant: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is free when it is looked at is gone when it is written."""
    plant.write_journal()
    archive = backed_up(plant)
    monkeypatch.setattr(restoring, "_check_room", lambda wanted: None)
    with small_disk(tmp_path / "disk", "40k") as disk:
        said = refused("restore", archive, "--to", disk)
        assert "cannot be written (No space left on device). 3 of 4 files are back" in said
        assert not [one for one in disk.rglob("*") if "journal" in one.name or ".part" in one.name]
        subprocess.run(["mount", "-o", "remount,size=1m", str(disk)], check=True)
        assert "1 files were written, 3 were there already" in run("restore", archive, "--to", disk).out


def test_files_that_are_there_are_replaced_only_by_force_and_a_journal_is_kept(plant: Plant) -> None:
    plant.write_journal()
    archive = backed_up(plant)
    saved = plant.config.read_bytes()
    plant.config.write_text("changed: 1\n")
    plant.write_journal()  # more rows
    said = refused("restore", archive)
    assert "line.yaml" in said
    assert "--force replaces them. Nothing was restored" in said
    assert plant.config.read_text() == "changed: 1\n"
    ended = run("restore", archive, "--force")
    assert ended.status == 0
    assert plant.config.read_bytes() == saved
    (aside,) = plant.folder.glob("journal.sqlite.before-restore-*")
    assert f"kept as          {aside}" in ended.out
    for path, rows in ((aside, 2 * ROWS), (plant.journal, ROWS)):
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT count(*) FROM publications").fetchone() == (rows,)


def test_a_journal_that_a_daemon_writes_is_never_replaced(plant: Plant) -> None:
    plant.write_journal()
    archive = backed_up(plant)
    daemon = subprocess.Popen(
        [sys.executable, "-c", "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM streams').fetchall(); "
         "print('open', flush=True); sys.stdin.read()", str(plant.journal)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    try:
        assert daemon.stdout is not None
        assert daemon.stdout.readline() == b"open\n"
        assert "a program has it open; stop the line first" in refused("restore", archive, "--force")
    finally:
        daemon.communicate(timeout=20)
    plant.journal.unlink()
    Path(f"{plant.journal}-wal").write_bytes(b"left behind")
    assert "is there without its journal; move it away" in refused("restore", archive, "--force")


def test_an_unwritable_place_is_told(plant: Plant) -> None:
    archive = backed_up(plant)
    (plant.folder.parent / "file").write_text("")
    assert "cannot be written" in refused("restore", archive, "--to", plant.folder.parent / "file")
    assert "No such file" in refused("restore", plant.folder / "none.tar")


def test_a_link_does_not_lead_out_of_the_folder(plant: Plant, tmp_path: Path) -> None:
    archive = backed_up(plant)
    to, outside = tmp_path / "to", tmp_path / "outside"
    to.mkdir()
    outside.mkdir()
    (to / plant.folder.parts[1]).symlink_to(outside)
    assert "a link leads out of" in refused("restore", archive, "--to", to)
    assert list(outside.iterdir()) == []
