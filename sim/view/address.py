"""The page's address: settings as ``?preset=opposition&strategy@armenia=conceder&seed=7``.

A link is written by somebody else. It may choose among what there is and set numbers; it may not
name plug-ins, folders or files, since those can be code. Only the command line that started the
server may.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote

GROUPS = ("scenario", "preset", "agenda", "precondition", "mediator", "public")
PARTY_GROUPS = ("strategy", "acceptance", "opponent_model")
NUMBERS = ("horizon", "seed", "replicate")

_NAME = r"[A-Za-z0-9_]+"
_GROUP = re.compile(rf"({'|'.join(GROUPS)})|({'|'.join(PARTY_GROUPS)})@{_NAME}")
_NUMBER = re.compile(
    rf"({'|'.join(NUMBERS)})"
    rf"|{_NAME}\.({'|'.join(PARTY_GROUPS)})\.{_NAME}"
    rf"|scenario(\.{_NAME})+\.(value|low|high)"
)
_VALUE = re.compile(r"[A-Za-z0-9_.+-]{1,60}")
"""No brackets, quotes, commas, blanks or ``$``: nothing that Hydra reads as more than a word."""

_PLAIN = re.compile(rf"(?!(hydra|plugins|executor|experiment)\.){_NAME}(\.{_NAME})+")

WEEK, CELL = "week", "cell"
"""Parts of the address that are no settings: the week shown, and the stored run's cell."""


@dataclass(frozen=True)
class Address:
    """What an address asks for."""

    values: Mapping[str, str]  # overrides by their keys; an empty value takes back what held before
    week: int | None  # weeks played when the page was shared
    # cell of the sweep whose run is to be replayed; `values` then holds its replicate
    cell: int | None
    problems: list[str]  # what it asks for and may not, one line each


def is_allowed(key: str, value: str) -> bool:
    """Return whether a link may set this key to this value."""
    if _GROUP.fullmatch(key):
        return re.fullmatch(_NAME, value) is not None
    return _NUMBER.fullmatch(key) is not None and _VALUE.fullmatch(value) is not None


def is_key(key: str) -> bool:
    """Return whether a link may set this key to anything."""
    return bool(_GROUP.fullmatch(key) or _NUMBER.fullmatch(key))


def is_plain(key: str, value: str) -> bool:
    """Return whether a folder of results may set this key to this value.

    That is one word at a place within the settings, which names no code, folder or file.
    """
    return _PLAIN.fullmatch(key) is not None and _VALUE.fullmatch(value) is not None


def refusal(key: str, value: str) -> str:
    """Return why a link may not set this key to this value."""
    if is_key(key):
        return f"{key}: '{value}' is neither a name nor a number"
    if key.lstrip("+~") == "plugins":
        return (
            "plugins: a link cannot load code; name plug-ins on the command line that starts "
            "the server"
        )
    return f"{key}: cannot be set from the page or from a link"


def read(query: str | None) -> Address:
    """Return what the query string of an address asks for.

    Parameters
    ----------
    query : str or None
        With or without the question mark.
    """
    values: dict[str, str] = {}
    places: dict[str, int | None] = {WEEK: None, CELL: None}
    problems: list[str] = []
    for key, value in parse_qsl((query or "").lstrip("?"), keep_blank_values=True):
        if key in places:
            if re.fullmatch(r"\d{1,9}", value):
                places[key] = int(value)
            else:
                problems.append(f"{key}: must be a whole number, got {value}")
        elif is_allowed(key, value) or (not value and is_key(key)):
            values[key] = value
        else:
            problems.append(refusal(key, value))
    return Address(values, places[WEEK], places[CELL], problems)


def write(values: Mapping[str, str], week: int | None = None, cell: int | None = None) -> str:
    """Return the query string of an address, question mark included; empty for nothing."""
    pairs = [] if cell is None else [(CELL, str(cell))]
    pairs += list(values.items())
    if week is not None:
        pairs.append((WEEK, str(week)))
    joined = "&".join(f"{quote(key, safe='@.')}={quote(value, safe='.')}" for key, value in pairs)
    return f"?{joined}" if joined else ""
