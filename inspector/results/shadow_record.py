"""What a shadow bundle said, as the journal keeps it: each frame on which it disagreed, and the counts of all that it saw."""

from __future__ import annotations

import msgspec


class Disagreement(msgspec.Struct, frozen=True):
    """A frame for which the shadow bundle had another answer than the active one."""

    epoch: str
    run: str
    """Empty where the frame belongs to no run."""
    camera: str
    frame: int
    captured_unix_ns: int
    active: bytes
    """JSON object: the answer of the active bundle."""
    shadow: bytes
    """JSON object: the answer of the shadow."""
    shadow_bundle: str
    """Bundle and operating point, ``name@point``: a candidate may be the same bundle with other thresholds."""
    active_bundle: str
    """The same of the bundle that gave the verdicts."""
    kind: str
    """What differs, for example ``verdict`` or ``classes``."""


class Comparison(msgspec.Struct, frozen=True):
    """The counts of one shadow session and camera since the session began. A later one of the same session takes the place of the one before."""

    epoch: str
    camera: str
    shadow_bundle: str
    active_bundle: str
    started_unix_ns: int
    """When the session began; it tells two sessions of the same bundles apart."""
    compared: int
    """Frames that both bundles have inspected."""
    agreed: int
    pairs: bytes
    """JSON: frames by the active bundle's verdict and the shadow's."""
    classes: bytes
    """JSON: frames by defect class."""
    sample: bytes
    """JSON: which frames were compared, and why others were not."""
