"""Every reader of foreign files, by the kind of file."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from engines.data.dataset import open_dataset
from engines.data.description import find_source
from engines.data.frame_list import read_frame_list
from engines.data.images import image_size, read_grey, read_stored
from engines.data.kaggle import read_kaggle_rows
from engines.data.split import read_split
from engines.errors import BadFrameError, BundleError, DataError, FileError, RecipeError
from engines.images.decoder import Decoder
from engines.operating_point import read_operating_point
from engines.training.read_recipe import read_recipe
from inspector.capture.replay.listing import list_files
from inspector.config.load import load_config
from inspector.config.replay import RawFormat
from inspector.errors import UserError
from inspector.protocol.codec import MalformedError
from inspector.protocol.keys import KeyFileError, read_key_file
from inspector.results.journal_reader import JournalReader
from tests.foreign.pictures import EXPECTED

TOLD = (BadFrameError, BundleError, DataError, FileError, KeyFileError, MalformedError, RecipeError, UserError)
"""What a reader may raise: the command line prints each as one line, the line makes a verdict of it."""

Reader = Callable[[Path], object]


def readers(data: Path) -> Mapping[str, Mapping[str, Reader]]:
    """The readers by the kind of file: `picture`, or the beginning of a file's name. ``data`` is a sound data set of ``EXPECTED`` frames."""
    dataset = open_dataset(data)
    line = Decoder(*EXPECTED, None, RawFormat(dtype="uint8"))

    def journal(path: Path) -> object:
        with JournalReader(path) as reader:
            rows = [row.packet() for row in reader.walk()]
            return rows, reader.tail(5), reader.streams()

    return {
        "picture": {
            "line": line.decode,
            "line, 12 bits": Decoder(*EXPECTED, 4095).decode,
            "data set": read_grey,
            "mask": read_stored,
            "size": image_size,
        },
        "kaggle": {"rows": lambda path: list(read_kaggle_rows(path)), "replay": lambda path: list_files(str(path))},
        "frames": {"list": read_frame_list, "replay": lambda path: list_files(str(path))},
        "list": {"replay": lambda path: list_files(str(path))},
        "split": {"split": lambda path: read_split(path, dataset)},
        "dataset": {"data set": find_source},
        "operating_point": {"point": lambda path: read_operating_point(path, ("dark", "bright"))},
        "line": {"configuration": load_config},
        "recipe": {"recipe": read_recipe},
        "journal": {"journal": journal},
        "client": {"key": read_key_file},
    }


def arguments() -> argparse.Namespace:
    """What the trial is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=10, help="longest time for one file and reader")
    parser.add_argument(
        "--mib", type=int, default=1024, help="most memory that a reader may take for a file beyond what it had"
    )
    return parser.parse_args()
