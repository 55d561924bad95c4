"""A bundle that nobody on the list has signed is refused in one line, whatever is wrong with it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engines.bundle import Bundle, Signers, read_bundle, read_contents, unlisted_files
from engines.bundle.signature import sign
from engines.errors import BundleError, FileError
from tests.cli.in_process import refused, run
from tests.engines.bundle.signing import copied, make_key, make_signers, sign_files

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the keys of anna, who may sign, and of mallory."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("anna", "mallory"):
        make_key(folder, name)
    make_signers(folder / "signers", folder / "anna")
    return folder


@pytest.fixture
def signed(keys: Path, tiny_bundle: Bundle, tmp_path: Path) -> Path:
    return copied(tiny_bundle.path, tmp_path / "signed", keys / "anna")


def swap_thresholds(bundle: Path) -> None:
    file = bundle / "operating_point.yaml"
    file.write_text(file.read_text().replace("gate_threshold: ", "gate_threshold: 0.9 # "))


def test_what_is_signed_is_read_and_who_did_is_known(signed: Path, keys: Path, tiny_bundle: Bundle) -> None:
    signers = Signers(keys / "signers")
    assert read_bundle(signed, signers=signers).id == tiny_bundle.id
    assert signers.check((signed / "bundle.yaml").read_bytes(), signed / "bundle.yaml") == "anna@plant"
    assert unlisted_files(read_bundle(signed)) == []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda bundle, keys: (bundle / "bundle.yaml.sig").unlink(), r"bundle\.yaml: is not signed"),
        (lambda bundle, keys: (bundle / "operating_point.yaml.sig").unlink(), r"operating_point\.yaml: is not signed"),
        (lambda bundle, keys: sign_files(bundle, keys / "mallory"), r"bundle\.yaml: is signed by a key that .* does not name"),
        (lambda bundle, keys: sign_files(bundle, keys / "mallory", "operating_point.yaml"), r"point\.yaml: is signed by a key that"),
        (lambda bundle, keys: (bundle / "bundle.yaml").write_bytes((bundle / "bundle.yaml").read_bytes() + b"\n"), r"bundle\.yaml: its signature is not of this content"),
        (lambda bundle, keys: swap_thresholds(bundle), r"operating_point\.yaml: its signature is not of this content"),
        (lambda bundle, keys: shutil.copy(bundle / "bundle.yaml.sig", bundle / "operating_point.yaml.sig"), "not of this content"),
        (lambda bundle, keys: (bundle / "bundle.yaml.sig").write_bytes(b"\0" * 70_000), "has more than 65536 bytes"),
        (lambda bundle, keys: (bundle / "bundle.yaml.sig").write_text("no signature"), "is signed by a key that"),
        (lambda bundle, keys: remade(bundle / "bundle.yaml.sig", os.mkfifo), "is no regular file"),
        (lambda bundle, keys: remade(bundle / "bundle.yaml.sig", Path.mkdir), r"bundle\.yaml\.sig"),
    ],
)  # fmt: skip
def test_what_nobody_on_the_list_has_signed_is_refused(
    signed: Path, keys: Path, spoil: Callable[[Path, Path], object], said: str
) -> None:
    spoil(signed, keys)
    with pytest.raises(BundleError, match=said) as told:
        read_bundle(signed, signers=Signers(keys / "signers"))
    assert str(told.value).isprintable()
    assert read_bundle(signed), "a line that asks for no signature reads it"


def remade(file: Path, how: Callable[[Path], object]) -> None:
    file.unlink()
    how(file)


def test_a_signature_covers_every_file_that_engines_load(signed: Path, keys: Path) -> None:
    (signed / "gate.onnx").write_bytes((signed / "segmenter.onnx").read_bytes())
    with pytest.raises(BundleError, match=r"gate\.onnx: was altered"):
        read_contents(read_bundle(signed, signers=Signers(keys / "signers")))


@pytest.mark.parametrize("linked", [False, True])
def test_those_who_may_sign_are_not_in_a_folder_of_others(
    signed: Path, keys: Path, tmp_path: Path, linked: bool
) -> None:
    """Whoever may write to the folder can put another file there. In a folder like /tmp nobody can take the place of another's file."""
    folder = tmp_path / "of all"
    folder.mkdir()
    file = Path(shutil.copy(keys / "signers", folder))
    if linked:
        file = tmp_path / "link"
        file.symlink_to(folder / "signers")
    data, manifest = (signed / "bundle.yaml").read_bytes(), signed / "bundle.yaml"
    for mode, allowed in ((0o755, True), (0o777, False), (0o1777, True), (0o775, False)):
        folder.chmod(mode)
        if allowed:
            assert Signers(file).check(data, manifest) == "anna@plant"
        else:
            with pytest.raises(BundleError, match=r"of all can be written to by others \(mode 077[57]\); chmod go-w"):
                Signers(file).check(data, manifest)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda file, keys: file.unlink(), "signers: cannot be read"),
        (lambda file, keys: file.chmod(0o664), r"signers: can be written to by others \(mode 0664\); chmod go-w"),
        (lambda file, keys: remade(file, Path.mkdir), "signers: is no file"),
        (lambda file, keys: file.write_text("nonsense\n"), "is signed by a key that .*signers does not name"),
        (lambda file, keys: make_signers(file, keys / "anna", namespace="file"), "not for bundles"),
    ],
)
def test_a_list_that_names_nobody_lets_nothing_through(
    signed: Path, keys: Path, tmp_path: Path, spoil: Callable[[Path, Path], object], said: str
) -> None:
    file = make_signers(tmp_path / "signers", keys / "anna")
    spoil(file, keys)
    with pytest.raises(BundleError, match=said):
        read_bundle(signed, signers=Signers(file))


def test_without_ssh_keygen_it_is_one_line(
    signed: Path, keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BundleError, match=r"ssh-keygen: is not installed, .* apt install openssh-client"):
        read_bundle(signed, signers=Signers(keys / "signers"))
    with pytest.raises(FileError, match="ssh-keygen: is not installed"):
        sign(b"", keys / "anna")


def test_the_commands_sign_and_verify(tiny_bundle: Bundle, keys: Path, tmp_path: Path) -> None:
    bundle = copied(tiny_bundle.path, tmp_path / "bundle")
    verify = ("bundle", "verify", bundle, "--precision", "f32")
    assert "is not signed" in refused(*verify, "--signers", keys / "signers")
    assert "no such key; `ssh-keygen -t ed25519 -f " in refused("bundle", "sign", bundle, "--key", tmp_path / "none")
    assert "does not sign: " in refused("bundle", "sign", bundle, "--key", keys / "signers")
    (bundle / "notes.txt").write_text("x")
    done = run("bundle", "sign", bundle, "--key", keys / "anna")
    assert f"signed {tiny_bundle.id} with operating point {tiny_bundle.operating_point.id}" in done.out
    assert "the bundle does not list them: notes.txt" in done.out
    told = run(*verify, "--signers", keys / "signers", "--json").out
    assert '"signed": "anna@plant"' in told
    assert '"not_listed": [\n    "notes.txt"\n  ]' in told
    (bundle / "gate.onnx").write_bytes(b"x")
    assert "was altered" in refused("bundle", "sign", bundle, "--key", keys / "anna")
