"""The drawing of the floors in `architecture.md`: mermaid on GitHub, a stack of boxes here."""

from __future__ import annotations

import re
from html import escape

from sphinx.application import Sphinx

_FENCE = re.compile(r"```mermaid\nflowchart TD\n(.*?)```", re.DOTALL)


def drawn(_app: Sphinx, _page: str, source: list[str]) -> None:
    """Replace a flow chart by its steps, one row each, from the top down."""
    source[0] = _FENCE.sub(lambda found: _stack(found[1]), source[0])


def _stack(chart: str) -> str:
    steps: list[str] = []
    for line in chart.strip().splitlines():
        for step in line.strip().split("-->"):
            if step.strip() not in steps:
                steps.append(step.strip())
    rows = "".join(f"<li>{''.join(_boxes(step))}</li>" for step in steps)
    return f'<ol class="floors" aria-label="Floors, from the top down">{rows}</ol>\n'


def _boxes(step: str) -> list[str]:
    return [f"<span>{escape(name.strip())}</span>" for name in step.split("&")]
