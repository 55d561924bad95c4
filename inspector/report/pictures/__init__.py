"""The pictures of a run, drawn with OpenCV alone: a contact sheet of telling frames, and a map of the strip."""
