"""From trained torch networks to the ONNX graphs of a bundle."""
