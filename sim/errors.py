"""Errors that a user can cause, each with the exit code that the command line returns."""

import difflib
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar

Asked = ParamSpec("Asked")
Teller = TypeVar("Teller", bound="Tells")

FEWEST_ALIKE = 3
"""Problem lines that say the same of as many places are told once."""


def printable(text: str) -> str:
    """Return a text with what no terminal should get written as an escape; line breaks stay."""
    return "".join(
        c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text
    )


class SimError(Exception):
    """An expected failure: told in plain lines, never as a traceback.

    Parameters
    ----------
    message : str
        What went wrong, for people.
    exit_code : int
        Exit code of the process, 1 unless told otherwise.
    """

    exit_code: int = 1

    def __init__(self, message: str, exit_code: int | None = None) -> None:
        super().__init__(printable(message))
        if exit_code is not None:
            self.exit_code = exit_code


class ConfigError(SimError):
    """A scenario, a setting or a command line that cannot be used.

    Parameters
    ----------
    problems : list of str
        One line a problem, each with the place and, where one is near, a suggestion.
    """

    exit_code = 2

    def __init__(self, problems: list[str] | str) -> None:
        lines = [problems] if isinstance(problems, str) else list(problems)
        self.problems: list[str] = [printable(" ".join(line.split())) for line in lines]
        super().__init__("\n".join(self.problems))


def problems_of(
    action: Callable[Asked, None], *args: Asked.args, **more: Asked.kwargs
) -> list[str]:
    """Do something and return what went wrong, one line each."""
    try:
        action(*args, **more)
    except SimError as error:
        return str(error).splitlines()
    return []


class Tells(Protocol):
    """Something that says what went wrong with the last action."""

    messages: list[str]


def told(
    action: Callable[Concatenate[Teller, Asked], None],
) -> Callable[Concatenate[Teller, Asked], None]:
    """Let `messages` of an object say what went wrong with an action of it, one line each."""

    @wraps(action)
    def attempt(teller: Teller, /, *args: Asked.args, **kwargs: Asked.kwargs) -> None:
        teller.messages = []
        found = problems_of(action, teller, *args, **kwargs)
        teller.messages += found

    return attempt


def collapsed(lines: Iterable[str]) -> list[str]:
    """Return problem lines with those that say the same of further places told once.

    lines: each ``path: what is wrong``; the same is said where the end of the path is the same.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        place, sign, said = line.partition(": ")
        groups.setdefault((place.rpartition(".")[2], said) if sign else (line, ""), []).append(line)
    return [
        line if len(same) < FEWEST_ALIKE else f"{same[0]} (and at {len(same) - 1:,} more places)"
        for same in groups.values()
        for line in (same if len(same) < FEWEST_ALIKE else same[:1])
    ]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"``, or the choices if nothing is near.

    Parameters
    ----------
    word : str
        What was written.
    known : iterable of str
        What would have been right.

    Returns
    -------
    str
        A clause that starts with a semicolon, or an empty string if `known` is empty.
    """
    choices = list(dict.fromkeys(known))
    lowered = {choice.lower(): choice for choice in choices}
    near = difflib.get_close_matches(word.lower(), list(lowered), n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{lowered[near[0]]}'?"
    if not choices:
        return ""
    if len(choices) > 12:
        return f"; there are {len(choices)} of them, from '{choices[0]}' to '{choices[-1]}'"
    return f"; choose from {', '.join(choices)}"


class FaultyPluginError(SimError):
    """A strategy or acceptance condition that returned no finite number."""


class PlainRulesError(Exception):
    """What was asked for takes too long by plain rules; the command line starts again without."""
