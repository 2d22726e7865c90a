"""Small pieces of HTML and SVG that every panel uses."""

from datetime import date
from html import escape

SIGNS = ("▲", "■", "◆", "●")
"""Mark of each actor in the order of the records, so that colour is never alone."""
SIDES = ("first", "second", "mediator", "opposition")
"""Style class of each actor in the same order."""


def text(words: str) -> str:
    """Return words as they may stand in HTML, between tags and in attributes."""
    return escape(words, quote=True)


def number(value: float) -> str:
    """Return a coordinate with one decimal, as short as possible."""
    return f"{value:.1f}".removesuffix(".0")


def sign(actor: int) -> str:
    """Return an actor's mark in its colour; it is read out by the name beside it."""
    return f'<span class="sign {SIDES[actor]}" aria-hidden="true">{SIGNS[actor]}</span>'


def named(actor: int, name: str) -> str:
    """Return an actor's mark and name."""
    return f'<span class="named">{sign(actor)}&nbsp;{text(name)}</span>'


def day(when: date) -> str:
    """Return a date as ``13 Oct 2026``, for machines too."""
    shown = f"{when.day} {when:%b} {when.year}"
    return f'<time datetime="{when.isoformat()}">{shown}</time>'


def plain_day(when: date) -> str:
    """Return a date as ``13 October 2026``, without tags."""
    return f"{when.day} {when:%B} {when.year}"


def share(value: float) -> str:
    """Return a share as ``84 %``, with a space that does not break."""
    return f"{100.0 * value:.0f}&nbsp;%"


def panel(name: str, title: str, body: str, note: str = "") -> str:
    """Return a panel with its heading and, where there is something to say, a note."""
    told = f'<p class="note">{note}</p>' if note else ""
    return (
        f'<section class="panel {name}" aria-labelledby="title-{name}">'
        f'<h2 id="title-{name}">{text(title)}</h2>{body}{told}</section>'
    )


def bar(value: float, css: str = "") -> str:
    """Return a horizontal bar for a share in [0, 1]; something is always drawn for something."""
    width = max(100.0 * value, 1.0) if value > 0.0 else 0.0
    return f'<span class="bar {css}" aria-hidden="true"><i style="width:{width:.1f}%"></i></span>'
