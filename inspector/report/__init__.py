"""The report of a run, made from its published results and the truth: figures, pictures, a page.

Needs no camera, engine or line: any subscriber of a run can make this report. ``Report`` is given packet by packet; it keeps only the
figures and the few frames it will show, however long the run is.
"""

from __future__ import annotations

from inspector.report.report import Report
from inspector.report.summary import Summary

__all__ = ["Report", "Summary"]
