"""Phase 9, continued: protest spreads over the graph by thresholds."""

from sim.codes import ACTOR, MOVE, PUBLIC_RULE, REASON
from sim.rules.compiled import entry_rule, rule
from sim.rules.events import write


@rule
def joins(params, public, citizen, impulse):
    """Return whether a citizen protests: an opponent whose threshold is reached.

    Granovetter (1978): the share of active neighbours, here helped by the opposition's impulse,
    reaches the threshold. Supporters of a treaty (opinion at least one half) stay at home.
    """
    if public.opinion[citizen] >= 0.5:
        return False
    degree = public.start[citizen + 1] - public.start[citizen]
    share = public.exposure[citizen] / degree if degree > 0 else 0.0
    return share + impulse >= public.threshold[citizen]


@rule
def cascade(params, public, impulse):
    """Run the cascade from nobody to its rest and return the number of protesters."""
    count = 0
    for i in range(params.citizens):
        public.exposure[i] = 0.0
        public.active[i] = 0
    for i in range(params.citizens):
        if joins(params, public, i, impulse):
            public.active[i] = 1
            public.queue[count] = i
            count += 1
    at = 0
    while at < count:
        citizen = public.queue[at]
        at += 1
        for tie in range(public.start[citizen], public.start[citizen + 1]):
            other = public.tie[tie]
            public.exposure[other] += 1.0
            if not public.active[other] and joins(params, public, other, impulse):
                public.active[other] = 1
                public.queue[count] = other
                count += 1
    return count


@entry_rule
def take_to_streets(params, state, shocks, public, events, actor):
    """Let protest spread to its rest within the week and note a wave when it begins."""
    if params.public_rule == PUBLIC_RULE.NONE or params.citizens == 0:
        return
    before = state.protest
    state.protest = cascade(params, public, state.impulse) / params.citizens
    danger = params.fall_protest_share
    if state.protest >= danger and before < danger:
        write(
            state, events, ACTOR.OPPOSITION, MOVE.PROTEST_WAVE, -1, REASON.CASCADE, state.protest
        )
