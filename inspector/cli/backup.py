"""``inspector backup`` and ``inspector restore``: what belongs to a line, in one file, and back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from inspector.backup.sealing import Tool
from inspector.cli.output import console, tell

if TYPE_CHECKING:
    from inspector.backup.manifest import Manifest
    from inspector.backup.restore import Restored


def backup(
    output: Annotated[Path, typer.Argument(metavar="OUT.tar", help="File to write.")],
    config: Annotated[
        list[Path], typer.Option("--config", "-c", help="Line configuration (YAML); once for each line.")
    ],
    with_bundles: Annotated[
        bool, typer.Option("--with-bundles", help="The bundles' files too, not their operating points only.")
    ] = False,
    no_journal: Annotated[bool, typer.Option("--no-journal", help="Leave the journal out.")] = False,
    keys_with: Annotated[
        Tool | None, typer.Option(help="Take secret keys, encrypted by this program. Without it they are left out.")
    ] = None,
    recipient: Annotated[
        list[str] | None,
        typer.Option("--recipient", "-r", help="Public key of age or gpg that may read the secret keys."),
    ] = None,
    key: Annotated[
        list[Path] | None, typer.Option(help="A further secret key, as the file that LoadCredential= takes one from.")
    ] = None,
) -> None:
    """Save what belongs to lines: configuration, operating points, recipes, public keys, and the journal, also while the daemon runs."""
    from inspector.backup.make import Wanted, make_backup
    from inspector.errors import UserError

    if keys_with is None and (recipient or key):
        raise UserError(
            "--recipient and --key: need --keys-with age or --keys-with gpg, because secret keys are never written as they are"
        )
    wanted = Wanted(
        bundles=with_bundles,
        journal=not no_journal,
        tool=keys_with,
        recipients=tuple(recipient or ()),
        keys=tuple(key or ()),
    )
    with _progress() as progress:
        manifest = make_backup(output, config, wanted, progress)
    _tell_backup(output, manifest)


def restore(
    archive: Annotated[Path, typer.Argument(metavar="BACKUP.tar", help="File that `inspector backup` wrote.")],
    to: Annotated[
        Path,
        typer.Option(
            metavar="DIR", help="Folder that stands for /. Default: / itself, so that files are where they were."
        ),
    ] = Path("/"),
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Replace files that are there with another content. A journal is kept under another name."
        ),
    ] = False,
    with_keys: Annotated[bool, typer.Option("--with-keys", help="Decrypt and restore the secret keys.")] = False,
    identity: Annotated[
        Path | None, typer.Option("--identity", "-i", help="age's secret key, for --with-keys.")
    ] = None,
    only_look: Annotated[
        bool, typer.Option("--list", help="Verify the backup, and print what would be restored.")
    ] = False,
) -> None:
    """Put the files of a backup back. Every digest is verified before the first file is written."""
    from inspector.backup.restore import restore as put_back

    _tell_restored(
        put_back(archive, to, force=force, with_keys=with_keys, identity=identity, only_look=only_look), only_look
    )


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Told on a terminal only, while a journal is copied."""
    if not sys.stderr.isatty():
        yield lambda done, all_of_them: None
        return
    with console(stderr=True).status("copying the journal") as status:
        yield lambda done, all_of_them: status.update(
            f"copying the journal: {done / 1e6:.0f} of {all_of_them / 1e6:.0f} MB"
        )


def _tell_backup(output: Path, manifest: Manifest) -> None:
    for entry in manifest.files:
        tell(f"{entry.kind.value:16} {entry.path}")
    for path in manifest.sealed.paths if manifest.sealed else ():
        tell(f"{'secret key':16} {path} (encrypted)")
    for one in manifest.left_out:
        tell(f"{'LEFT OUT':16} {one.what}: {one.why}")
    count = len(manifest.files) + (len(manifest.sealed.paths) if manifest.sealed else 0)
    tell(f"{output}: {count} files, {sum(entry.bytes for entry in manifest.files) / 1e6:.1f} MB")


def _tell_restored(done: Restored, only_look: bool) -> None:
    for path in done.written:
        tell(f"{'would be written' if only_look else 'written':16} {path}")
    for path in done.same:
        tell(f"{'as it is':16} {path}")
    for path in done.aside:
        tell(f"{'kept as':16} {path}")
    for note in done.notes:
        tell(f"{'NOT RESTORED':16} {note}")
    tell(
        f"{len(done.written)} files {'would be written' if only_look else 'were written'}, {len(done.same)} were there already"
    )
