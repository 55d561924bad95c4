"""What is kept of passwords, the file with the users, and what a hand or an attacker may have written there."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from inspector.errors import UserError
from inspector.view.access.passwords import COST, Cost, hashed, nobodys, stored, why_unfit
from inspector.view.access.people import Role
from inspector.view.access.user_list import UserList
from inspector.view.access.users import User, changing_users, read_users
from tests.view.people import CHEAP, users_file

GOOD = str(hashed("correct horse", CHEAP))


def test_a_password_is_kept_as_one_printable_line() -> None:
    kept = stored(GOOD)
    assert GOOD.startswith("scrypt$n=16,r=1,p=1$")
    assert GOOD.isascii()
    assert GOOD.isprintable()
    assert kept.is_of("correct horse")
    assert not kept.is_of("correct horsf")
    assert not kept.is_of("")
    assert not nobodys(CHEAP).is_of("correct horse")
    assert str(hashed("correct horse", CHEAP)) != GOOD, "salted"
    assert hashed("ungef\u00e4hr", CHEAP).is_of("ungefa\u0308hr"), "however the letter is typed"


def test_what_this_program_writes_costs_what_it_should() -> None:
    assert COST.n * COST.r * 128 == 32 << 20
    assert stored(str(hashed("correct horse"))).cost == COST


@pytest.mark.parametrize(
    "text",
    [
        "", "scrypt$", "correct horse", GOOD[:-10], GOOD + "x" * 200, GOOD.replace("n=16", "n=15"), GOOD.replace("n=16", "n=0"), GOOD.replace("n=16", "n=1"),
        GOOD.replace("n=16", "n=33554432"), GOOD.replace("r=1", "r=0"), GOOD.replace("n=16", "n=65536"), GOOD.replace("p=1", "p=0"), GOOD.replace("n=16,r=1,p=1", "n=32768,r=8,p=999"),
        GOOD.replace("n=16,r=1", "n=1048576,r=8"), GOOD.replace("scrypt", "bcrypt"), "scrypt$n=16,r=1,p=1$$", "scrypt$n=16,r=1,p=1$AAAA$AAAA", GOOD + "\n",
    ],
)  # fmt: skip
def test_what_was_not_written_here_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"scrypt|damaged"):
        stored(text)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "has 5 characters"), ("", "has 0"), ("aaaaaaaaaaaa", "guessed at once"), ("analyst-2026", ""), ("Petra-Meier", "guessed"),
        ("x" * 30 + "abc" * 400, "more than 1024"), ("with\x00control\x1b", "control"), ("half \ud800 a pair", "UTF-8"), ("ein gutes Passwort", ""),
    ],
)  # fmt: skip
def test_a_password_that_is_guessed_is_refused(password: str, why: str) -> None:
    found = why_unfit(password, "petra")
    assert found.startswith(why) or why in found
    assert bool(found) == bool(why)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "list of users"),
        ("users: x", "users"),
        ("users: [{name: ana, role: operator}]", "password"),
        (f"users: [{{name: ana, role: boss, password: '{GOOD}'}}]", "role"),
        (f"users: [{{name: ../x, role: viewer, password: '{GOOD}'}}]", "name"),
        ("users: [{name: ana, role: operator, password: secret-secret}]", r"users\[0\].password: is no line that `inspector users passwd` writes"),
        (f"users: [{{name: ana, role: viewer, password: '{GOOD}'}}, {{name: ana, role: engineer, password: '{GOOD}'}}]", "'ana' is there twice"),
        ("users: [" + "[" * 500, "users.yaml"),
        ("x" * 300_000, "KiB"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "users.yaml"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(UserError, match=message) as caught:
        read_users(path)
    assert "\n" not in str(caught.value)
    assert "secret-secret" not in str(caught.value)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = users_file(tmp_path, ana="operator")
    assert path.stat().st_mode & 0o777 == 0o600
    for mode in (0o644, 0o604, 0o620, 0o602):
        path.chmod(mode)
        with pytest.raises(UserError, match=rf"open to others \(mode 0{mode:o}\); chmod 600"):
            read_users(path)
    path.chmod(0o640)
    users_file(tmp_path, ana="engineer")
    assert path.stat().st_mode & 0o777 == 0o640, "what was given stays"
    assert read_users(path)["ana"].role is Role.ENGINEER


def test_two_commands_at_once_lose_nothing(tmp_path: Path) -> None:
    path = users_file(tmp_path)

    def add(number: int) -> None:
        with changing_users(path) as users:
            users[f"name{number}"] = User(f"name{number}", Role.VIEWER, stored(GOOD))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_users(path)) == 8
    assert [one.name for one in tmp_path.iterdir()] == ["users.yaml"]


def test_a_name_that_is_not_there_takes_as_long(tmp_path: Path) -> None:
    users = UserList(users_file(tmp_path, ana="operator", ben="viewer"), "view.yaml")
    assert users.password_of("nobody").cost == users.password_of("ana").cost == CHEAP
    users_file(tmp_path, ana="operator", cost=Cost(32, 1, 1))
    assert users.look() == {"ana", "ben"}
    assert users.password_of("nobody").cost == Cost(32, 1, 1)
    assert users.look() == set()
