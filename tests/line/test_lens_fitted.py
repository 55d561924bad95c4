"""A defect behind a lens that bends is as long, as large and at the same place however the camera's frames are fitted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from engines.bundle import Bundle
from engines.distortion import Distortion
from inspector.config.fit import FitConfig
from inspector.config.positions import PlacementConfig
from inspector.frames.outcome import Defect
from inspector.frames.size import FrameSize
from inspector.inference.identity import identity_of
from inspector.line.fits import Fits
from inspector.line.judges import Judges
from tests.line.conftest import tiny_config
from tests.tiny_bundle import make_tiny_bundle
from tests.verdicts.bent_scales import calibrated

CAMERA = FrameSize(200, 600)
BENT = Distortion(kind="radial", center_x_px=310.0, center_y_px=95.0, reach_px=316.0, k1=0.08, k2=0.01)
PLACEMENT = PlacementConfig(lateral_mm=250.0, along_mm=40.0, flip_across=True)
SCALE = calibrated(*CAMERA, BENT, 0.2, 0.3)
POSITION_UM = 1_000_000


def found(bundle: Bundle, mask: np.ndarray, fit: dict[str, Any]) -> Defect:
    """The one defect on a mask of a judged frame, with its place."""
    inspected = FrameSize(bundle.height, bundle.width)
    config = tiny_config(Path(bundle.path), None)
    camera = msgspec.structs.replace(config.cameras[0], fit=msgspec.convert(fit, FitConfig))
    config = msgspec.structs.replace(config, cameras=(camera,))
    judges = Judges(config.verdicts, {"top": SCALE}, {"top": PLACEMENT}, Fits(config, inspected))
    judges.check(bundle)
    judge = judges.of("top", bundle, identity_of(bundle))
    assert mask.shape == judges.fits.of("top").judged
    (defect,) = judge.segmented(0.9, mask, None, (0.0, 0.9), POSITION_UM).defects
    return defect


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> tuple[Bundle, Bundle]:
    """For whole frames, and for parts of them."""
    folder = tmp_path_factory.mktemp("bundles")
    return make_tiny_bundle(folder / "whole" / "tiny", *CAMERA), make_tiny_bundle(folder / "part" / "tiny", 120, 400)


@pytest.mark.parametrize("place", [(520, 150, 60, 9), (415, 125, 8, 40), (250, 60, 30, 30)])
def test_tiled_and_cropped_as_uncut(place: tuple[int, int, int, int], bundles: tuple[Bundle, Bundle]) -> None:
    x, y, width, height = place
    mask = np.zeros(CAMERA, np.uint8)
    mask[y : y + height, x : x + width] = 2
    size = {"height": CAMERA.height, "width": CAMERA.width}
    uncut = found(bundles[0], mask, {})
    assert uncut.length_mm is not None
    assert uncut.length_mm > 1.01 * max(width * 0.2, height * 0.3) or place[0] == 250, "the lens matters there"
    fits = {"tile": (0, 0, mask), "crop": (200, 55, mask[55:175, 200:600])}
    for mode, (left, top, judged) in fits.items():
        keys = {"offset": {"x": left, "y": top}} if mode == "crop" else {}
        fitted = found(bundles[1], np.ascontiguousarray(judged), {"mode": mode, "size": size, **keys})
        for figure in ("length_mm", "width_mm", "area_mm2", "x_mm"):
            assert getattr(fitted, figure) == pytest.approx(getattr(uncut, figure), rel=1e-3), (mode, figure)
        assert fitted.position_um == pytest.approx(uncut.position_um, abs=1), mode
        assert fitted.centroid_px == pytest.approx((uncut.centroid_px[0] - left, uncut.centroid_px[1] - top))
    assert mask[55:175, 200:600].sum() == mask.sum(), "the window shows all of it"
