"""Backups of lines: what belongs to one, in one archive, and the way back. ``docs/backup.md`` describes the archive.

contents.py      what belongs to a line: found through the paths in its configuration
journal_copy.py  copies the journal while a daemon writes it
sealing.py       secret keys, encrypted by age or gpg
archive.py       the archive: writing it, and verifying it
make.py          makes a backup
restore.py       puts the files back
"""
