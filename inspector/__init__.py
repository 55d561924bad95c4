"""Inspector: frames of a steel line in, exactly one verdict each out, in time, over ZeroMQ.

This package is everything that runs on the line; it never imports torch. ``inspector.line.line`` is where to start
reading: it lists the parts in the order a frame meets them. ``inspector.open`` inspects images from a program, without a line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspector.version import __version__ as __version__

if TYPE_CHECKING:
    import os

    from inspector.config.tree import LineConfig
    from inspector.library import Inspector


def open(
    bundle: str | os.PathLike[str] | None = None,
    *,
    config: LineConfig | str | os.PathLike[str] | None = None,
    camera: str | None = None,
) -> Inspector:
    """Load a model bundle, ready to inspect images as a line would.

    ``bundle`` is a directory or the name of an included bundle; by default the configuration's, else ``demo``. ``config`` is a line's
    configuration or the path of one: its rules, its inference options, and scale, flat field and frame check of its camera are used, of ``camera`` where it
    has several. Without it any defect rejects, and figures are in px. Runs on a GPU where one can be used, else on the CPU.

    Raises UserError (``inspector.errors``) for what does not fit together, BundleError or EngineError (``engines.errors``) where the
    bundle or the engines cannot be used.

    Example::

        with inspector.open("demo") as model:
            found = model.inspect("frame.png")
            print(found.verdict.value, found.defects)
    """
    from inspector.library.opening import open_inspector

    return open_inspector(bundle, config, camera)
