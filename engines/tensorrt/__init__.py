"""TensorRT plans: which TensorRT is installed, building plans from graphs, and the cache that keeps them. Running them is
`engines.runtime`'s."""
