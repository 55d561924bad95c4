"""Scale: millimetres per pixel and the distortion of a lens, from frames of a ruled target or from known distances."""
