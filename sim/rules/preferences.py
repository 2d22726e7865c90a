"""What an actor thinks of a position, of an article and of a whole deal.

Additive single-peaked preferences (Keeney and Raiffa 1976; spatial model of Enelow and Hinich
1984): utility of an issue is 1 at the ideal and falls with distance, linearly or with a power.
"""

from sim.codes import ARTICLE, PRECONDITION, PRECONDITION_RULE
from sim.records import ARTICLES
from sim.rules.compiled import rule


@rule
def issue_utility(params, actor, issue, position):
    """Return utility in [0, 1] of `position` on one issue.

    ``1 - (|x - ideal| / span)**r`` with `span` the distance from the ideal to the farther end of
    [0, 1] and `r` the actor's curvature.
    """
    ideal = params.ideal[actor, issue]
    span = max(ideal, 1.0 - ideal)
    distance = abs(position - ideal) / span
    power = params.curvature[actor]
    if power == 1.0:
        return 1.0 - distance
    return 1.0 - distance**power


@rule
def delivery(params, state, k):
    """Return the believed share in [0, 1] to which precondition `k` is delivered.

    1 when met, 0 when dropped, failed, or demanded without an answer. On its way it counts by
    its odds.
    """
    status = state.precondition[k]
    if status == PRECONDITION.MET:
        return 1.0
    if status >= PRECONDITION.PROMISED and status <= PRECONDITION.REFERENDUM:
        return params.odds[k]
    return 0.0


@rule
def precondition_utility(params, state, actor, k):
    """Return the weighted utility for `actor` of the state of precondition `k`."""
    if state.precondition[k] == PRECONDITION.DORMANT:
        return 0.0
    issue = ARTICLES + k
    share = delivery(params, state, k)
    met = issue_utility(params, actor, issue, 1.0)
    dropped = issue_utility(params, actor, issue, 0.0)
    return params.weight[actor, issue] * (dropped + share * (met - dropped))


@rule
def text_utility(params, state, actor):
    """Return the weighted utility for `actor` of all agreed articles, open ones counting 0."""
    total = 0.0
    for i in range(params.articles):
        if state.article[i] == ARTICLE.AGREED:
            total += params.weight[actor, i] * issue_utility(params, actor, i, state.position[i])
    return total


@rule
def preconditions_utility(params, state, actor):
    """Return the weighted utility for `actor` of the preconditions as they stand."""
    total = 0.0
    for k in range(params.preconditions):
        total += precondition_utility(params, state, actor, k)
    return total


@rule
def interim_utility(params, state, actor):
    """Return the weighted utility for `actor` of what a signed interim deal covers."""
    total = 0.0
    for i in range(params.articles):
        if state.interim_part[i]:
            total += params.weight[actor, i] * issue_utility(params, actor, i, state.position[i])
    return total


@rule
def interim_coverage(params, state, actor):
    """Return the share of `actor`'s weights that a signed interim deal covers, in [0, 1]."""
    total = 0.0
    for i in range(params.articles):
        if state.interim_part[i]:
            total += params.weight[actor, i]
    return total


@rule
def deal_utility(params, state, side):
    """Return what the whole treaty on the table is worth to a party.

    Articles and preconditions as they stand, outside concessions received less those made.
    Politics at home and the mediator's payments are not in it: see `signing.signing_value`.
    """
    return (
        text_utility(params, state, side)
        + preconditions_utility(params, state, side)
        + state.banked[side]
        - state.given[side]
    )


@rule
def status_quo_value(params, state, side):
    """Return the present value of living without a treaty: flow / (1 - discount).

    An interim deal ends the status quo on the share of the weights that it covers.
    """
    value = params.flow[side] / (1.0 - params.discount[side])
    if state.interim_week >= 0:
        value *= 1.0 - interim_coverage(params, state, side)
    return value


@rule
def is_demanded(params, state, k):
    """Return whether precondition `k` can be traded: demanded, unanswered, and in the rules."""
    return (
        params.precondition_rule != PRECONDITION_RULE.NONE
        and state.precondition[k] == PRECONDITION.DEMANDED
    )
