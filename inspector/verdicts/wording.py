"""A rule as one line of text, for the start message."""

from __future__ import annotations

import msgspec

from inspector.config.verdicts import Rule

_LIMITS = {
    "min_area_px": "area >= {:g} px2",
    "min_area_mm2": "area >= {:g} mm2",
    "min_length_mm": "length >= {:g} mm",
    "min_width_mm": "width >= {:g} mm",
    "min_score": "score >= {:g}",
}


def rule_in_words(rule: Rule) -> str:
    """The rule as text, for example ``SCRAP: corrosion, area >= 40000 mm2, 2 or more``."""
    values = msgspec.structs.asdict(rule)
    words = [rule.class_name or "any class"]
    words += [text.format(values[key]) for key, text in _LIMITS.items() if values[key] is not None]
    if rule.min_count > 1:
        words.append(f"{rule.min_count} or more")
    if rule.min_count_per_metre is not None:
        words.append(f"{rule.min_count_per_metre:g} or more per metre")
    return f"{rule.verdict.upper()}: {', '.join(words)}"
