"""TensorRT plans: finds the installed TensorRT, builds plans from graphs, and keeps them in a cache. They are run by
`engines.runtime`."""
