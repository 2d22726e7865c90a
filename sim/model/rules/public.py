"""Phase 9: the opposition mobilises and citizens change their minds."""

from sim.model.codes import ACTOR, MOVE, PUBLIC_RULE, REASON
from sim.model.compiled import entry_rule, rule
from sim.model.records import Events, Flags, Indices, Numbers, Params, Public, State
from sim.model.rules.events import write

_ROUNDING = 1e-9
"""Added to the confidence radius: of two friends just at it, rounding would keep only one."""


@rule
def clip_unit(x: float) -> float:
    """Return `x` limited to [0, 1]."""
    return min(max(x, 0.0), 1.0)


@entry_rule
def mobilise(params: Params, state: State) -> None:
    """Let the protest impulse of the opposition's mobilisation fade.

    Concessions and signatures add to it where they happen: effort times trigger.
    """
    state.impulse *= 1.0 - params.mobilisation_decay


@rule
def neighbours_means(
    opinion: Numbers, start: Indices, tie: Indices, tie_weight: Numbers, means: Numbers
) -> None:
    """Set `means` to the weighted mean of each citizen's neighbours; the own one without any."""
    for i in range(opinion.shape[0]):
        first = start[i]
        last = start[i + 1]
        total = 0.0
        for at in range(first, last):
            total += tie_weight[at] * opinion[tie[at]]
        means[i] = total if last > first else opinion[i]


@rule
def anchor(susceptibility: Numbers, innate: Numbers, shift: float, means: Numbers) -> None:
    """Pull the neighbours' means back towards the innate opinions, moved by `shift`."""
    for i in range(means.shape[0]):
        s = susceptibility[i]
        means[i] = s * means[i] + (1.0 - s) * clip_unit(innate[i] + shift)


@rule
def friends_means(
    opinion: Numbers, start: Indices, tie: Indices, confidence: float, means: Numbers
) -> None:
    """Set `means` to the mean of each citizen and of the neighbours within `confidence`."""
    for i in range(opinion.shape[0]):
        mine = opinion[i]
        total = mine
        count = 1
        for at in range(start[i], start[i + 1]):
            other = opinion[tie[at]]
            if abs(other - mine) <= confidence + _ROUNDING:
                total += other
                count += 1
        means[i] = total / count


@rule
def copy(values: Numbers, target: Numbers) -> None:
    """Copy `values` into `target`."""
    for i in range(values.shape[0]):
        target[i] = values[i]


@rule
def update_opinions(params: Params, public: Public, shift: float) -> None:
    """Move every opinion once, all at the same time.

    DeGroot (1974): the neighbours' weighted mean. Friedkin and Johnsen (1990): that mean and the
    innate opinion, weighted by susceptibility. Hegselmann and Krause (2002): the mean of oneself
    and of those within the confidence radius. `shift` moves the innate opinions.
    """
    opinion = public.opinion
    means = public.next_opinion
    if params.public_rule == PUBLIC_RULE.BOUNDED_CONFIDENCE:
        friends_means(opinion, public.start, public.tie, params.confidence, means)
    else:
        neighbours_means(opinion, public.start, public.tie, public.tie_weight, means)
        if params.public_rule == PUBLIC_RULE.FRIEDKIN_JOHNSEN:
            anchor(public.susceptibility, public.innate, shift, means)
    copy(means, opinion)


@rule
def mean_of(values: Numbers) -> float:
    """Return the mean of `values`, summed in order."""
    total = 0.0
    for i in range(values.shape[0]):
        total += values[i]
    return total / values.shape[0]


@rule
def move_all(opinion: Numbers, shift: float) -> None:
    """Move every opinion by `shift`, within [0, 1]."""
    for i in range(opinion.shape[0]):
        opinion[i] = clip_unit(opinion[i] + shift)


@entry_rule
def deliberate(params: Params, state: State, public: Public) -> None:
    """Move the citizens' opinions and their mean.

    DeGroot and bounded-confidence citizens have no innate opinion to come back to, so a shift of
    this week moves their opinions themselves.
    """
    if params.public_rule != PUBLIC_RULE.FRIEDKIN_JOHNSEN:
        moved = state.opinion_shift - state.shift_applied
        if moved != 0.0:
            move_all(public.opinion, moved)
    state.shift_applied = state.opinion_shift
    update_opinions(params, public, state.opinion_shift)
    state.opinion = mean_of(public.opinion)


# ---- Phase 9, continued: protest spreads over the graph by thresholds.


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

    opinion, threshold: shape (citizens,).
    start, tie: graph in compressed rows.
    active, exposure, queue: who protests in the end, active neighbours of each, and working space,
        shape (citizens,).
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
