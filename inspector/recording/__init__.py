"""Recordings: what the cameras of a line delivered, on disk, so that it can be played again.

A recording is a folder: ``recording.json`` says of what it is (manifest.py), ``phases.jsonl`` which run was on and whether the line was
paused (records.py), and ``cameras/NAME`` holds the index of a camera, ``index.jsonl``, and its pixels as they arrived (store.py).
``writer.py`` writes one beside a running line (``waiting.py`` is the memory between the cameras and the disk, ``files.py`` the disk),
``reader.py`` reads it. Neither knows the line: ``line/recorder.py`` and
``capture/recording`` do. The format is in ``docs/recording.md``.
"""
