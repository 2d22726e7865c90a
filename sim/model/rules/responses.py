"""Phase 4: the answer to a draft, by the acceptance condition."""

import math

from sim.model.codes import ACTOR, AGENDA, ARTICLE, MOVE, REASON
from sim.model.compiled import entry_rule, rule
from sim.model.records import Events, Params, Shocks, State
from sim.model.rules.articles import close_article, close_package
from sim.model.rules.demand import condition_accepts, learn_about_other, remember, set_demand
from sim.model.rules.events import write
from sim.model.rules.preferences import is_free, issue_utility, offer_share
from sim.model.rules.worth import refresh


@rule
def issue_share(params: Params, side: int, issue: int, position: float) -> float:
    """Return the share of one issue that `position` gives to `side`: 1 own ideal, 0 the other's."""
    worst = issue_utility(params, side, issue, params.ideal[1 - side, issue])
    if worst >= 1.0:
        return 1.0
    return (issue_utility(params, side, issue, position) - worst) / (1.0 - worst)


@rule
def accepts(params: Params, state: State, shocks: Shocks, side: int, offered: float) -> bool:
    """Return whether `side` takes a share: its condition says so and it beats the status quo."""
    if offered < state.reservation[side]:
        return False
    verdict = condition_accepts(
        params.acceptance[side], params, state, shocks, side, offered, state.target[side]
    )
    if math.isnan(verdict):
        state.fault = 1 + side
        return False
    return verdict > 0.0


@rule
def respond_to_each(
    params: Params, state: State, shocks: Shocks, events: Events, side: int
) -> None:
    """Accept the draft article by article."""
    for i in range(params.articles):
        if is_free(params, state, i) and state.article[i] != ARTICLE.AGREED:
            position = state.offer[1 - side, i]
            if accepts(params, state, shocks, side, issue_share(params, side, i, position)):
                close_article(state, events, i, position, REASON.BEATS_NEXT_DEMAND)
                state.offer[side, i] = position


@rule
def is_new(state: State, side: int, offered: float) -> int:
    """Return 1 if no draft remembered gave `side` the same share, else 0."""
    for age in range(min(state.n_received[side], state.received.shape[1])):
        if abs(state.received[side, age] - offered) < 1e-9:
            return 0
    return 1


@entry_rule
def respond(params: Params, state: State, shocks: Shocks, events: Events, actor: int) -> None:
    """Weigh the draft that the other side tabled this week and take it or leave it."""
    if state.ended or state.tabled != 1 - actor:
        return
    refresh(params, state)
    offered = offer_share(params, state, actor, 1 - actor)
    state.new_received[actor] += is_new(state, actor, offered)
    remember(state.received[actor], offered)
    state.n_received[actor] += 1
    state.best_received[actor] = max(state.best_received[actor], offered)
    learn_about_other(params.opponent_model[actor], params, state, shocks, actor)
    set_demand(params, state, shocks, actor)
    if params.agenda == AGENDA.ISSUE_BY_ISSUE:
        respond_to_each(params, state, shocks, events, actor)
    elif accepts(params, state, shocks, actor, offered):
        write(state, events, actor, MOVE.ACCEPTED, -1, REASON.BEATS_NEXT_DEMAND, offered)
        close_package(params, state, events, 1 - actor, REASON.BEATS_NEXT_DEMAND)


@entry_rule
def check_fault(state: State, events: Events) -> None:
    """End a run whose plug-in returned no finite number; the drivers turn it into an error."""
    if state.fault and not state.ended:
        state.ended = 1
        state.ended_week = state.week
        state.end_reason = REASON.NOT_FINITE
        write(state, events, ACTOR.NATURE, MOVE.FAULT, -1, REASON.NOT_FINITE, state.fault)
