"""Politics at a home: the opposition's grievances, opinion, protest, the government's survival.

Its own preferences decide: giving way on what it cares for, away from what it wants, brings people
to the street; giving way on what it does not care for does not. Salience as a weight relative to
the mean is the spatial model's (Enelow and Hinich 1984).
"""

from sim.model.codes import (
    ACTOR,
    ARTICLE,
    CALENDAR_KIND,
    MOVE,
    PRECONDITION,
    PUBLIC_RULE,
    REASON,
    TREATY,
)
from sim.model.compiled import entry_rule, rule
from sim.model.records import (
    ARTICLES,
    Events,
    Flags,
    Indices,
    Numbers,
    Params,
    Public,
    Shocks,
    State,
)
from sim.model.rules.calendar import (
    approval_drawn,
    election_drawn,
    end_talks,
    is_second_home,
    opposition_of,
)
from sim.model.rules.events import write
from sim.model.rules.worth import issue_utility, precondition_utility


@rule
def salience(params: Params, actor: int, issue: int) -> float:
    """Return the weight of an issue for an actor over the mean of those with weight; 1 without."""
    total = 0.0
    count = 0
    for i in range(params.articles):
        total += params.weight[actor, i]
        count += int(params.weight[actor, i] > 0.0)
    for k in range(params.preconditions):
        if params.start_status[ARTICLES + k] != PRECONDITION.DORMANT:
            total += params.weight[actor, ARTICLES + k]
            count += int(params.weight[actor, ARTICLES + k] > 0.0)
    if total <= 0.0:
        return 1.0
    return params.weight[actor, issue] * count / total


@rule
def grievance_of_move(params: Params, side: int, issue: int, before: float, after: float) -> float:
    """Return what the opposition of `side` holds against an issue moving between two positions.

    Salience times the utility it loses per unit of the way, at least 0: 1 for an issue of mean
    weight that moves straight away from its ideal.
    """
    if before == after:
        return 0.0
    opposition = opposition_of(params, side)
    lost = issue_utility(params, opposition, issue, before) - issue_utility(
        params, opposition, issue, after
    )
    rate = min(max(lost / abs(after - before), 0.0), 1.0)
    return salience(params, opposition, issue) * rate


@rule
def grievance_of_treaty(params: Params, state: State, side: int, interim: bool) -> float:
    """Return how far what is signed lies from the ideals of the opposition of `side`, in [0, 1].

    1 less its utility of the agreed articles, and with a full treaty of the preconditions as they
    stand, over their weight; 1 where it has no preferences.
    """
    opposition = opposition_of(params, side)
    worth = 0.0
    weight = 0.0
    for i in range(params.articles):
        if state.article[i] == ARTICLE.AGREED:
            own = params.weight[opposition, i]
            weight += own
            worth += own * issue_utility(params, opposition, i, state.position[i])
    if not interim:
        for k in range(params.preconditions):
            if state.precondition[k] != PRECONDITION.DORMANT:
                weight += params.weight[opposition, ARTICLES + k]
                worth += precondition_utility(params, state, opposition, k)
    if weight <= 0.0:
        return 1.0
    return min(max(1.0 - worth / weight, 0.0), 1.0)


@rule
def audience_cost(params: Params, state: State, side: int) -> float:
    """Return the cost at home of a visible concession (Fearon 1994), higher when mobilised."""
    if not params.has_politics[side]:
        return params.audience_cost[side]
    return params.audience_cost[side] * (1.0 + state.impulse[side])


@rule
def mobilise_against(params: Params, state: State, side: int, grievance: float) -> None:
    """Raise the protest impulse in the home of `side` by its opposition's effort and grievance."""
    state.impulse[side] += params.effort[side] * params.trigger_impulse[side] * grievance


# --- the opposition mobilises and citizens change their minds

_ROUNDING = 1e-9
"""Added to the confidence radius: of two friends just at it, rounding would keep only one."""


@rule
def clip_unit(x: float) -> float:
    """Return `x` limited to [0, 1]."""
    return min(max(x, 0.0), 1.0)


@entry_rule
def mobilise(params: Params, state: State, actor: int) -> None:
    """Let the protest impulse of the mobilisation at the home of `actor` fade.

    Concessions and signatures add to it where they happen: effort times trigger.
    """
    state.impulse[actor] *= 1.0 - params.mobilisation_decay[actor]


@rule
def neighbours_mean(
    opinion: Numbers, start: Indices, tie: Indices, tie_weight: Numbers, citizen: int
) -> float:
    """Return the mean of a citizen's neighbours; the own opinion without any."""
    first = start[citizen]
    last = start[citizen + 1]
    weight = tie_weight[citizen]
    total = 0.0
    for at in range(first, last):
        total += weight * opinion[tie[at]]
    return total if last > first else opinion[citizen]


