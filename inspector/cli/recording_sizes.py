"""The sizes of recorded frames, from the headers of their files; and what to do where most of them do not fit."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

from engines.errors import BadFrameError
from inspector.capture.preparation import Preparation
from inspector.capture.replay.decoding import recording_decoder
from inspector.capture.replay.listing import list_files
from inspector.config.replay import ReplayConfig
from inspector.errors import UserError
from inspector.frames.size import FrameSize

MOST_LOOKED_AT = 200
"""Files, evenly spread over the recording."""


def sizes(source: ReplayConfig) -> Counter[FrameSize]:
    """How many of the files that are looked at have which size; those that cannot be read are left out. Raises UserError where there are
    no files."""
    files = list_files(source.path)
    decoder = recording_decoder(source, None, None)
    found: Counter[FrameSize] = Counter()
    for file in files[:: -(-len(files) // MOST_LOOKED_AT)]:
        with suppress(BadFrameError):
            found[FrameSize(*decoder.size(file))] += 1
    return found


def commonest_size(source: ReplayConfig) -> FrameSize:
    """The size that most files have. Raises UserError where none can be read."""
    found = sizes(source)
    if not found:
        raise UserError("--fit tile: no file says the size of its frame; see the files, or the key raw for raw files")
    return found.most_common(1)[0][0]


def only_size(source: ReplayConfig) -> FrameSize | None:
    """The size that all files have; None where they differ. Raises UserError where there are no files."""
    found = list(sizes(source))
    return found[0] if len(found) == 1 else None


def misfit(found: Counter[FrameSize], preparation: Preparation, what: str = "files") -> str:
    """One line that tells that most files, or frames of a recording (``what``), do not fit, and the option that mends it; empty where most do.
    ``found`` are sizes, with how many have them."""
    looked, wrong = found.total(), +Counter({size: n for size, n in found.items() if preparation.fit.refusal(size)})
    if 2 * wrong.total() <= looked:
        return ""
    size, of_it = wrong.most_common(1)[0]
    such = f"{of_it} of {looked} {what} have {'the size' if what == 'frames' else 'frames of'} {size}" + (
        ", none of which fits" if len(wrong) == 1 else ""
    )
    ways = "--fit tile inspects all of such a frame"
    if size.height <= preparation.inspected.height and size.width <= preparation.inspected.width:
        ways = "--fit pad fills such a frame up"
    return f"{such}; the bundle inspects {preparation.inspected}: {ways}, and --fit resize stretches it for a look"
