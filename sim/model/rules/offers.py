"""Drafts: the side whose turn it is answers, after the lag that such answers take."""

from sim.model.codes import AGENDA, BARGAINING, MOVE, REASON, TREATY
from sim.model.compiled import entry_rule
from sim.model.records import Events, Params, Shocks, State
from sim.model.rules.bid import draft, open_articles
from sim.model.rules.demand import remember, set_demand
from sim.model.rules.events import write
from sim.model.rules.mediation import propose_interim
from sim.model.rules.opponent import see_other
from sim.model.rules.responses import reopen_articles
from sim.model.rules.worth import refresh


@entry_rule
def offer(params: Params, state: State, shocks: Shocks, events: Events, actor: int) -> None:
    """Table a draft worth the strategy's demand, best for the other side as far as one knows.

    Nothing is tabled out of turn, without a channel, after the text is closed (by the mediator's
    single text this week, perhaps), or before the reply lag (geometric, mean of the drafts
    exchanged in 2022-2024) has passed.
    """
    if state.ended or state.text_week >= 0 or state.status >= TREATY.SIGNED_FULL:
        return
    if state.turn != actor or not state.channel_open or state.tabled >= 0:
        return
    if shocks[state.week].reply[actor] >= params.reply_rate[actor]:
        return
    if params.bargaining == BARGAINING.ARTICLES:
        refresh(params, state)
        reopen_articles(params, state, events, actor)
    if open_articles(params, state) == 0:
        return
    set_demand(params, state, shocks, actor)
    see_other(state, actor)
    draft(params, state, actor, state.target[actor], state.seen[:])
    remember(state.demanded[actor], state.target[actor])
    state.n_demanded[actor] += 1
    state.drafts[actor] += 1
    state.tabled = actor
    state.turn = 1 - actor
    write(state, events, actor, MOVE.OFFER, -1, REASON.STRATEGY_TARGET, state.target[actor])
    if params.proposes_interim[actor] and params.agenda == AGENDA.INTERIM_ALLOWED:
        propose_interim(params, state, events, actor)
