"""TensorRT plans: which library is here, building them from graphs or weights, and the cache that keeps them."""
