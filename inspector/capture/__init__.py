"""Frame sources: one room or file for each kind of camera, all behind ``inspector.capture.source.FrameSource``.

A source knows how frames arrive and nothing else: no ring, no engine, no verdict. Every hardware source has its software
twin here (the simulator, the replay of a recording), and the line cannot tell them apart.
"""
