"""Pictures, below data sets and the line: both use the same code, so that both see the same frame.

``decoder.py`` is the one door for image files: a path becomes grey pixels, or one error that says why not. It knows a picture's size,
depth and stated white from the header, before anything is decoded. Each format has a file that reads its header into a ``Picture``, which
decodes. ``frame_files.py`` makes frames of many files. ``blank.py`` recognises a frame that shows nothing.
"""
