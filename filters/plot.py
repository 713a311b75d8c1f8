"""Plots of piecewise linear curves, as text for a terminal and as SVG; integers throughout.

A chart's x and y are integers of 10**-`places` of what their labels say.
"""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import NamedTuple

from pit.archives.amounts import decimal, plain, trimmed
from pit.pits.display import printable

__all__ = ["Axis", "Chart", "Curve", "Mark", "as_svg", "as_text"]

Spot = tuple[int, int]
"""An x and a y."""


class Axis(NamedTuple):
    """What an axis is of, and its decimals inside."""

    label: str
    places: int

    def text(self, value: int) -> str:
        """A value as a person reads it."""
        return plain(trimmed(decimal(value, self.places)))


class Curve(NamedTuple):
    """Straight lines from spot to spot, by rising x; sign: its character in a text."""

    label: str
    sign: str
    spots: Sequence[Spot]

    def at(self, x: int) -> int:
        """Its y there; beyond its ends, that of the end."""
        before = self.spots[0]
        for spot in self.spots:
            if spot[0] >= x:
                run = spot[0] - before[0]
                return (
                    before[1] + (spot[1] - before[1]) * (x - before[0]) // run if run else spot[1]
                )
            before = spot
        return before[1]


class Mark(NamedTuple):
    """A spot with a label."""

    label: str
    sign: str
    spot: Spot


class Chart(NamedTuple):
    """Curves over the same x, later ones above earlier ones, and one marked spot."""

    title: str
    x: Axis
    y: Axis
    curves: Sequence[Curve]
    mark: Mark

    @property
    def across(self) -> Spot:
        """The least and the greatest x."""
        found = [x for curve in self.curves for x, _ in curve.spots]
        return min(found), max(found)

    @property
    def up(self) -> Spot:
        """The least and the greatest y, 0 among them."""
        found = [0, *(y for curve in self.curves for _, y in curve.spots)]
        return min(found), max(found)


def scale(value: int, span: Spot, size: int) -> int:
    """A value of a span on 0 to `size`, to the nearest, halves up; 0 where the span is a point."""
    low, high = span
    return (2 * (value - low) * size + high - low) // (2 * (high - low)) if high > low else 0


# --- text -------------------------------------------------------------------------------------


