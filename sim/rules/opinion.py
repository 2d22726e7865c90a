"""Phase 9: the opposition mobilises and citizens change their minds."""

from sim.codes import PUBLIC_RULE
from sim.records import Indices, Numbers, Params, Public, State
from sim.rules.compiled import entry_rule, rule

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
