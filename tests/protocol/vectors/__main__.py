"""Writes ``docs/protocol/vectors``."""

from tests.protocol.vectors.files import FOLDER, texts

for name, text in texts().items():
    (FOLDER / name).write_text(text, encoding="utf-8")
