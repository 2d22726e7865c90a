"""Phase 9: the opposition mobilises and citizens change their minds."""

from sim.codes import PUBLIC_RULE
from sim.rules.compiled import entry_rule, rule


@rule
def clip_unit(x):
    """Return `x` limited to [0, 1]."""
    return min(max(x, 0.0), 1.0)


@entry_rule
def mobilise(params, state, shocks, public, events, actor):
    """Let the protest impulse of the opposition's mobilisation fade.

    Concessions and signatures add to it where they happen: effort times trigger.
    """
    state.impulse *= 1.0 - params.mobilisation_decay


@rule
def neighbours_mean(public, citizen):
    """Return the weighted mean opinion of a citizen's neighbours; the own one if there is none."""
    first = public.start[citizen]
    last = public.start[citizen + 1]
    if first == last:
        return public.opinion[citizen]
    total = 0.0
    for at in range(first, last):
        total += public.tie_weight[at] * public.opinion[public.tie[at]]
    return total


@rule
def friends_within(public, citizen, confidence):
    """Return the mean opinion of oneself and of the neighbours within `confidence`."""
    mine = public.opinion[citizen]
    total = mine
    count = 1
    for at in range(public.start[citizen], public.start[citizen + 1]):
        other = public.opinion[public.tie[at]]
        if abs(other - mine) <= confidence:
            total += other
            count += 1
    return total / count


@rule
def update_opinions(params, public, shift):
    """Move every opinion once, all at the same time.

    DeGroot (1974): the neighbours' weighted mean. Friedkin and Johnsen (1990): that mean and the
    innate opinion, weighted by susceptibility. Hegselmann and Krause (2002): the mean of oneself
    and of those within the confidence radius. `shift` moves the innate opinions.
    """
    for i in range(params.citizens):
        if params.public_rule == PUBLIC_RULE.DEGROOT:
            public.next_opinion[i] = neighbours_mean(public, i)
        elif params.public_rule == PUBLIC_RULE.FRIEDKIN_JOHNSEN:
            s = public.susceptibility[i]
            innate = clip_unit(public.innate[i] + shift)
            public.next_opinion[i] = s * neighbours_mean(public, i) + (1.0 - s) * innate
        else:
            public.next_opinion[i] = friends_within(public, i, params.confidence)
    for i in range(params.citizens):
        public.opinion[i] = public.next_opinion[i]


@rule
def mean_opinion(params, public):
    """Return the citizens' mean opinion."""
    total = 0.0
    for i in range(params.citizens):
        total += public.opinion[i]
    return total / params.citizens


@entry_rule
def deliberate(params, state, shocks, public, events, actor):
    """Move the citizens' opinions and their mean.

    DeGroot and bounded-confidence citizens have no innate opinion to come back to, so a shift of
    this week moves their opinions themselves.
    """
    if params.public_rule == PUBLIC_RULE.NONE or params.citizens == 0:
        return
    if params.public_rule != PUBLIC_RULE.FRIEDKIN_JOHNSEN:
        moved = state.opinion_shift - state.shift_applied
        if moved != 0.0:
            for i in range(params.citizens):
                public.opinion[i] = clip_unit(public.opinion[i] + moved)
    state.shift_applied = state.opinion_shift
    update_opinions(params, public, state.opinion_shift)
    state.opinion = mean_opinion(params, public)
