"""Comparative statics: which way an outcome moves when one number does, and what theory says.

Each row moves one number of the default talks between two levels, on common random numbers and
without a public, and asks for the sign of the mean paired difference at 95 %, or for no
difference at all. Text, terms and signature are those of talks in which articles are closed one at
a time (`bargaining=articles`).
"""

import math
from collections.abc import Callable

import numpy as np

from sim.config.parameters import weekly_chance, weekly_discount
from sim.model.codes import Agenda, Article, Precondition, Style
from sim.model.records import ARTICLES, WEEKS_PER_YEAR
from sim.theory.oracle import Change, Static

# --- what is moved


def of_side(field: str, side: int, convert: Callable[[float], float] = float) -> Change:
    """Return a change of one party's entry of a field."""

    def change(params: np.record, level: float) -> None:
        params[field][side] = convert(level)

    return change


def of_talks(field: str, convert: Callable[[float], float] = float) -> Change:
    """Return a change of a number of the talks."""

    def change(params: np.record, level: float) -> None:
        params[field] = convert(level)

    return change


def a_year(level: float) -> float:
    """Return a flow a week of a flow a year."""
    return level / WEEKS_PER_YEAR


def force(side: int, worth: float) -> Change:
    """Return a change of the hazard, a year, that force ends the present state, at that worth."""

    def change(params: np.record, level: float) -> None:
        params.coercion_hazard[side] = weekly_chance(level)
        params.coercion_worth[side] = worth

    return change


def worth_of_force(side: int, hazard: float) -> Change:
    """Return a change of what the end of the present state by force is worth, at that hazard."""

    def change(params: np.record, level: float) -> None:
        params.coercion_hazard[side] = weekly_chance(hazard)
        params.coercion_worth[side] = level

    return change


def stake(side: int) -> Change:
    """Return a change of a party's weight on the first open article, times `level`."""

    def change(params: np.record, level: float) -> None:
        at = int(np.argmax(params.start_status[: params.articles] != Article.AGREED))
        params["weight"][side, at] *= level
        params["weight"][side] /= params["weight"][side].sum()

    return change


def office_alone(params: np.record, level: float) -> None:
    """Set what a paper adds to the first side's odds to keep office; nothing is conceded alone.

    Office is worth as much to it as the whole treaty.
    """
    params.concession_stock = 0.0
    params.office_value[0] = 1.0
    params.survival_gain[0] = level


def promised(params: np.record, level: float) -> None:
    """Let the first demand be promised and dear to drop; set the expected yes share of its vote.

    Its route is short, so that the vote falls within the horizon.
    """
    params.start_status[ARTICLES] = Precondition.PROMISED
    params.waiver_cost[params.demanded_by[0]] = 1.0
    params.ready_week[0] = -1
    params.lead_draft[0] = params.lead_parliament[0] = params.lead_referendum[0] = 4.0
    params.consent_rate = 0.2
    params.yes_mean = level


def window(params: np.record, level: float) -> None:
    """Let no side perceive a deadline of its own, and the first dated event close a window."""
    params.deadline = math.inf
    at = int(np.argmax(params.date_week[: params.dates] > 0))
    params.date_closes[at] = level


def opened(params: np.record, level: float) -> None:
    """Open again so many of the articles that were agreed at the start."""
    agreed = np.flatnonzero(params.start_status[: params.articles] == Article.AGREED)
    params.start_status[agreed[: int(level)]] = Article.HALF


def mediated(style: Style, field: str) -> Change:
    """Return a change of what a mediator of that style has."""

    def change(params: np.record, level: float) -> None:
        params.style = style
        params[field] = level

    return change


def told_what_is_known(params: np.record, level: float) -> None:
    """Let sides that know each other's values be told of them, or not."""
    params.opponent_error = 0.0
    params.style = Style.FACILITATION if level else Style.NONE


def interim_barred(params: np.record, level: float) -> None:
    """Let the rules of the talks bar an interim deal, or not."""
    params.agenda = Agenda.SINGLE_UNDERTAKING if level else Agenda.INTERIM_ALLOWED


def idle_article(params: np.record, level: float) -> None:
    """Add an agreed article that nobody gives any weight."""
    if level:
        at = int(params.articles)
        params.articles = at + 1
        params.start_status[at] = Article.AGREED
        params.article_key[at] = 1.0