@rule
def friends_mean(
    opinion: Numbers, start: Indices, tie: Indices, confidence: float, citizen: int
) -> float:
    """Return the mean of a citizen and of the neighbours within `confidence`."""
    mine = opinion[citizen]
    total = mine
    count = 1
    for at in range(start[citizen], start[citizen + 1]):
        other = opinion[tie[at]]
        if abs(other - mine) <= confidence + _ROUNDING:
            total += other
            count += 1
    return total / count


@rule
def take_over_opinions(new: Numbers, opinion: Numbers) -> bool:
    """Copy the new opinions and return whether any of them differs from the old one."""
    moved = False
    for i in range(new.shape[0]):
        moved |= new[i] != opinion[i]
        opinion[i] = new[i]
    return moved


@rule
def update_opinions(params: Params, public: Public, side: int) -> tuple[float, bool]:
    """Move every opinion in the home of `side` once, all at the same time.

    DeGroot (1974): the neighbours' mean. Friedkin and Johnsen (1990): that mean, weighted by
    susceptibility, and the anchor. Hegselmann and Krause (2002): the mean of oneself and of those
    within the confidence radius.

    Returns the mean opinion, summed in order, and whether any opinion is another than before.
    """
    opinion = public.opinion
    new = public.next_opinion
    bounded = params.public_rule == PUBLIC_RULE.BOUNDED_CONFIDENCE
    anchored = params.public_rule == PUBLIC_RULE.FRIEDKIN_JOHNSEN
    confidence = params.confidence[side]
    sum_of_all = 0.0
    for i in range(opinion.shape[0]):
        if bounded:
            mean = friends_mean(opinion, public.start, public.tie, confidence, i)
        else:
            mean = neighbours_mean(opinion, public.start, public.tie, public.tie_weight, i)
        if anchored:
            mean = public.susceptibility[i] * mean + public.anchor[i]
        new[i] = mean
        sum_of_all += mean
    return sum_of_all / opinion.shape[0], take_over_opinions(new, opinion)


@rule
def set_anchors(public: Public, shift: float) -> None:
    """Set each anchor: the innate opinion, moved by `shift`, less what susceptibility takes."""
    for i in range(public.anchor.shape[0]):
        stubborn = 1.0 - public.susceptibility[i]
        public.anchor[i] = stubborn * clip_unit(public.innate[i] + shift)


@rule
def move_all(opinion: Numbers, shift: float) -> None:
    """Move every opinion by `shift`, within [0, 1]."""
    for i in range(opinion.shape[0]):
        opinion[i] = clip_unit(opinion[i] + shift)


@entry_rule
def deliberate(params: Params, state: State, public: Public, actor: int) -> None:
    """Move the opinions of the citizens at the home of `actor`, and their mean.

    DeGroot and bounded-confidence citizens have no innate opinion to come back to, so a shift of
    this week moves their opinions themselves. Opinions that a week has left as they were stay so
    until the next shift.
    """
    moved = state.opinion_shift[actor] - state.shift_applied[actor]
    if moved == 0.0 and state.at_rest[actor]:
        return
    if params.public_rule == PUBLIC_RULE.FRIEDKIN_JOHNSEN:
        if moved != 0.0 or state.week == 0:
            set_anchors(public, state.opinion_shift[actor])
    elif moved != 0.0:
        move_all(public.opinion, moved)
    state.shift_applied[actor] = state.opinion_shift[actor]
    mean, changed = update_opinions(params, public, actor)
    state.opinion[actor] = mean
    state.at_rest[actor] = not changed


# --- protest spreads over the graph by thresholds


@rule
def first_movers(
    opinion: Numbers,
    threshold: Numbers,
    impulse: float,
    active: Flags,
    exposure: Numbers,
    queue: Indices,
) -> int:
    """Clear the streets, let those act whom the impulse alone moves, and return their number.

    Whether there are any is asked first, of many at a time: in most weeks there are none.
    """
    any_moved = False
    for i in range(opinion.shape[0]):
        any_moved |= (opinion[i] < 0.5) & (impulse >= threshold[i])
        exposure[i] = 0.0
        active[i] = 0
    count = 0
    if any_moved:
        for i in range(opinion.shape[0]):
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
def take_to_streets(
    params: Params, state: State, public: Public, events: Events, actor: int
) -> None:
    """Let protest at the home of `actor` spread to its rest; note a wave when it begins.

    The citizens stand for the share of the eligible that might take part at all.
    """
    before = state.protest[actor]
    protesters = cascade(
        public.opinion,
        public.threshold,
        state.impulse[actor],
        public.start,
        public.tie,
        public.active,
        public.exposure,
        public.queue,
    )
    share = protesters / params.citizens[actor] * params.potential[actor]
    state.protest[actor] = share
    danger = params.fall_protest_share[actor]
    if share >= danger and before < danger:
        who = opposition_of(params, actor)
        write(state, events, who, MOVE.PROTEST_WAVE, -1, REASON.CASCADE, share)


