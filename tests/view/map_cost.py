"""What the map costs the browser with 200,000 defects: script time of a draw, and of a second of scrolling. ``python -m tests.view.map_cost``"""

from __future__ import annotations

import argparse
import tempfile
import time

from tests.view.chromium import Page, browsing
from tests.view.flat import metrics
from tests.view.serving import configured, serving

_FILL = """(() => {
  const map = document.querySelector('strip-map');
  map.style.width = '1500px';
  map.style.height = '300px';
  let state = 7;
  const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
  const list = (most, least = 0) => Float32Array.from({ length: COUNT }, () => least + most * random());
  const numbers = (most) => Uint8Array.from({ length: COUNT }, () => Math.floor(most * random()));
  map.setCoil({ from_mm: 0, to_mm: 2e6, x_from_mm: 0, x_to_mm: 1500, faces: ['top', 'bottom'] });
  map.setDefects({ x: list(2e6), y: list(1450), length: list(200, 2), width: list(40, 1), kind: numbers(4), face: numbers(2) }, ['a', 'b', 'c', 'd']);
  return map.defects.count;
})()"""
_DRAWS = """new Promise((done) => {
  const map = document.querySelector('strip-map');
  const taken = [];
  const next = () => { map.setView(0, 2e6 - taken.length); taken.push(map.draw()); taken.length < 60 ? requestAnimationFrame(next) : done(taken); };
  requestAnimationFrame(next);
})"""
_SCROLL = """new Promise((done) => {
  const map = document.querySelector('strip-map');
  const began = performance.now();
  let frames = 0;
  const next = () => {
    const share = (performance.now() - began) / (1000 * SECONDS);
    if (share >= 1) return done(frames);
    map.setView(share * (2e6 - WIDTH), share * (2e6 - WIDTH) + WIDTH);
    frames += 1;
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
})"""


def scrolled(tab: Page, width_mm: float, seconds: float) -> None:
    """Print what going from one end of the strip to the other costs."""
    before, began_s = metrics(tab), time.monotonic()
    frames = tab.js(_SCROLL.replace("SECONDS", str(seconds)).replace("WIDTH", str(width_mm)))
    after, took_s = metrics(tab), time.monotonic() - began_s
    script, work = (1000 * (after[name] - before[name]) / took_s for name in ("ScriptDuration", "TaskDuration"))
    print(
        f"scrolling, {width_mm / 1000:.0f} m in view: {frames / took_s:.0f} draws a second; scripts {script:.0f} ms of each second, all work {work:.0f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--defects", type=int, default=200_000)
    parser.add_argument("--seconds", type=float, default=5.0)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(configured(f"ipc://{folder}/nobody")) as viewer,
        browsing() as tab,
    ):
        tab.send("Performance.enable")
        tab.look(1600, 900)
        tab.open(viewer.url)
        tab.until("!!document.querySelector('strip-map')")
        count = tab.js(_FILL.replace("COUNT", str(asked.defects)))
        taken = sorted(tab.js(_DRAWS))
        print(
            f"{count:,} defects; a draw of all: median {taken[len(taken) // 2]:.1f} ms, longest of 60 {taken[-1]:.1f} ms"
        )
        for width_mm in (1.9e6, 2e5, 2e4):
            scrolled(tab, width_mm, asked.seconds)


if __name__ == "__main__":
    main()
