"""Holding out for concessions, the agreed part as a hostage, hazards and what lasts."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from sim.model.codes import Agenda, Article, Style, Treaty
from sim.model.shocks import draw_tape
from sim.theory.minimal_talks import (
    minimal_talks,
    play_sample,
    play_talks,
    set_articles,
    set_rule,
)
from sim.theory.oracle import Oracle, exact, sampled

_SURE = 1e12
"""Weeks behind a belief that no observation moves."""
_RUNS = 2000


def closed_text(believed: float, rate: float) -> np.record:
    """Return talks over a text that gives the second side 1 now, and .3 more a concession.

    The weekly discount factor is .95 and the status quo gives nothing.

    believed, rate: weekly chance of a concession by the first side: as the second believes, and in
        truth.
    """
    params = minimal_talks(horizon=400, discount=0.95)
    params.start_status[0] = Article.AGREED
    params.start_position[0] = 1.0
    params.belief_a[1] = believed * _SURE
    params.belief_b[1] = (1.0 - believed) * _SURE
    params.outside_worth[0] = 0.3
    params.concession_rate[0] = rate
    params.concession_stock[0] = 1e6
    return params


def holds_out(believed: float) -> bool:
    """Return whether the second side lets the first week pass."""
    final = play_talks(closed_text(believed, 0.0), keep_history=False).state
    return bool(final.signed_week != 0)


def bisect(low: float, high: float, above: Callable[[float], bool]) -> float:
    """Return where `above` turns from False to True, by halving 50 times."""
    for _ in range(50):
        middle = 0.5 * (low + high)
        if above(middle):
            high = middle
        else:
            low = middle
    return 0.5 * (low + high)


def awaited(rate: float) -> Sequence[float]:
    """Return the fewest and the most concessions made before a signature."""
    final = play_sample(closed_text(rate, rate), _RUNS, 1)
    if np.any(final["signed_week"] < 0):
        return math.nan, math.nan
    return float(final["conceded"][:, 0].min()), float(final["conceded"][:, 0].max())


def waited(rate: float) -> float:
    """Return the mean number of weeks up to the signature, its own included."""
    final = play_sample(closed_text(rate, rate), _RUNS, 2)
    return float(np.mean(final["signed_week"] + 1.0))


def takes_interim(weeks: float, first: float, second: float) -> bool:
    """Return whether an interim deal worth `first` and `second` to the sides is signed at once.

    The rest is expected to settle `weeks` later; the weekly discount factor is .98.
    """
    params = minimal_talks(
        agenda=Agenda.INTERIM_ALLOWED, horizon=1, discount=0.98, settlement_weeks=weeks
    )
    set_articles(params, [first, 1.0 - first], [second, 1.0 - second])
    params.ideal[:2, 0] = 0.0
    params.start_status[0] = Article.AGREED
    set_rule(params, 0, "concession", "interim_first")
    return bool(play_talks(params, keep_history=False).state.interim_week == 0)


def always_taken() -> Sequence[float]:
    """Return the share of delays at which an agreed part of equal worth is signed at once."""
    delays = (0.1, 1.0, 10.0, 52.0, 500.0)
    return (sum(takes_interim(weeks, 0.3, 0.3) for weeks in delays) / len(delays),)


_CHOW = "Chow1971"

WAITING: tuple[Oracle, ...] = (
    exact(
        "V 1, c .3, f 0, d .95: belief p* from which a side holds out",
        _CHOW,
        (0.05 / (0.95 * 0.3),),
        lambda: (bisect(0.0, 1.0, holds_out),),
    ),
    exact("p .17 signs in the first week", _CHOW, (0.0,), lambda: (float(holds_out(0.17)),)),
    exact("p .18: concessions awaited, fewest and most", _CHOW, (1.0, 1.0), lambda: awaited(0.18)),
    exact("p .3: concessions awaited, fewest and most", _CHOW, (3.0, 3.0), lambda: awaited(0.3)),
    exact("p .4: concessions awaited, fewest and most", _CHOW, (5.0, 5.0), lambda: awaited(0.4)),
    exact("p .6: concessions awaited, fewest and most", _CHOW, (9.0, 9.0), lambda: awaited(0.6)),
    sampled(
        "p .3: weeks waited", _CHOW, 10.0, math.sqrt(3 * 0.7) / 0.3, _RUNS, lambda: waited(0.3)
    ),
    sampled(
        "p .4: weeks waited", _CHOW, 12.5, math.sqrt(5 * 0.6) / 0.4, _RUNS, lambda: waited(0.4)
    ),
    sampled(
        "p .6: weeks waited", _CHOW, 15.0, math.sqrt(9 * 0.4) / 0.6, _RUNS, lambda: waited(0.6)
    ),
    exact(
        "agreed part (.5, .2), d .98: delay from which the interim deal is signed",
        "LaxSebenius1986",
        (math.log(4.0 / 7.0) / math.log(0.98),),
        lambda: (bisect(0.0, 100.0, lambda weeks: takes_interim(weeks, 0.5, 0.2)),),
    ),
    exact(
        "agreed part of equal worth: share of delays at which it is signed",
        "LaxSebenius1986",
        (1.0,),
        always_taken,
    ),
)


# --- constant hazards, and what a mediator's style does to signing and to lasting

_DEAL, _COLLAPSE, _WEEKS, _RUNS = 0.02, 0.005, 104, 4000
_CHANCE = _DEAL / (_DEAL + _COLLAPSE) * (1.0 - (1.0 - _DEAL - _COLLAPSE) ** _WEEKS)
"""Sum of the geometric series of weeks in which neither has happened yet."""


def constant_hazards() -> float:
    """Return how often talks end in a deal before an incident ends them.

    An incident ends the talks with the weekly chance .005. In a week without one the first side
    gives way altogether with the chance that makes .02 over all weeks.
    """
    params = minimal_talks(
        horizon=_WEEKS,
        incident_rate=_COLLAPSE,
        collapse_odds=1.0,
        reply_rate=_DEAL / (1.0 - _COLLAPSE),
    )
    set_rule(params, 0, "concession", "polynomial", {"kappa": 1.0})
    final = play_sample(params, _RUNS, 4)
    return float(np.mean(final["signed_week"] >= 0))


STATUS_QUOS = (0.40, 0.45, 0.49, 0.51, 0.53, 0.56)
"""Worth of the status quo to each side, as a share: the last three leave no zone of agreement."""


def mediated(style: Style, leverage: float, status_quo: float) -> np.record:
    """Return talks in which a mediator now and then speaks with both sides.

    Its attention fades, and with it a side payment that may have carried the deal.
    """
    params = minimal_talks(
        horizon=156,
        style=style,
        leverage=leverage,
        carrot=0.2,
        attention_decay=0.02,
        learning_rate=0.05,
        reply_rate=0.5,
        deadline=52.0,
        edges=3,
        lapse_full=0.001,
        opponent_error=0.5,
    )
    params.edge[:3] = [[0, 1], [2, 0], [2, 1]]
    params.meeting_rate[1:3] = 0.2
    params.flow = status_quo * (1.0 - params.discount)
    for side in range(2):
        set_rule(params, side, "concession", "polynomial", {"beta": 2.0})
    return params


def record_of(style: Style, leverage: float = 1.0) -> tuple[float, float]:
    """Return the share of talks signed, and of these the share that lasts to the horizon."""
    runs = [play_sample(mediated(style, leverage, quo), 200, 5) for quo in STATUS_QUOS]
    status = np.concatenate([final["status"] for final in runs])
    signed = np.concatenate([final["signed_week"] for final in runs]) >= 0
    return float(np.mean(signed)), float(np.mean(status[signed] != Treaty.COLLAPSED))


def style_effects() -> Sequence[float]:
    """Return whether manipulation signs more than facilitation, and whether it lasts less."""
    signed, lasting = zip(
        *(record_of(style) for style in (Style.MANIPULATION, Style.FACILITATION)), strict=True
    )
    return float(signed[0] > signed[1]), float(lasting[0] < lasting[1])


def powerless(style: Style) -> Sequence[float]:
    """Return whether a mediator without leverage leaves every week as it would be without one.

    Facilitation is powerless by a learning rate of 0.
    """
    params = mediated(style, 0.0, 0.45)
    params.learning_rate = 0.0
    alone = params.copy()
    alone.style = Style.NONE
    tape = draw_tape(6, range(1), int(params.horizon), 0)
    histories = [play_talks(p, tape=tape).history.tobytes() for p in (params, alone)]
    return (float(histories[0] == histories[1]),)


HAZARDS: tuple[Oracle, ...] = (
    sampled(
        "hazards .02 of a deal, .005 of collapse, 104 weeks: chance of a deal",
        "CompetingRisks",
        _CHANCE,
        math.sqrt(_CHANCE * (1.0 - _CHANCE)),
        _RUNS,
        constant_hazards,
    ),
    exact(
        "manipulation against facilitation: signs more, lasts less",
        "Beardsley2006",
        (1.0, 1.0),
        style_effects,
    ),
    exact(
        "manipulation with leverage 0: every week as without a mediator",
        "Beardsley2006",
        (1.0,),
        lambda: powerless(Style.MANIPULATION),
    ),
    exact(
        "facilitation that teaches nothing: every week as without a mediator",
        "Beardsley2006",
        (1.0,),
        lambda: powerless(Style.FACILITATION),
    ),
)
