"""A line with everything that a backup may hold, in a folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from tests.keys import make_keys
from tests.line_file import write_line
from tests.results.publishing import make_identity
from tests.results.recording import make_command
from tests.results.test_journal import make_journal, publications

BUNDLE = Path(__file__).parents[2] / "inspector/bench/wire/bundle"
ROWS = 50


class Plant:
    """The files of a line."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.bundle = folder / "bundles/mine"
        shutil.copytree(BUNDLE, self.bundle)
        keys = folder / "keys"
        keys.mkdir()
        make_keys(keys, mes="subscriber")
        self.secret = keys / "line.key_secret"
        self.clients = (keys / "clients").rename(folder / "clients")
        section = {"secret_key": "keys/line.key_secret", "clients": "clients"}
        self.journal = folder / "journal.sqlite"
        self.config = write_line(
            folder, Path("bundles/mine"), keys=section, journal={"path": "journal.sqlite"}
        )  # fmt: skip

    def write_journal(self) -> None:
        """A journal of ``ROWS`` publications and a command."""
        identity = make_identity()
        journal = make_journal(self.journal, identity)
        journal.open()
        for publication in publications(identity, ROWS):
            journal.append(publication)
        assert journal.record_command(make_command(), 5)
        assert journal.close(5)

    def change(self, **keys: object) -> None:
        """Change keys of the configuration."""
        self.config.write_text(yaml.safe_dump({**yaml.safe_load(self.config.read_text()), **keys}))

    def files(self, root: Path = Path("/")) -> dict[str, bytes]:
        """The content of every file below ``root``, by its path from there; not of the journal, whose copy is another file."""
        folder = root / str(self.folder).lstrip("/")
        return {
            f"/{file.relative_to(root)}": file.read_bytes()
            for file in folder.rglob("*")
            if file.is_file() and "journal" not in file.name
        }
