"""The key pair with which a line proves who it is to clients on other machines, and the folder of those that may connect."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from engines.errors import FileError
from engines.files.looking import entries, is_folder, is_there
from engines.files.writing import folder_beside, output_folder, take_place
from inspector.cli.new_line.places import as_written
from inspector.errors import UserError

CLIENTS = "clients"
FOLDER_MODE = 0o755
"""Whatever the umask: the line refuses a folder of clients that others may write to."""
SECRET_MODE = 0o600


@dataclass(frozen=True)
class ServerKeys:
    """Where the keys of a line lie: in a folder beside its configuration."""

    folder: Path
    name: str
    """That of both key files, before their suffix."""

    @classmethod
    def of(cls, file: Path) -> ServerKeys:
        """Those of the line whose configuration is ``file``; they have its name, which stays when the line gets another one."""
        return cls(file.parent / f"{file.stem}-keys", file.stem)

    @property
    def secret(self) -> Path:
        """The file with both keys, for the daemon alone."""
        return self.folder / f"{self.name}.key_secret"

    @property
    def public(self) -> Path:
        """The file with the public key, for clients."""
        return self.folder / f"{self.name}.key"

    @property
    def clients(self) -> Path:
        """The folder with the public keys of the clients that may connect."""
        return self.folder / CLIENTS

    def written(self, path: Path) -> str:
        """How the configuration, which lies beside the folder, writes one of these paths."""
        return as_written(path, self.folder.parent)

    def are_there(self) -> bool:
        """Whether the folder holds these keys already, so that they are kept. Raises UserError where it holds something else."""
        from inspector.protocol.keys import KeyFileError, read_secret_key_file

        try:
            if not is_there(self.folder) or (is_folder(self.folder) and not entries(self.folder)):
                return False
            if not is_folder(self.clients):
                raise UserError(f"{self.folder}: is there already, without {CLIENTS}/ in it; move it away")
            read_secret_key_file(self.secret)
        except (FileError, KeyFileError) as error:
            raise UserError(f"{error}; or move {self.folder} away, so that new keys are made") from None
        return True

    @contextmanager
    def made(self) -> Iterator[None]:
        """Make the keys, and remove them again if the block fails. The secret key is never readable by others. Raises FileError."""
        import zmq.auth

        with folder_beside(self.folder) as scratch:  # which nobody else may enter
            new = output_folder(scratch / "keys")
            for folder in (new, output_folder(new / CLIENTS)):
                os.chmod(folder, FOLDER_MODE)
            _, secret = zmq.auth.create_certificates(new, self.name)
            os.chmod(secret, SECRET_MODE)
            take_place(new, self.folder)
        try:
            yield
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