def unit_of_second(params: np.record, level: float) -> None:
    """Measure the second side's utility in another unit, a power of 2."""
    for field in ("flow", "audience_cost", "office_value", "outside_cost", "waiver_cost"):
        params[field][1] *= level
    params["weight"][1] *= level
    params.outside_worth[0] *= level
    params.choice_noise = 0.0


_FIRST, _SECOND = 0, 1
_TEXT, _SIGNATURE, _ARTICLE = "weeks to the text", "weeks to signature", "first open article"
_RUBINSTEIN = "Rubinstein (1982)"
_CRAMTON = "Cramton (1992), costly delay"
_NASH = "Nash (1950), disagreement point"
_FORCE = "Fearon (1995); Powell (2006)"
_AUDIENCE = "Fearon (1994), audience costs"
_STOPPING = "Chow, Robbins and Siegmund (1971)"
_DEMANDS = "Fearon (1994); Tomz (2007)"
_RAIFFA = "Raiffa (1982), logrolling"
_QUANTAL = "McKelvey and Palfrey (1995)"
_KYDD = "Kydd (2003)"
_CONSTRUCTION = "the rule itself"
_WITHOUT_FORCE = tuple(
    f"scenario.coercion.{party}.hazard_per_year.value=0" for party in ("armenia", "azerbaijan")
)
"""Nobody fears an end of the present state by force, so that waiting costs less."""


def _rows(
    number: str,
    levels: tuple[float, float],
    change: Change,
    *expected: tuple[str, int, str],
    under: tuple[str, ...] = (),
) -> tuple[Static, ...]:
    """Return one row for each (outcome, sign, source) that is expected of one number."""
    return tuple(
        Static(number, levels, outcome, sign, source, change, under)
        for outcome, sign, source in expected
    )


