"""Watches for drift: frames and gate scores of a camera against the reference that the bundle's operating point has.

``watch`` is shown every inspected frame and adds the looked-at ones to a ``block``; a thread of its own joins the last four blocks to a
window, has ``judge`` compare it with the reference, has ``picture`` drawn and ``folder`` keep it, and reports. No verdict depends on any of it.
"""
