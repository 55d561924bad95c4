"""Readers of the truth (labels of the frames) with which a run is compared.

Every reader gives the class bitmask of a frame, and states in a sentence which frames it counts as
labelled. A frame without truth is left out of every figure that needs one, and the report says how many were.
"""

from __future__ import annotations

from engines.data.masks import MaskStyle
from inspector.report.truth.kaggle import KaggleTruth
from inspector.report.truth.mask_folder import MaskFolder
from inspector.report.truth.source import NumberedTruth, Truth, TruthError

__all__ = ["KaggleTruth", "MaskFolder", "MaskStyle", "NumberedTruth", "Truth", "TruthError"]