STATICS: tuple[Static, ...] = (
    # patience
    *_rows(
        "discount rate, Armenia",
        (0.02, 0.4),
        of_side("discount", _FIRST, weekly_discount),
        ("terms", 1, _RUBINSTEIN),
        (_TEXT, -1, _CRAMTON),
    ),
    *_rows(
        "discount rate, Azerbaijan",
        (0.02, 0.4),
        of_side("discount", _SECOND, weekly_discount),
        ("terms", -1, _RUBINSTEIN),
        (_TEXT, -1, _CRAMTON),
        ("signed", 1, _CRAMTON),
    ),
    *_rows(
        "believed weeks to a settlement, Armenia",
        (10.0, 80.0),
        of_side("settlement_weeks", _FIRST),
        (_TEXT, -1, _CRAMTON),
        ("terms", 1, _CRAMTON),
    ),
    # the status quo, and its end by force
    *_rows(
        "flow of the status quo, Armenia",
        (-0.05, 0.05),
        of_side("flow", _FIRST, a_year),
        ("terms", -1, _NASH),
    ),
    *_rows(
        "flow of the status quo, Azerbaijan",
        (-0.05, 0.05),
        of_side("flow", _SECOND, a_year),
        ("terms", 1, _NASH),
        (_SIGNATURE, 1, _NASH),
    ),
    *_rows(
        "flows of both, until no zone is left",
        (0.0, 0.2),
        of_talks("flow", a_year),
        ("signed", -1, _NASH),
    ),
    *_rows(
        "hazard of force, worth -.25 to Armenia",
        (0.0, 0.3),
        force(_FIRST, -0.25),
        ("terms", 1, _FORCE),
        (_TEXT, -1, _FORCE),
    ),
    *_rows(
        "worth of force to Azerbaijan, hazard .2",
        (-0.2, 0.6),
        worth_of_force(_SECOND, 0.2),
        (_SIGNATURE, 1, _FORCE),
    ),
    # stakes, and costs at home
    *_rows(
        "weight on the first open article, Armenia",
        (1.0, 4.0),
        stake(_FIRST),
        (_ARTICLE, -1, _RAIFFA),
    ),
    *_rows(
        "weight on the first open article, Azerbaijan",
        (1.0, 4.0),
        stake(_SECOND),
        (_ARTICLE, 1, _RAIFFA),
    ),
    *_rows(
        "audience cost, Armenia",
        (0.0, 0.05),
        of_side("audience_cost", _FIRST),
        ("terms", -1, _AUDIENCE),
        (_TEXT, 1, _AUDIENCE),
    ),
    *_rows(
        "audience cost, Azerbaijan",
        (0.0, 0.05),
        of_side("audience_cost", _SECOND),
        ("terms", 1, _AUDIENCE),
        (_TEXT, 1, _AUDIENCE),
    ),
    *_rows(
        "cost of dropping a demand, Azerbaijan",
        (0.0, 0.1),
        of_side("waiver_cost", _SECOND),
        ("signed", -1, _DEMANDS),
    ),
    *_rows(
        "growth of that cost when restated",
        (0.0, 0.01),
        of_side("waiver_growth", _SECOND),
        (_SIGNATURE, 1, _DEMANDS),
    ),
    *_rows(
        "believed odds of a demand's delivery",
        (0.1, 0.9),
        of_side("odds", 0),
        (_SIGNATURE, 1, _STOPPING),
        under=_WITHOUT_FORCE,
    ),
    *_rows(
        "gain in office by a paper, Armenia",
        (-0.05, 0.15),
        office_alone,
        (_TEXT, -1, "Bueno de Mesquita et al. (2003)"),
    ),
    # unilateral concessions
    *_rows(
        "stock of concessions, Armenia",
        (0.0, 8.0),
        of_side("concession_stock", _FIRST),
        (_SIGNATURE, 1, _STOPPING),
        under=("preset=opposition",),
    ),
    *_rows(
        "worth of a concession to Azerbaijan",
        (0.0, 0.1),
        of_side("outside_worth", _FIRST),
        (_SIGNATURE, 1, _STOPPING),
        under=("preset=opposition",),
    ),
    # chance, and the rules of the talks
    *_rows(
        "noise of an answer, without fear of force",
        (0.005, 0.05),
        of_talks("choice_noise"),
        (_TEXT, -1, _QUANTAL),
        under=_WITHOUT_FORCE,
    ),
    *_rows("noise of an answer", (0.005, 0.05), of_talks("choice_noise"), (_TEXT, 1, _QUANTAL)),
    *_rows(
        "odds that an incident ends the talks",
        (0.0, 0.2),
        of_talks("collapse_odds"),
        ("signed", -1, "competing hazards"),
    ),
    *_rows(
        "incidents a year",
        (0.0, 5.0),
        of_talks("incident_rate", weekly_chance),
        (_TEXT, 1, _CONSTRUCTION),
    ),
    *_rows("articles opened again", (0.0, 6.0), opened, (_TEXT, 1, _CONSTRUCTION)),
    *_rows(
        "interim deals barred",
        (0.0, 1.0),
        interim_barred,
        ("interim", -1, _CONSTRUCTION),
        under=("preset=yerevan",),
    ),
    *_rows(
        "odds that the first window closes, both linear",
        (0.0, 0.9),
        window,
        (_TEXT, -1, "Roth, Murnighan and Schoumaker (1988)"),
        under=("strategy@armenia=linear", "strategy@azerbaijan=linear"),
    ),
    # ratification
    *_rows(
        "ratifier's reservation, Armenia",
        (0.0, 0.9),
        of_side("ratifier_reservation", _FIRST),
        ("ratified", -1, "Putnam (1988); Iida (1993)"),
        under=("precondition=none",),
    ),
    *_rows(
        "expected yes share of a referendum",
        (0.3, 0.7),
        promised,
        ("signed", 1, "Putnam (1988)"),
    ),
    # the mediator
    *_rows(
        "leverage of a mediator who pays",
        (0.0, 1.0),
        mediated(Style.MANIPULATION, "leverage"),
        (_SIGNATURE, -1, "Touval and Zartman (1985)"),
    ),
    *_rows(
        "rate of single texts",
        (0.0, 0.1),
        mediated(Style.FORMULATION, "text_rate"),
        (_TEXT, -1, "Fisher (1981); Beardsley et al. (2006)"),
    ),
    *_rows(
        "attention of a mediator who tables texts",
        (0.0, 1.0),
        mediated(Style.FORMULATION, "attention"),
        (_TEXT, -1, "Fisher (1981); Beardsley et al. (2006)"),
    ),
    *_rows("a mediator tells what is known", (0.0, 1.0), told_what_is_known, (_TEXT, 0, _KYDD)),
    # what must not matter
    *_rows(
        "an agreed article without weight",
        (0.0, 1.0),
        idle_article,
        (_SIGNATURE, 0, "independence of what nobody values"),
    ),
    *_rows(
        "unit of Azerbaijan's utility",
        (1.0, 4.0),
        unit_of_second,
        (_TEXT, 0, "von Neumann and Morgenstern (1944)"),
        ("terms", 0, "von Neumann and Morgenstern (1944)"),
    ),
)
"""Every comparative static, in the order of the table."""
