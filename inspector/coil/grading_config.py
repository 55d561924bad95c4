"""Section ``grading`` of a coil's configuration: which grade a coil gets, and where it would be cut."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from inspector.config.section import Section

MOST_GRADES = 20
MOST_LIMITS = 100
Metres = Annotated[float, Meta(ge=0, le=1e6)]
Millimetres = Annotated[float, Meta(ge=0, le=1e9)]
Place = Annotated[float, Meta(ge=-1e6, le=1e6)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Several = Annotated[float, Meta(ge=0, le=1e9)]
Count = Annotated[int, Meta(ge=0, le=10**9)]
GradeName = Annotated[str, Meta(min_length=1, max_length=40)]


class DefectLimit(Section, frozen=True, kw_only=True):
    """How much of some kind of defects a coil of a grade may have. A defect is of the kind when it reaches every limit that is set."""

    classes: Annotated[tuple[str, ...], Meta(description="Of these classes. Empty: of any.", max_length=64)] = ()
    face: Annotated[Literal["top", "bottom"] | None, Meta(description="On this face. Null: on either.")] = None
    min_length_mm: Annotated[Millimetres, Meta(description="From this length along the coil, mm.")] = 0.0
    min_width_mm: Annotated[Millimetres, Meta(description="From this width across it, mm.")] = 0.0
    min_area_mm2: Annotated[Millimetres, Meta(description="From this area, mm2.")] = 0.0
    x_from_mm: Annotated[Place | None, Meta(description="That reaches beyond this place across the coil, mm.")] = None
    x_to_mm: Annotated[Place | None, Meta(description="That begins before this place across the coil, mm.")] = None
    most: Annotated[Count | None, Meta(description="So many on the coil.")] = None
    most_per_100m: Annotated[Several | None, Meta(description="So many per 100 m, on the whole coil.")] = None
    most_in_100m: Annotated[Count | None, Meta(description="So many in any 100 m, wherever they begin.")] = None
    most_length_m: Annotated[
        Metres | None,
        Meta(description="So much of the coil's length has such defects, m. What several cover counts once."),
    ] = None
    most_length_percent: Annotated[Percent | None, Meta(description="The same as a share of its length, %.")] = None


BOUNDS = ("most", "most_per_100m", "most_in_100m", "most_length_m", "most_length_percent")
"""Of which a limit has at least one."""


class GradeConfig(Section, frozen=True, kw_only=True):
    """What a coil must meet for a grade. All of it must hold."""

    name: Annotated[GradeName, Meta(description="Name of the grade.")]
    limits: Annotated[tuple[DefectLimit, ...], Meta(description="Of defects.", max_length=MOST_LIMITS)] = ()
    longest_clean_m: Annotated[
        Metres, Meta(description="Somewhere it has so long a stretch without any defect, m; all of it inspected.")
    ] = 0.0
    most_uninspected_percent: Annotated[
        Percent, Meta(description="So much of its length may be uninspected, %. That is never counted as clean.")
    ] = 1.0
    most_roll_marks: Annotated[Count | None, Meta(description="So many roll marks. Null: any number.")] = None


class CutsConfig(Section, frozen=True, kw_only=True):
    """Where a coil is cut, so that the pieces that are left have a grade."""

    grade: Annotated[GradeName, Meta(description="The grade that each piece is to have.")]
    least_piece_m: Annotated[Metres, Meta(description="A shorter piece is not worth keeping, m.")] = 50.0
    margin_m: Annotated[Metres, Meta(description="So much on both sides of what is cut out goes with it, m.")] = 0.5


class GradingConfig(Section, frozen=True, kw_only=True):
    """The grades, the best first. A coil gets the first one whose conditions it meets."""

    grades: Annotated[
        tuple[GradeConfig, ...], Meta(description="The best first.", min_length=1, max_length=MOST_GRADES)
    ]
    otherwise: Annotated[GradeName, Meta(description="The grade of a coil that meets none of them.")]
    leave_out_head_m: Annotated[
        Metres, Meta(description="So much at the head does not count, m: it is cropped anyway.")
    ] = 0.0
    leave_out_tail_m: Annotated[Metres, Meta(description="The same at the tail, m.")] = 0.0
    cuts: Annotated[CutsConfig | None, Meta(description="Where it would be cut. Null: no cut list.")] = None

    def __post_init__(self) -> None:
        names = [grade.name for grade in self.grades]
        if len(set(names)) != len(names) or self.otherwise in names:
            raise ValueError("grades: each needs a name of its own, and otherwise another one")
        if self.cuts is not None and self.cuts.grade not in names:
            raise ValueError(f"cuts.grade: found {self.cuts.grade!r}, expected one of {', '.join(names)}")
        for grade in self.grades:
            for limit in grade.limits:
                if all(getattr(limit, bound) is None for bound in BOUNDS):
                    raise ValueError(f"grade {grade.name}: a limit needs one of {', '.join(BOUNDS)}")
                if limit.x_from_mm is not None and limit.x_to_mm is not None and limit.x_from_mm >= limit.x_to_mm:
                    raise ValueError(f"grade {grade.name}: x_from_mm must be below x_to_mm")


def in_words(limit: DefectLimit) -> str:
    """The kind of defects that a limit is about, for a person."""
    kind = ", ".join(limit.classes) or "defects"
    sizes = [
        f"{what} >= {value:g} {unit}"
        for what, value, unit in (
            ("length", limit.min_length_mm, "mm"),
            ("width", limit.min_width_mm, "mm"),
            ("area", limit.min_area_mm2, "mm2"),
        )
        if value
    ]
    where = [] if limit.face is None else [f"on the {limit.face} face"]
    if limit.x_from_mm is not None or limit.x_to_mm is not None:
        first = "the edge" if limit.x_from_mm is None else f"{limit.x_from_mm:g}"
        last = "the other edge" if limit.x_to_mm is None else f"{limit.x_to_mm:g} mm"
        where.append(f"between {first} and {last} across")
    return " ".join((kind, *(["of", " and ".join(sizes)] if sizes else []), *where))
