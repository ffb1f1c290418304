"""A picture of what the service learned from. Needs the extra `plots`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def save_bars(messages_per_team: Mapping[str, int], path: Path) -> None:
    """Write a bar chart to `path`; its suffix names the format (.png, .svg, .pdf)."""
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.subplots()
    axes.bar(list(messages_per_team), list(messages_per_team.values()))
    axes.set_ylabel("messages")
    figure.savefig(path)
