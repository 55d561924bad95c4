"""A key file is read whatever it is, and either holds keys or is refused in one line."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest
import zmq.auth
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from inspector.protocol.keys import KeyFileError, read_key_file, read_secret_key_file
from tests.keys import make_pair

GOOD = "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"
"""The public key of ZeroMQ's own examples."""


def test_what_zeromq_writes_is_read(tmp_path: Path) -> None:
    public, secret = (Path(path) for path in zmq.auth.create_certificates(tmp_path, "line"))
    assert read_key_file(public) == (zmq.auth.load_certificate(public)[0], None)
    secret.chmod(0o600)
    assert read_secret_key_file(secret) == zmq.auth.load_certificate(secret)
    with pytest.raises(KeyFileError, match=r"line\.key holds no secret key; name the \*\.key_secret file"):
        read_secret_key_file(public)


def test_the_example_in_the_docs_is_read(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs/keys.md").read_text(encoding="utf-8")
    file = tmp_path / "line.key_secret"
    file.write_text(text.split("```text\n")[1].split("```")[0])
    file.chmod(0o600)
    assert read_secret_key_file(file)[0].decode() == GOOD


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no public key"),
        (b"public-key", "is damaged: no key after"),
        (f'public-key = "{GOOD}"\nsecret-key\n'.encode(), "is damaged: no key after"),
        (b'public-key = "abc"', "a key of 3 characters"),
        (f'public-key = "{GOOD[:-1]}~"'.encode(), "no Z85"),
        (b'public-key = "' + b"#" * 40 + b'"', "no Z85"),
        (b'public-key = "' + b"\xff" * 40 + b'"', "no Z85"),
        (b"#" * 100_000, "is too large"),
    ],
)
def test_what_holds_no_key_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "x.key"
    file.write_bytes(content)
    with pytest.raises(KeyFileError, match=rf"x\.key {said}|x\.key holds a key .*{said}|x\.key holds {said}"):
        read_key_file(file)


def test_what_is_no_file_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "none", tmp_path / "loop", Path("a\0b"), Path("/dev/null")):
        with pytest.raises(KeyFileError):
            read_key_file(path)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.binary(max_size=200) | st.text('publicsecretkey-= "\n' + GOOD, max_size=200).map(str.encode))
def test_no_content_raises_anything_else(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.key"
    file.write_bytes(content)
    with contextlib.suppress(KeyFileError):
        read_key_file(file)


def test_a_secret_key_that_others_can_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = make_pair(tmp_path, "line")
    for mode in (0o604, 0o620, 0o640):
        secret.chmod(mode)
        with pytest.raises(KeyFileError) as raised:
            read_secret_key_file(secret)
        assert str(raised.value) == f"{secret} can be read by others (mode {mode:04o}); chmod 600 {secret}"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read_secret_key_file(secret), "guarded by systemd"
    secret.chmod(0o400)
    assert read_secret_key_file(secret)
