"""What the domestic opposition holds against a concession or a treaty.

Its own preferences decide: giving way on what it cares for, away from what it wants, brings people
to the street; giving way on what it does not care for does not. Salience as a weight relative to
the mean is the spatial model's (Enelow and Hinich 1984).
"""

from sim.model.codes import ACTOR, ARTICLE, PRECONDITION
from sim.model.compiled import rule
from sim.model.records import ARTICLES, Params, State
from sim.model.rules.preferences import issue_utility, precondition_utility


@rule
def salience(params: Params, actor: int, issue: int) -> float:
    """Return the weight of an issue for an actor over its mean weight; 1 without any weights."""
    total = 0.0
    count = 0
    for i in range(params.articles):
        total += params.weight[actor, i]
        count += 1
    for k in range(params.preconditions):
        if params.start_status[ARTICLES + k] != PRECONDITION.DORMANT:
            total += params.weight[actor, ARTICLES + k]
            count += 1
    if total <= 0.0:
        return 1.0
    return params.weight[actor, issue] * count / total


@rule
def grievance_of_move(params: Params, issue: int, before: float, after: float) -> float:
    """Return what the opposition holds against one issue moving from one position to another.

    Salience times the utility it loses per unit of the way, at least 0: 1 for an issue of mean
    weight that moves straight away from its ideal.
    """
    if before == after:
        return 0.0
    lost = issue_utility(params, ACTOR.OPPOSITION, issue, before) - issue_utility(
        params, ACTOR.OPPOSITION, issue, after
    )
    rate = min(max(lost / abs(after - before), 0.0), 1.0)
    return salience(params, ACTOR.OPPOSITION, issue) * rate


@rule
def grievance_of_treaty(params: Params, state: State, interim: bool) -> float:
    """Return how far what is signed lies from the opposition's ideals, in [0, 1].

    1 less its utility of the agreed articles, and with a full treaty of the preconditions as they
    stand, over their weight; 1 where it has no preferences.
    """
    worth = 0.0
    weight = 0.0
    for i in range(params.articles):
        if state.article[i] == ARTICLE.AGREED:
            own = params.weight[ACTOR.OPPOSITION, i]
            weight += own
            worth += own * issue_utility(params, ACTOR.OPPOSITION, i, state.position[i])
    if not interim:
        for k in range(params.preconditions):
            if state.precondition[k] != PRECONDITION.DORMANT:
                weight += params.weight[ACTOR.OPPOSITION, ARTICLES + k]
                worth += precondition_utility(params, state, ACTOR.OPPOSITION, k)
    if weight <= 0.0:
        return 1.0
    return min(max(1.0 - worth / weight, 0.0), 1.0)


@rule
def mobilise_against(params: Params, state: State, grievance: float) -> None:
    """Raise the protest impulse by the opposition's effort, in proportion to the grievance."""
    state.impulse += params.effort * params.trigger_impulse * grievance
