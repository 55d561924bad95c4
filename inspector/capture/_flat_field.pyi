def correct(
    raw: int,
    raw_stride: int,
    offset: int,
    gain: int,
    plane_stride: int,
    out: int,
    height: int,
    width: int,
) -> None: ...
