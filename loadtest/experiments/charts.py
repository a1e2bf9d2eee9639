"""Line charts as SVG, with axes that end in round numbers. Pure.

They load no script and no font, so a report opens from a mail or a ticket as it is.
"""

import math
from collections.abc import Sequence
from html import escape

from msgspec import Struct

COLORS = ("#2563a8", "#c2571a", "#3a7d44", "#7a3e9d", "#8a6d00", "#b0304f")
_WIDTH, _HEIGHT = 640, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 16, 12, 44


class Series(Struct, frozen=True):
    """Points in order of x. ``dots`` marks each point, ``dashed`` dashes the line between them."""

    name: str
    points: tuple[tuple[float, float], ...]
    dots: bool = False
    dashed: bool = False


def chart(series: Sequence[Series], x_title: str, y_title: str) -> str:
    """One figure, or a sentence if there are no points to draw."""
    drawn = [each for each in series if each.points]
    if not drawn:
        return "<p>Nothing to draw: no answer came in.</p>"
    xs = [x for line in drawn for x, _ in line.points]
    ys = [y for line in drawn for _, y in line.points]
    right, top = _round_up(max(xs)), _round_up(max(ys))
    left = 0.0

    def at(x: float, y: float) -> tuple[float, float]:
        across = (x - left) / (right - left or 1)
        up = y / (top or 1)
        return (_LEFT + across * (_WIDTH - _LEFT - _RIGHT),
                _HEIGHT - _BOTTOM - up * (_HEIGHT - _TOP - _BOTTOM))  # fmt: skip

    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
             f'aria-label="{escape(y_title)} by {escape(x_title)}">']  # fmt: skip
    for tick in _ticks(top):
        x0, y = at(left, tick)
        parts.append(f'<line class="grid" x1="{x0}" y1="{y:.1f}" x2="{_WIDTH - _RIGHT}" '
                     f'y2="{y:.1f}"/><text x="{x0 - 6}" y="{y + 4:.1f}" text-anchor="end">'
                     f"{_number(tick)}</text>")  # fmt: skip
    for tick in _ticks(right):
        x, y = at(tick, 0)
        parts.append(f'<text x="{x:.1f}" y="{y + 16:.1f}" text-anchor="middle">'
                     f"{_number(tick)}</text>")  # fmt: skip
    parts.append(f'<text x="{(_LEFT + _WIDTH) / 2}" y="{_HEIGHT - 6}" text-anchor="middle">'
                 f"{escape(x_title)}</text>")  # fmt: skip
    parts.append(f'<text transform="translate(12 {_HEIGHT / 2}) rotate(-90)" text-anchor="middle">'
                 f"{escape(y_title)}</text>")  # fmt: skip
    for number, line in enumerate(drawn):
        color = COLORS[number % len(COLORS)]
        path = " ".join("{:.1f},{:.1f}".format(*at(*point)) for point in line.points)
        dash = ' stroke-dasharray="5 4"' if line.dashed else ""
        if len(line.points) > 1:
            parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" '
                         f'stroke-width="1.8"{dash}/>')  # fmt: skip
        if line.dots or len(line.points) == 1:
            parts += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>'
                      for x, y in (at(*point) for point in line.points)]  # fmt: skip
    legend = "".join(
        f'<span><i style="background:{COLORS[number % len(COLORS)]}"></i>{escape(line.name)}</span>'
        for number, line in enumerate(drawn)
    )
    return f"<figure>{''.join(parts)}</svg><figcaption>{legend}</figcaption></figure>"


def _round_up(value: float) -> float:
    """Up to 1, 2, 2.5 or 5 times a power of ten."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= value)


def _ticks(top: float) -> list[float]:
    return [top * part / 5 for part in range(6)]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.2g}"
