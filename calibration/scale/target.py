"""Finds the points of a ruled target on a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.errors import DataError

Points = NDArray[np.float64]
Kind = Literal["checkerboard", "dots", "asymmetric-dots"]
KINDS: tuple[Kind, ...] = ("checkerboard", "dots", "asymmetric-dots")


@dataclass(frozen=True, slots=True)
class Target:
    """What is printed on a flat sheet."""

    kind: Kind
    columns: int
    rows: int
    """Inner corners of the checkerboard, or dots. Of asymmetric dots every second row is shifted by half a pitch, and the number of rows is
    odd: OpenCV does not find the order of others."""
    pitch_mm: float
    """From one corner or dot to the next in a row; rows of asymmetric dots are half of it apart."""

    def points_mm(self) -> Points:
        """The points on the target, ``[n, 2]``, row by row."""
        y, x = np.mgrid[: self.rows, : self.columns].astype(np.float64)
        if self.kind == "asymmetric-dots":
            x, y = x + (y % 2) / 2, y / 2
        return np.stack((x.ravel(), y.ravel()), axis=1) * self.pitch_mm

    def find(self, frame: NDArray[np.uint8]) -> Points:
        """Where the frame, uint8 ``[H, W]``, shows them, px, in the same order or its reverse. Raises DataError where they are not found."""
        size = (self.columns, self.rows)
        if self.kind == "checkerboard":
            found, points = _corners(frame, size)
        else:
            grid = cv2.CALIB_CB_ASYMMETRIC_GRID if self.kind == "asymmetric-dots" else cv2.CALIB_CB_SYMMETRIC_GRID
            found, points = cv2.findCirclesGrid(frame, size, flags=grid, blobDetector=_dot_detector(frame.shape))
        if not found:
            what = "inner corners of a checkerboard" if self.kind == "checkerboard" else f"{self.kind}"
            raise DataError(
                f"the {self.columns}x{self.rows} {what} were not found; all of them must be seen, dark on bright, sharp, and 8 px or more apart"
            )
        return np.asarray(points, np.float64).reshape(-1, 2)


def _corners(frame: NDArray[np.uint8], size: tuple[int, int]) -> tuple[bool, Any]:
    """Whether the inner corners of a checkerboard were found, and where. Upsampling (``ACCURACY``) finds small squares, and makes OpenCV
    miss some sharp targets that it finds without; the corners are refined in either case."""
    for flags in (cv2.CALIB_CB_ACCURACY, 0):
        flags |= cv2.CALIB_CB_EXHAUSTIVE | cv2.CALIB_CB_NORMALIZE_IMAGE
        found, points = cv2.findChessboardCornersSB(frame, size, flags=flags)
        if found:
            return True, _refined(frame, np.asarray(points, np.float32))
    return False, None


def _refined(frame: NDArray[np.uint8], corners: NDArray[np.float32]) -> NDArray[np.float32]:
    """The corners to a few hundredths of a pixel: where all gradients around them point past them (Foerstner and Guelch, 1987)."""
    apart = float(np.median(np.hypot(*np.diff(corners.reshape(-1, 2), axis=0).T)))
    reach = max(2, int(apart / 3))
    end = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 50, 1e-4)
    return np.asarray(cv2.cornerSubPix(frame, corners, (reach, reach), (-1, -1), end), np.float32)


def _dot_detector(shape: tuple[int, ...]) -> cv2.SimpleBlobDetector:
    """OpenCV's own limits are for dots of 5 to 70 px."""
    limits = cv2.SimpleBlobDetector.Params()
    limits.minArea, limits.maxArea = 9.0, float(shape[0] * shape[1]) / 16
    limits.minDistBetweenBlobs = 4.0
    limits.minRepeatability = 2
    return cv2.SimpleBlobDetector.create(limits)
