"""What a run came to, from its published results and the truth: figures, pictures, a page.

Knows nothing of cameras, engines or the line: whoever subscribes to a run can make this report of it. ``Report`` is fed packet by
packet and keeps no more than the figures and the few frames it will show, however long the run.
"""

from __future__ import annotations

from inspector.report.report import Report
from inspector.report.summary import Summary

__all__ = ["Report", "Summary"]
