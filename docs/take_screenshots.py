"""Redraw docs/screenshots: `python docs/take_screenshots.py --home DIR --simulated DIR [--only NAME]`.

Serves the dashboards of New York's and of the simulated district's current releases on loopback, opens their pages in a
real Chromium and saves what a reader sees. Of the simulated district are the pages that New York's records do not fill.
"""

import argparse
import os
import struct
import sys
import zlib
from base64 import b64decode, b64encode
from pathlib import Path

from playwright.sync_api import Browser

from tests.dashboards import browsing

FOLDER = Path(__file__).parent / "screenshots"
SHOTS = {
    "overview": "/",
    "district": "/district?area=brooklyn&period=2016-11",
    "briefing": "/briefing?area=brooklyn&period=2016-11",
    "trend": "/trend",
    "compare": "/compare",
    "cooperation": "/cooperation",
    "quality": "/quality",
    "catalogue": "/catalogue?status=available&indicator=B1",
    "overview_dark_zh": "/?lang=zh&scheme=dark",
    "explain": "/explain?indicator=B1&area=brooklyn&by=month&period=2016-11",
}
SIMULATED = {
    "public": "/public?lang=en",
    "interventions": "/interventions?lang=en",
    "game": "/game?lang=en",
}
WIDTH, HEIGHT, TALLEST = 1400, 900, 2600
"""In pixels; longer pages are cut off at the tallest."""
HEAVIEST = 400_000
"""In bytes; the pictures are part of the repository."""

INDEXED = """async (png) => {
  const image = await createImageBitmap(await (await fetch('data:image/png;base64,' + png)).blob());
  const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d');
  canvas.drawImage(image, 0, 0);
  const pixels = new Uint32Array(canvas.getImageData(0, 0, image.width, image.height).data.buffer);
  const counts = new Map();
  for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) || 0) + 1);
  const apart = (a, b) => [0, 8, 16].reduce((sum, bit) => sum + (((a >> bit) & 255) - ((b >> bit) & 255)) ** 2, 0);
  const palette = [];
  for (const [pixel] of [...counts].sort((a, b) => b[1] - a[1])) {
    // Shades too close to a commoner one would crowd out rare hues; the grounds differ by little and come first.
    const least = palette.length < 12 ? 1 : 160;
    if (palette.length < 256 && palette.every(colour => apart(colour, pixel) >= least)) palette.push(pixel);
  }
  const nearest = new Map(palette.map((colour, index) => [colour, index]));
  for (const pixel of counts.keys()) if (!nearest.has(pixel)) {
    const best = palette.reduce(
      (kept, colour, at) => apart(colour, pixel) < apart(palette[kept], pixel) ? at : kept, 0);
    nearest.set(pixel, best);
  }
  let text = '';
  for (const pixel of pixels) text += String.fromCharCode(nearest.get(pixel));
  return [image.width, image.height, palette.map(c => [c & 255, (c >> 8) & 255, (c >> 16) & 255]), btoa(text)];
}"""
"""Reads a picture's pixels as places in a palette of up to 256 of its colours, the others by the nearest."""


def main() -> int:
    """Take all screenshots; 1 if there is no browser or no release, or a picture is too heavy."""
    parser = argparse.ArgumentParser(description="Redraw docs/screenshots from the current release.")
    parser.add_argument("--home", type=Path, default=Path(os.environ.get("WARDLIGHT_HOME", ".wardlight")))
    parser.add_argument("--simulated", type=Path, help="state folder of the simulated district")
    choices = [*SHOTS, *SIMULATED]
    parser.add_argument("--only", action="append", choices=choices, default=[], help="take these alone")
    options = parser.parse_args()
    homes = [(options.home, SHOTS), *([(options.simulated, SIMULATED)] if options.simulated else [])]
    executable = browsing.chromium()
    if executable is None:
        print(browsing.MISSING, file=sys.stderr)
        return 1
    FOLDER.mkdir(exist_ok=True)
    for home, shots in homes:
        if not (home / "releases" / "current").exists():
            print(f"No release under {home}: run the nightly job first, make nightly.", file=sys.stderr)
            return 1
        with browsing.serve(home) as url, browsing.browser(executable) as browser:
            for name, address in shots.items():
                if options.only and name not in options.only:
                    continue
                _take(browser, url + address, FOLDER / f"{name}.png")
                print(f"docs/screenshots/{name}.png")
    heavy = [file.name for file in sorted(FOLDER.glob("*.png")) if file.stat().st_size > HEAVIEST]
    if heavy:
        print(f"Heavier than {HEAVIEST:,} bytes: {', '.join(heavy)}; make TALLEST smaller.", file=sys.stderr)
    return 1 if heavy else 0


def _take(browser: Browser, address: str, file: Path) -> None:
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
    # As whoever has been here before sees them.
    page.add_init_script("localStorage.setItem('wardlight-help-read', '1')")
    page.goto(address)
    page.locator("main h1").wait_for()
    page.wait_for_load_state("networkidle")
    for selector in (".js-plotly-plot .main-svg", ".ag-root"):
        for part in page.locator(selector).all():
            part.wait_for(state="attached")
    height = int(page.evaluate("document.documentElement.scrollHeight"))
    # A window as tall as the page: grids and charts then draw all that is in view.
    page.set_viewport_size({"width": WIDTH, "height": min(height, TALLEST)})
    page.wait_for_timeout(500)
    picture = page.screenshot()
    page.goto("about:blank")
    width, height, palette, pixels = page.evaluate(INDEXED, b64encode(picture).decode())
    page.close()
    file.write_bytes(_png(width, height, palette, b64decode(pixels)))


def _png(width: int, height: int, palette: list[list[int]], pixels: bytes) -> bytes:
    """Write an indexed PNG, half as heavy as the browser's own."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    rows = b"".join(b"\0" + pixels[start : start + width] for start in range(0, width * height, width))
    colours = bytes(level for colour in palette for level in colour)
    parts = chunk(b"IHDR", header), chunk(b"PLTE", colours), chunk(b"IDAT", zlib.compress(rows, 9)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


if __name__ == "__main__":
    sys.exit(main())
