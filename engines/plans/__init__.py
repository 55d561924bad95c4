"""TensorRT plans and the library they are for: which TensorRT is here, and the folder that keeps plans. Built by `engines.build`, run by `engines.runtime`."""