def as_text(chart: Chart, width: int, height: int = 12) -> list[str]:
    """The chart in lines of at most `width` characters, all of them ASCII but for what is said."""
    (left, right), (low, high) = chart.across, chart.up
    worst = chart.mark.spot
    labels = {height - scale(y, (low, high), height): y for y in (low, high, 0, worst[1])}
    texts = {row: chart.y.text(y) for row, y in labels.items()}
    margin = max(map(len, texts.values()))
    columns = max(8, width - margin - 2)
    grid = [[" "] * columns for _ in range(height + 1)]

    def row(y: int) -> int:
        return height - scale(y, (low, high), height)

    grid[row(0)] = ["-"] * columns
    for curve in chart.curves:
        before = row(curve.at(left))
        for column in range(columns):
            now = row(curve.at(left + (right - left) * column // (columns - 1)))
            for between in range(min(before + 1, now), max(before - 1, now) + 1):
                grid[between][column] = curve.sign
            before = now
    grid[row(worst[1])][scale(worst[0], (left, right), columns - 1)] = chart.mark.sign
    lines = [f"{texts.get(i, ''):>{margin}} |{''.join(cells)}" for i, cells in enumerate(grid)]
    lines.append(f"{'':{margin}} +{'-' * columns}")
    lines.append(f"{'':{margin + 2}}{_under(chart, columns)}")
    said = [f"{curve.sign} {curve.label}" for curve in chart.curves]
    lines.append(f"{'':{margin + 2}}{'   '.join([*said, f'{chart.mark.sign} {chart.mark.label}'])}")
    return [line.rstrip() for line in lines]


def _under(chart: Chart, columns: int) -> str:
    """The numbers below the axis: the marked one, both ends, then kinks as there is room."""
    span = chart.across
    wanted = [chart.mark.spot[0], *span, *(x for curve in chart.curves for x, _ in curve.spots)]
    line = [" "] * columns
    for x in dict.fromkeys(wanted):
        text = chart.x.text(x)
        start = scale(x, span, columns - 1) - scale(len(text), (0, 2), 1) + 1
        start = max(0, min(start, columns - len(text)))
        around = line[max(0, start - 2) : start + len(text) + 2]
        if len(text) <= columns and all(cell == " " for cell in around):
            line[start : start + len(text)] = text
    return "".join(line)


# --- SVG --------------------------------------------------------------------------------------

_WIDE, _HIGH = 9600, 4400  # of a chart, in tenths of a pixel
_LEFT, _RIGHT, _TOP, _BOTTOM = 1300, 9300, 900, 3700
_STYLE = """\
text { font: 150px system-ui, "DejaVu Sans", sans-serif; fill: #222 }
.title { font-size: 190px; font-weight: 600 } .end { text-anchor: end }
.middle { text-anchor: middle } .grid { stroke: #ddd; stroke-width: 8 }
.zero { stroke: #555; stroke-width: 14 } .axis { stroke: #222; stroke-width: 14 }
.curve { fill: none; stroke-width: 32; stroke-linejoin: round }
.c0 { stroke: #999; stroke-dasharray: 90 70 } .c1 { stroke: #1f5fa8 }
.mark { fill: #c22 } .said { fill: #c22; font-weight: 600;
  paint-order: stroke; stroke: #fff; stroke-width: 60 }
"""


def as_svg(title: str, charts: Sequence[Chart]) -> str:
    """Charts below one another as one SVG document; whatever is said in it is escaped."""
    height = _HIGH * len(charts)
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {height}" '
        f'width="{_WIDE // 10}" height="{height // 10}" role="img">',
        f"<title>{_said(title)}</title>",
        f"<style>\n{_STYLE}</style>",
        f'<rect width="{_WIDE}" height="{height}" fill="#fff"/>',
    ]
    for index, chart in enumerate(charts):
        parts.append(f'<g transform="translate(0 {_HIGH * index})">')
        parts += _panel(chart)
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def _panel(chart: Chart) -> Iterator[str]:
    across, (low, high) = chart.across, chart.up
    up = (low - (high - low) // 7, high)  # there the lowest spot can have its label below it

    def place(spot: Spot) -> Spot:
        x, y = spot
        at = scale(x, across, _RIGHT - _LEFT) if across[1] > across[0] else (_RIGHT - _LEFT) // 2
        return _LEFT + at, _BOTTOM - scale(y, up, _BOTTOM - _TOP)

    yield _text("title", _LEFT, 330, chart.title)
    yield from _legend(chart)
    for y in _ticks(low, high):
        at = place((across[0], y))[1]
        yield _line("zero" if not y else "grid", _LEFT, at, _RIGHT, at)
        yield _text("end", _LEFT - 120, at + 50, chart.y.text(y))
    for x in _ticks(*across):
        at = place((x, 0))[0]
        yield _line("axis", at, _BOTTOM, at, _BOTTOM + 70)
        yield _text("middle", at, _BOTTOM + 270, chart.x.text(x))
    yield _line("axis", _LEFT, _TOP, _LEFT, _BOTTOM)
    yield _line("axis", _LEFT, _BOTTOM, _RIGHT, _BOTTOM)
    yield _text("middle", (_LEFT + _RIGHT) // 2, _BOTTOM + 530, chart.x.label)
    yield _text("end", _LEFT - 120, _TOP - 120, chart.y.label)
    for index, curve in enumerate(chart.curves):
        spots = " ".join(f"{x},{y}" for x, y in map(place, curve.spots))
        yield f'<polyline class="curve c{index % 2}" points="{spots}"/>'
    x, y = place(chart.mark.spot)
    yield f'<circle class="mark" cx="{x}" cy="{y}" r="70"/>'
    side = "" if x < _LEFT + 900 else " end" if x > _RIGHT - 900 else " middle"
    yield _text(f"said{side}", x + 40 if not side else x, y + 240, chart.mark.label)


def _legend(chart: Chart) -> Iterator[str]:
    """What each curve is, one beside the other."""
    at = _LEFT
    for index, curve in enumerate(chart.curves):
        yield f'<polyline class="curve c{index % 2}" points="{at},560 {at + 500},560"/>'
        yield _text("", at + 600, 610, curve.label)
        at += 900 + 85 * len(curve.label)


def _ticks(low: int, high: int) -> Iterable[int]:
    """Round numbers from low to high: a step of 1, 2 or 5 times a power of ten, at most seven."""
    step, turn = 1, 0
    while (high - low) // step > 6:
        turn += 1
        step = (1, 2, 5)[turn % 3] * 10 ** (turn // 3)
    return range(-(-low // step) * step, high + 1, step)


def _line(kind: str, x1: int, y1: int, x2: int, y2: int) -> str:
    return f'<line class="{kind}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>'


def _text(kind: str, x: int, y: int, said: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{_said(said)}</text>'


def _said(text: str) -> str:
    return escape(printable(text))
