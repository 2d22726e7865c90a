"""What no sweep may vary, and slips in the keys and choices of its line."""

from collections.abc import Sequence

from sim.errors import ConfigError, did_you_mean
from sim.settings import WHOLE_RULES, Rules
from sim.sweeps.overrides import Option, Term
from sim.sweeps.settings import SweepSettings

RESERVED = {"seed": "set one seed for the sweep", "replicate": "set replicates=NUMBER"}
"""Keys that must not be swept, and what to do instead."""
SEVERAL_FILES = "preset"
"""The group of which one run may take several files, one over the other."""


def refuse(terms: Sequence[Term]) -> None:
    """Refuse what no sweep may vary, choices that do not exist, and slips of the sweep's keys.

    Raises
    ------
    ConfigError
        With one line a problem.
    """
    problems = [
        f"{term.key}: is not swept, {RESERVED[term.key]}"
        for term in terms
        if term.key in RESERVED and (term.swept or term.key == "replicate")
    ]
    for term in terms:
        if term.key.startswith("hydra"):
            problems.append(f"{term.key}: Hydra's own settings have no effect here")
        elif term.group:
            problems += unknown_choices(term)
        else:
            near = did_you_mean(term.key, SweepSettings.model_fields)
            if "did you mean" in near and term.key not in Rules.model_fields:
                problems.append(f"{term.key}: unknown key '{term.key}'{near}")
        if term.key in WHOLE_RULES and whole_needed(term):
            problems.append(whole_needed(term))
    if problems:
        raise ConfigError(problems)


def whole_needed(term: Term) -> str:
    """Return the problem of a key of whole numbers that is drawn from all; empty if it is not."""
    if term.interval is None or term.whole:
        return ""
    low, high = term.interval
    return f"{term.key}: must be a whole number, write int(interval({low:g},{high:g}))"


def unknown_choices(term: Term) -> list[str]:
    """Return one line for each value of a group that is none of its files."""
    if not term.group or term.prefix == "~":
        return []
    found = []
    for option in term.options:
        if isinstance(option.value, list):
            found += _list_of_choices(term, option)
        elif isinstance(option.value, str) and option.text not in term.choices:
            near = did_you_mean(option.text, term.choices)
            found.append(f"{term.key}: no choice '{option.text}'{near}")
    return found


def _list_of_choices(term: Term, option: Option) -> list[str]:
    """Return the problem of a list where the name of one file should stand."""
    names = [str(name) for name in option.value] if isinstance(option.value, list) else []
    if term.key == SEVERAL_FILES and all(name in term.choices for name in names):
        return []
    return [f"{term.key}: a group takes names, written {','.join(names)}"]
