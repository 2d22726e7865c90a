"""Constant hazards, and what a mediator's style does to signing and to lasting."""

import math
from collections.abc import Sequence

import numpy as np

from sim.model.codes import Style, Treaty
from sim.model.shocks import draw_tape
from sim.theory.minimal_talks import minimal_talks, play_sample, play_talks, set_rule
from sim.theory.oracle import Oracle, exact, sampled

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
