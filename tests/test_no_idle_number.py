"""Every number of a shipped scenario moves something in some shipped reading and start."""

from collections.abc import Iterator
from functools import cache

import pytest

from sim.config.compose import compose_plain
from sim.config.settings import Settings, build_settings
from sim.errors import ConfigError
from sim.runs.play import play_batch

RUNS = 24
SMALL = ("scenario.public.citizens.value=100",)
READINGS: dict[str, tuple[tuple[str, ...], ...]] = {
    "config": (
        (),
        ("preset=yerevan",),
        ("preset=opposition",),
        ("preset=baku",),
        ("preset=washington",),
        ("preset=washington", "mediator=manipulation"),
        ("public=bounded_confidence", "preset=opposition"),
        ("preset=street",),
        ("bargaining=packages", "preset=yerevan"),
        ("bargaining=packages", "preset=washington"),
        ("precondition=before_ratification", "horizon=312"),
        ("scenario=march_2025", "horizon=312"),
    ),
    "prespa_2018": (
        (),
        ("precondition=before_signing",),
        ("mediator=manipulation",),
        ("bargaining=packages",),
        ("public=bounded_confidence",),
        ("mediator=facilitation", "precondition=before_signing", "agenda=interim_allowed"),
    ),
}
_NO_OFFICE = "the party gains no office by conceding alone, so it never does"
_WORTH_KEEPING = "no deal comes to be worth less than leaving it"
_MOVING = "talks move at least once in so many weeks"
_RARE = "comes too seldom to be met in so many runs"
IDLE: dict[str, dict[str, str]] = {
    "config": {
        "preconditions.constitution.lead_weeks.draft": "the date of the draft takes its place",
        "preconditions.passage.weights.united_states": "a reserve demand of no weight to it",
        "preconditions.passage.ideals.united_states": "a reserve demand of no weight to it",
        "unilateral.azerbaijan.per_year": _NO_OFFICE,
        "unilateral.azerbaijan.size": _NO_OFFICE,
        "unilateral.azerbaijan.outside_cost": _NO_OFFICE,
        "politics.office_value.azerbaijan": "times a survival gain of 0",
        "politics.ratifier_reservation.azerbaijan": "it wins more than its ratifier asks for",
        "constitution.yes_slope": _RARE,
        "lapse.exit_cost": _WORTH_KEEPING,
        "mediation.pull": "no answer to a single text hangs on it in these runs",
        "incidents.patience_weeks": _MOVING,
        "calendar.0.weeks": "no call falls between the shortest and the longest summit",
    },
    "prespa_2018": {
        **{
            f"unilateral.{party}.{name}": _NO_OFFICE
            for party in ("north_macedonia", "greece")
            for name in ("per_year", "size", "outside_cost")
        },
        "politics.concession_cost": _NO_OFFICE,
        "public.concession_shift": _NO_OFFICE,
        "politics.fall_protest_share": "protest stays below either end",
        "politics.fall_weeks": "protest never comes near the share that endangers a government",
        "politics.election_swing": "no election stands in the calendar",
        "politics.seats_bonus": "no election stands in the calendar",
        "constitution.referendum_quorum": "no vote hangs on it in these runs",
        "constitution.turnout_mean": "the quorum is 0",
        "constitution.turnout_sd": "the quorum is 0",
        "lapse.interim_per_year": "no interim deal is signed",
        "lapse.exit_cost": _WORTH_KEEPING,
        "incidents.collapse_odds": _RARE,
        "incidents.patience_weeks": _MOVING,
    },
}
"""Numbers that move nothing there, and why."""


def ranged(node: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the paths of the numbers of a plain scenario that have a range."""
    if isinstance(node, dict):
        if "value" in node and "low" in node and node["low"] != node["high"]:
            yield path
        else:
            for key, value in node.items():
                yield from ranged(value, (*path, str(key)))
    elif isinstance(node, list):
        for at, value in enumerate(node):
            yield from ranged(value, (*path, str(at)))


def moved(plain: dict[str, object], path: tuple[str, ...], end: str) -> Settings:
    """Return the settings with one number at an end of its range."""

    def change(node: object, rest: tuple[str, ...]) -> object:
        if not rest:
            assert isinstance(node, dict)
            return {**node, "value": node[end]}
        if isinstance(node, list):
            at = int(rest[0])
            return [change(v, rest[1:]) if n == at else v for n, v in enumerate(node)]
        assert isinstance(node, dict)
        return {k: change(v, rest[1:]) if str(k) == rest[0] else v for k, v in node.items()}

    return build_settings({**plain, "scenario": change(plain["scenario"], path)})


@cache
def played(name: str, words: tuple[str, ...]) -> tuple[dict[str, object], bytes]:
    """Return a reading as plain settings, and the final states of its runs."""
    plain = compose_plain([*words, *SMALL], name)
    return plain, play_batch([build_settings(plain)], range(RUNS)).tobytes()


def is_idle(name: str, words: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Return whether neither end of its range changes any run of a reading."""
    plain, before = played(name, words)
    if path not in set(ranged(plain["scenario"])):
        return True
    for end in ("low", "high"):
        try:
            settings = moved(plain, path, end)
        except ConfigError:  # an end that another number does not allow
            continue
        if play_batch([settings], range(RUNS)).tobytes() != before:
            return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("name", READINGS)
def test_every_number_moves_something(name: str) -> None:
    paths = list(ranged(played(name, READINGS[name][0])[0]["scenario"]))
    assert len(paths) > 150
    for words in READINGS[name]:
        paths = [path for path in paths if is_idle(name, words, path)]
    assert {".".join(path) for path in paths} == set(IDLE[name])