# --- approval, elections and the government's survival


@rule
def approval_base(params: Params, state: State, side: int) -> float:
    """Return the level to which approval returns: its start, moved with public opinion."""
    moved = params.opinion_slope[side] * (state.opinion[side] - params.opinion_mean[side])
    return clip_unit(params.approval[side] + moved)


@rule
def hold_election(params: Params, state: State, shocks: Shocks, events: Events, side: int) -> bool:
    """Hold an election: votes about approval, seats by the largest party's bonus."""
    swing = params.election_swing[side] * election_drawn(params, shocks, state.week, side)
    votes = clip_unit(state.approval[side] + swing)
    seats = params.parliament_seats[side] * min(1.0, params.seats_bonus[side] * votes)
    state.seats[side] = int(seats + 0.5)
    won = state.seats[side] > 0.5 * params.parliament_seats[side]
    reason = REASON.VOTE_PASSED if won else REASON.BALLOT
    at = side if is_second_home(params, side) else -1
    write(state, events, ACTOR.NATURE, MOVE.ELECTION_HELD, at, reason, votes)
    return won


@rule
def election_due(params: Params, state: State, side: int) -> bool:
    """Return whether the calendar holds an election in the home of `side` this week."""
    for at in range(params.dates):
        held = params.date_kind[at] == CALENDAR_KIND.ELECTION and params.date_side[at] == side
        if held and params.date_week[at] == state.week:
            return True
    return False


@rule
def move_approval(params: Params, state: State, shocks: Shocks, side: int) -> None:
    """Pull approval towards its base, less what protest costs, with the week's swing."""
    pull = params.approval_reversion[side] * (
        approval_base(params, state, side) - state.approval[side]
    )
    noise = params.approval_noise[side] * approval_drawn(params, shocks, state.week, side)
    cost = params.protest_cost[side] * state.protest[side]
    state.approval[side] = clip_unit(state.approval[side] + pull - cost + noise)


@rule
def street_fells(params: Params, state: State, shocks: Shocks, side: int) -> bool:
    """Count the weeks in a row of dangerous protest; return whether the government falls by it.

    After enough of them it is put to the test, once a wave.
    """
    if params.citizens[side] == 0 or state.protest[side] < params.fall_protest_share[side]:
        state.protest_weeks[side] = 0
        return False
    state.protest_weeks[side] += 1
    weeks = state.protest_weeks[side]
    tested = weeks >= params.fall_weeks[side] and weeks - 1 < params.fall_weeks[side]
    return tested and shocks[state.week].street[side] < params.fall_odds[side]


@rule
def fall_of_government(
    params: Params, state: State, shocks: Shocks, events: Events, side: int
) -> int:
    """Move approval and hold an election if one is due; return why the government falls, or 0."""
    move_approval(params, state, shocks, side)
    fell = REASON.NONE
    if election_due(params, state, side) and not hold_election(params, state, shocks, events, side):
        fell = REASON.BALLOT
    if street_fells(params, state, shocks, side):
        fell = REASON.STREET
    return fell


@rule
def take_over(params: Params, state: State, events: Events, side: int, reason: int) -> None:
    """Let the successor of a fallen government govern from next week on.

    It starts with the approval that the first one had. What was closed, conceded and signed
    stands; a successor's own successor is like it.
    """
    state.government = state.government | (1 << side)
    state.approval[side] = params.approval[side]
    state.protest_weeks[side] = 0
    state.stale = 1
    who = opposition_of(params, side)
    write(state, events, who, MOVE.GOVERNMENT_FOLLOWED, -1, reason, 0.0)


@entry_rule
def survive(params: Params, state: State, shocks: Shocks, events: Events) -> None:
    """Move approval, hold elections and bring governments down by ballot or street.

    A treaty that both have ratified outlives the governments. If both fall in one week, the talks
    end by the street where either did. A government that a stated successor follows does not end
    them.
    """
    if state.ended:
        return
    for side in range(2):
        if params.has_politics[side]:
            fell = fall_of_government(params, state, shocks, events, side)
            if fell != REASON.NONE and params.successor[side] > 0:
                take_over(params, state, events, side, fell)
            elif state.status != TREATY.RATIFIED:
                state.fell[side] = fell
    reason = REASON.NONE
    for side in range(2):
        fell = state.fell[side] * 1
        if fell != REASON.NONE:
            reason = fell if reason == REASON.NONE else min(reason, fell)
            who = opposition_of(params, side)
            end_talks(state, events, TREATY.GOVERNMENT_FELL, MOVE.GOVERNMENT_FELL, who, reason)
