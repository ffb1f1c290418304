"""Results as an SVG drawing: a panel for each scenario, a bar for each contestant."""

from __future__ import annotations

from html import escape

from benchmark.contestants import CONTESTANTS
from benchmark.results import Results, Spread
from benchmark.tables import name_of, ordered, seconds, title_of

_WIDTH, _LABELS, _NUMBERS, _ROW, _HEAD = 900, 330, 90, 22, 40
_BARS = _WIDTH - _LABELS - _NUMBERS
_VARIANTS = frozenset(each.key for each in CONTESTANTS if each.is_variant)
_OURS, _OTHERS, _INK = "#2563eb", "#9ca3af", "#111827"


def draw(results: Results, lock: str) -> str:
    """All scenarios of a lock, one below the other; each has a scale of its own.

    Variants of ours are for the tables alone.
    """
    panels, y = [], 10
    for key in results.scenarios(lock):
        text, height = _panel(results, lock, key, y)
        panels.append(text)
        y += height
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y}" width="{_WIDTH}"'
        f' height="{y}" font-family="sans-serif" font-size="13" fill="{_INK}">\n'
        f'<rect width="{_WIDTH}" height="{y}" fill="#ffffff"/>\n{"".join(panels)}</svg>\n'
    )


def _panel(results: Results, lock: str, key: str, y: int) -> tuple[str, int]:
    spreads = {
        each: spread
        for each in ordered(results.contestants(lock, key))
        if each not in _VARIANTS
        and (spread := results.spread(lock, key, each, lambda sample: sample.wall))
    }
    most = max(each.most for each in spreads.values())
    title = f'<text x="10" y="{y + 20}" font-weight="bold">{escape(title_of(key))}</text>\n'
    bars = [
        _bar(each, spread, most, y + _HEAD + number * _ROW)
        for number, (each, spread) in enumerate(spreads.items())
    ]
    return title + "".join(bars), _HEAD + len(bars) * _ROW + 10


def _bar(contestant: str, spread: Spread, most: float, y: int) -> str:
    def x(value: float) -> float:
        return round(_LABELS + value / most * _BARS, 1)

    label = escape(name_of(contestant).replace("`", ""))
    colour = _OURS if contestant.startswith("ours") else _OTHERS
    width, middle = round(x(spread.middle) - _LABELS, 1), y + _ROW // 2 - 3
    return (
        f'<text x="{_LABELS - 8}" y="{y + 12}" text-anchor="end">{label}</text>\n'
        f'<rect x="{_LABELS}" y="{y}" width="{width}" height="{_ROW - 6}" fill="{colour}"/>\n'
        f'<line x1="{x(spread.least)}" x2="{x(spread.most)}" y1="{middle}" y2="{middle}"'
        f' stroke="{_INK}"/>\n'
        f'<text x="{x(spread.most) + 6}" y="{y + 12}">{seconds(spread.middle)}</text>\n'
    )
