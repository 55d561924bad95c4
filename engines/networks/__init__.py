"""The torch networks, by name from `factory.build_network`: U-Nets of segmentation-models-pytorch, gates of timm, and this
project's own small gate and segmenter on EfficientNet-Lite0.

Networks see grey frames scaled to about -1..1, at full or half resolution; what turns a camera's uint8 frame into that,
and a network's logits into a score or a bitmask, is in `engines.export.graphs`, so that it becomes part of the ONNX graph.
"""
