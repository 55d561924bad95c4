"""Both engines on an NVIDIA GPU: one device, its streams, copies and events; TensorRT or torch computes on the streams it is given."""
