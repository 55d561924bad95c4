"""Makes TensorRT plans from a bundle's graphs, and keeps them. The one room, with `engines.runtime`, that imports TensorRT."""
