"""Phase 9, continued: protest spreads over the graph by thresholds."""

from sim.codes import ACTOR, MOVE, REASON
from sim.records import Events, Flags, Indices, Numbers, Params, Public, State
from sim.rules.compiled import entry_rule, rule
from sim.rules.events import write


@rule
def first_movers(
    opinion: Numbers,
    threshold: Numbers,
    impulse: float,
    active: Flags,
    exposure: Numbers,
    queue: Indices,
) -> int:
    """Clear the streets, let those act whom the impulse alone moves, and return their number."""
    count = 0
    for i in range(opinion.shape[0]):
        exposure[i] = 0.0
        active[i] = 0
        if opinion[i] < 0.5 and impulse >= threshold[i]:
            active[i] = 1
            queue[count] = i
            count += 1
    return count


@rule
def cascade(
    opinion: Numbers,
    threshold: Numbers,
    impulse: float,
    start: Indices,
    tie: Indices,
    active: Flags,
    exposure: Numbers,
    queue: Indices,
) -> int:
    """Run the cascade from nobody to its rest and return the number of protesters.

    Granovetter (1978): an opponent of a treaty (opinion below one half) protests once the share
    of active neighbours, helped by the opposition's impulse, reaches the own threshold.
    Supporters stay at home.

    Parameters
    ----------
    opinion, threshold : array of float, shape (citizens,)
    impulse : float
    start, tie : array of int32
        Graph in compressed rows.
    active, exposure, queue : arrays, shape (citizens,)
        Who protests in the end, active neighbours of each, and working space.
    """
    count = first_movers(opinion, threshold, impulse, active, exposure, queue)
    at = 0
    while at < count:
        citizen = queue[at]
        at += 1
        for k in range(start[citizen], start[citizen + 1]):
            other = tie[k]
            exposure[other] += 1.0
            if active[other] or opinion[other] >= 0.5:
                continue
            degree = start[other + 1] - start[other]
            if exposure[other] / degree + impulse >= threshold[other]:
                active[other] = 1
                queue[count] = other
                count += 1
    return count


@entry_rule
def take_to_streets(params: Params, state: State, public: Public, events: Events) -> None:
    """Let protest spread to its rest within the week and note a wave when it begins."""
    before = state.protest
    protesters = cascade(
        public.opinion,
        public.threshold,
        state.impulse,
        public.start,
        public.tie,
        public.active,
        public.exposure,
        public.queue,
    )
    share = protesters / params.citizens
    state.protest = share
    danger = params.fall_protest_share
    if share >= danger and before < danger:
        write(state, events, ACTOR.OPPOSITION, MOVE.PROTEST_WAVE, -1, REASON.CASCADE, share)
