"""The report as a page: one HTML file with its style, beside the pictures it shows. No script, nothing from elsewhere."""

from __future__ import annotations

from html import escape

from inspector.report.blocks import Block, blocks
from inspector.report.summary import Summary

STYLE = """
:root { color-scheme: dark; --page: #14181f; --panel: #1d232d; --line: #343d4b; --ink: #e8ecf2; --faint: #98a4b5; }
body { margin: 2rem auto; max-width: 1640px; padding: 0 1rem; background: var(--page); color: var(--ink);
       font: 15px/1.45 system-ui, "DejaVu Sans", sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .3rem; } h2 { font-size: 1.05rem; margin: 0 0 .6rem; }
.state { color: #4be36a; } .state.unsound { color: #ff3b30; font-weight: bold; }
.blocks { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1.5rem 0; }
section { background: var(--panel); padding: 1rem 1.2rem; border-radius: 8px; }
table { border-collapse: collapse; } th { color: var(--faint); font-weight: normal; }
th, td { text-align: right; padding: .15rem .7rem .15rem 0; font-variant-numeric: tabular-nums; white-space: pre; }
th:first-child, td:first-child { text-align: left; } thead th { border-bottom: 1px solid var(--line); }
p.note { color: var(--faint); font-size: .85rem; max-width: 60rem; margin: .6rem 0 0; }
figure { margin: 1.5rem 0; } img { max-width: 100%; height: auto; border-radius: 8px; }
"""


def page(title: str, summary: Summary) -> str:
    """The page's HTML."""
    sound = not summary.unresolved and not summary.repeated
    state = (
        f"{summary.frames:,} frames, each with exactly one verdict."
        if sound
        else f"Not sound: {summary.unresolved:,} frames without a verdict, {summary.repeated:,} second verdicts."
    )
    figures = "\n".join(
        f'<figure><a href="{escape(name)}"><img src="{escape(name)}" alt="{escape(_alt(name))}"></a></figure>'
        for name in summary.pictures
    )
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>
<style>{STYLE}</style></head>
<body>
<h1>{escape(title)}</h1>
<p class="state{"" if sound else " unsound"}">{state} The figures as JSON: <a href="report.json">report.json</a></p>
<div class="blocks">
{"".join(section(one) for one in blocks(summary))}
</div>
{figures}
</body>
</html>
"""


def _alt(name: str) -> str:
    return name.removesuffix(".png").replace("_", " ")


def section(block: Block) -> str:
    """A block as a panel of the page."""
    head = "".join(f"<th>{escape(one)}</th>" for one in block.columns)
    head = f"<thead><tr>{head}</tr></thead>" if any(block.columns) else ""
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in block.rows)
    notes = "".join(f'<p class="note">{escape(one)}</p>' for one in block.notes)
    return f"<section><h2>{escape(block.title)}</h2><table>{head}<tbody>{rows}</tbody></table>{notes}</section>\n"
