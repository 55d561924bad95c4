"""The one decoder of image files, for the line and for data sets.

``decoder.py`` is the door: a path becomes grey pixels, or one error that says why not. It knows a picture's size, depth and stated white
from the header, before anything is decoded. Each format has a file that reads its header into a ``Picture``, which decodes.
"""
