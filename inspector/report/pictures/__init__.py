"""The pictures of a run, drawn with OpenCV: a contact sheet of selected frames, and a map of the strip."""
