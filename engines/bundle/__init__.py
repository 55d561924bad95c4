"""The model bundle: a directory that holds everything needed to inspect frames with one pair of networks.

bundle.yaml           the manifest: name, version, classes, frame geometry, file digests, how it was trained
gate.onnx             uint8 [N,H,W] -> score float32 [N]
segmenter.onnx        uint8 [N,H,W], thresholds float32 [K] -> mask uint8 [N,H,W], pixels int32 [N,K], scores float32 [N,K]
operating_point.yaml  thresholds; replaceable without touching the rest, so not under the manifest's digests
*.sig                 signatures of these two, where it was signed (`signature.py`)
golden/               frames with expected answers: the self-test of every runtime
card.md               model card

What engines load of it is read once: the bytes whose digest was compared are those that are loaded (`contents.py`).
"""

from engines.bundle.contents import Contents, Graph, read_contents, read_golden, read_graph, unlisted_files
from engines.bundle.golden import MASK_AGREEMENT, SCORE_TOLERANCE, Golden, GoldenFrame, GoldenSample
from engines.bundle.manifest import (
    CARD,
    FORMAT,
    GOLDEN,
    MANIFEST,
    OPERATING_POINT,
    FrameSize,
    Manifest,
    naming_problem,
)
from engines.bundle.reading import INCLUDED, Bundle, find_bundle, included_bundles, open_bundle, read_bundle
from engines.bundle.signature import Signers
from engines.bundle.writing import write_bundle

__all__ = [
    "CARD",
    "FORMAT",
    "GOLDEN",
    "INCLUDED",
    "MANIFEST",
    "MASK_AGREEMENT",
    "OPERATING_POINT",
    "SCORE_TOLERANCE",
    "Bundle",
    "Contents",
    "FrameSize",
    "Golden",
    "GoldenFrame",
    "GoldenSample",
    "Graph",
    "Manifest",
    "Signers",
    "find_bundle",
    "included_bundles",
    "naming_problem",
    "open_bundle",
    "read_bundle",
    "read_contents",
    "read_golden",
    "read_graph",
    "unlisted_files",
    "write_bundle",
]
