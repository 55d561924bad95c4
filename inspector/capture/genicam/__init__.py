"""Cameras that speak GenICam (GigE Vision, USB3 Vision), by the library Aravis.

``library.py`` binds what is used of ``libaravis-0.8.so.0``; ``discovery.py`` chooses the camera; ``device.py`` is the opened camera and its
features, ``features.py`` applies those of the configuration; ``stream.py`` is what brings frames; ``frame_ids.py``, ``arrival_time.py`` and
``clock_watch.py`` make numbers and times of what stands in a frame; ``session.py`` is one connection, and ``source.py`` the camera over all of
them. Tests run Aravis' fake camera, which sends real packets.
"""

from inspector.capture.genicam.source import GenicamSource

__all__ = ["GenicamSource"]
