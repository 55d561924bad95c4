"""Makes TensorRT plans from a bundle's graphs, and proves them."""
