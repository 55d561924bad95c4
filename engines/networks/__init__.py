"""The torch networks: one encoder, a gate and a segmenter on top of it.

Networks work on half-resolution frames scaled to about -1..1; what turns a camera's uint8 frame into that, and a
network's logits into a score or a bitmask, is in `engines.export.graphs`, so that it becomes part of the ONNX graph.
"""
