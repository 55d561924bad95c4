from inspector.verdicts.native import Found

def measure(
    address: int,
    height: int,
    width: int,
    minimum_areas: tuple[int, ...],
    most_listed: int,
    mm_per_px_x: float,
    mm_per_px_y: float,
    lens: int = 0,
    centre_x: float = 0,
    centre_y: float = 0,
    reach: float = 0,
    k1: float = 0,
    k2: float = 0,
    /,
) -> Found: ...
