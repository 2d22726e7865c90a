"""Referendums: a majority of the votes and a quorum of all who may vote."""

from functools import partial

from sim.codes import Article, Precondition, PreconditionRule, Route
from sim.minimal import minimal_talks, play_talks
from sim.oracles.oracle import Oracle, exact
from sim.records import ARTICLES

QUARTER, THIRD = 0.25, 1.0 / 3.0


def outcome(yes: float, turnout: float, quorum: float) -> tuple[float]:
    """Return 1 if a precondition by the constitutional route is met, else 0."""
    params = minimal_talks(
        horizon=12,
        preconditions=1,
        precondition_rule=PreconditionRule.BEFORE_SIGNING,
        referendum_majority=0.5,
        referendum_quorum=quorum,
        yes_mean=yes,
        turnout_mean=turnout,
        supermajority=2.0 / 3.0,
    )
    params.start_status[0] = Article.AGREED
    params.start_status[ARTICLES] = Precondition.PROMISED
    params.delivered_by[0] = 0
    params.demanded_by[0] = 1
    params.route[0] = Route.CONSTITUTIONAL
    params.weight[:, ARTICLES] = 1.0
    final = play_talks(params, keep_history=False).state
    return (float(final.precondition[0] == Precondition.MET),)


_ELIGIBLE = 2_566_730
_YES = 825_622

ORACLES: tuple[Oracle, ...] = tuple(
    exact(name, "Article207", (passes,), partial(outcome, yes, turnout, quorum))
    for name, yes, turnout, quorum, passes in (
        # Two thirds of the votes is any majority: the quorum is on the yes votes alone.
        (
            "825,622 yes of 2,566,730 eligible, quorum 1/4",
            2.0 / 3.0,
            1.5 * _YES / _ELIGIBLE,
            QUARTER,
            1.0,
        ),
        ("yes .505, turnout .521, quorum 1/3", 0.505, 0.521, THIRD, 0.0),
        ("yes .505, turnout .521, quorum 1/4", 0.505, 0.521, QUARTER, 1.0),
        ("yes .495, turnout .9, quorum 1/4", 0.495, 0.9, QUARTER, 0.0),
    )
)
