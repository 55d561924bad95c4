from inspector.verdicts.native import Found

def measure(
    address: int,
    height: int,
    width: int,
    minimum_areas: tuple[int, ...],
    most_listed: int,
    mm_per_px_x: float,
    mm_per_px_y: float,
) -> Found: ...
