"""A coil as one piece: long defects, periodic defects, grade. Functions over the results of a run, without clock and socket.

All places are in the coordinates of the coil, mm: along it from its head, across it from the reference edge of the strip; both faces in one
coordinate system.
"""
