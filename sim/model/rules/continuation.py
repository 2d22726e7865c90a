"""What going on is worth: one value for the reservation, the answer to an article, and signing.

A side that does not settle now lives on in the status quo, gains or loses when that ends by force
or collapse (Fearon 1995; Powell 2006), and settles later on the terms that it has come to expect
from how both have moved. Or it never settles, and then banks no concession.

Symbols: ``d`` weekly discount, ``h`` weekly hazard that the present state ends, ``w`` what that is
worth to the side, ``D = d (1 - h)``, ``phi`` a week's payoff of going on, ``T`` weeks that the side
believes a settlement takes, ``n`` concessions that the other can still make, ``p`` the believed
weekly rate of them, ``c`` the worth of one.
"""

import math
from typing import NamedTuple

from sim.model.codes import BARGAINING, CALENDAR_KIND
from sim.model.compiled import rule
from sim.model.records import Params, State
from sim.model.rules.opponent import concession_belief, known_share
from sim.model.rules.worth import (
    LEAST_SPAN,
    TEXT,
    WORST,
    above_worst,
    is_open,
    matters,
    never_signing,
    office_effect,
    open_provisions,
    reservation_share,
    survival_discount,
    treaty_utility,
    worth_of,
)


class Terms(NamedTuple):
    """What is open, in the utility of one side."""

    base: float  # what a signature is worth with all that is open at the other's ideals
    span: float  # what the own ideals would add
    its: float  # what the other's standing offer adds
    own: float  # what the own one adds


class Outlook(NamedTuple):
    """What one side expects of going on, as the talks stand."""

    terms: Terms
    speed: float  # believed part of the rest that the other will give up
    left: int  # provisions that are open and matter
    weeks: float  # that a settlement of them is believed to take
    worth: float  # of going on


# --- what is open: its range, and how far both sides have moved on it


@rule
def fixed_value(params: Params, state: State, side: int) -> float:
    """Return what a signature is worth beside the issues in the talks."""
    fixed = state.settled[side] + state.side_payment[side]
    if state.interim_week < 0:
        fixed += office_effect(params, state, side)
    return fixed


@rule
def open_range(params: Params, state: State, side: int) -> tuple[float, float]:
    """Return ``base`` and ``span`` of what is open, see `Terms`."""
    base = fixed_value(params, state, side)
    span = 0.0
    for n in range(state.talks):
        j = state.talk[n]
        if is_open(state, j):
            worst = worth_of(params, state, side, j, WORST)
            base += worst
            span += params.weight[side, j] - worst
        else:
            base += worth_of(params, state, side, j, TEXT)
    return base, span


@rule
def standing_offers(params: Params, state: State, side: int) -> tuple[float, float]:
    """Return ``its`` and ``own`` of what is open, see `Terms`."""
    its = 0.0
    own = 0.0
    for n in range(state.talks):
        j = state.talk[n]
        if is_open(state, j):
            its += above_worst(params, state, side, j, 1 - side)
            own += above_worst(params, state, side, j, side)
    return its, own


@rule
def terms_of(params: Params, state: State, side: int) -> Terms:
    """Return what is open as `side` sees it."""
    base, span = open_range(params, state, side)
    its, own = standing_offers(params, state, side)
    return Terms(base, span, its, own)


@rule
def delay_cost(
    params: Params, state: State, side: int, base: float, span: float, interim: bool
) -> float:
    """Return what a week of delay costs `side`, as a share of what is open, at least 0.

    ``((1 - D) V - phi) / span`` at an even split: a share, so that the unit of a side's utility
    does not matter.

    base, span: see `Terms`.
    interim: whether the agreed part has been signed: then it is banked and no more at stake, and
        the status quo ends on its share of the weights.
    """
    if span <= LEAST_SPAN:
        return 0.0
    value = base + 0.5 * span
    covered = covered_now(state, side)
    if interim:
        value -= banked_by_interim(params, state, side)
        covered = state.agreed_weight[side]
    lost = (1.0 - survival_discount(params, side)) * value
    return max(lost - going_on(params, state, side, covered), 0.0) / span


@rule
def prior_speed(params: Params, state: State, side: int, terms: Terms, interim: bool) -> float:
    """Return the part of what lies between them that `side` expects of the other at first.

    An even split for a side that knows nothing of the other's values. One that knows them expects
    each to give way in proportion to its cost of delay, ``k_j / (k_i + k_j)``, which is the split
    that frequent offers lead to (Rubinstein 1982). In between, by how much it knows
    (`known_share`), so that the priors of two sides that know as much of each other add up to 1.
    """
    base, span = open_range(params, state, 1 - side)
    mine = delay_cost(params, state, side, terms.base, terms.span, interim)
    theirs = delay_cost(params, state, 1 - side, base, span, interim)
    if mine + theirs <= 0.0:
        return 0.5
    return 0.5 + known_share(params, state, side) * (theirs / (mine + theirs) - 0.5)


@rule
def other_speed(prior: float, its: float, given: float) -> float:
    """Return the believed part of the rest that the other will give up, from what both moved.

    ``r = (prior + its) / (1 + its + given)``: what each has given away of what is open is counted
    against a prior that is worth one whole concession.

    prior: see `prior_speed`.
    its: share of what is open that the other's standing offer gives to the side.
    given: share that the own standing offer gives away.
    """
    return (prior + its) / (1.0 + its + given)


@rule
def speed_of_other(params: Params, state: State, side: int, terms: Terms, interim: bool) -> float:
    """Return `other_speed` as the standing offers are; `interim` as in `delay_cost`."""
    if terms.span <= LEAST_SPAN:
        return 0.5
    its = min(max(terms.its / terms.span, 0.0), 1.0)
    given = min(max(1.0 - terms.own / terms.span, 0.0), 1.0)
    return other_speed(prior_speed(params, state, side, terms, interim), its, given)


@rule
def at_speed(terms: Terms, speed: float) -> float:
    """Return what the treaty is worth where the other gives up so much of the rest.

    ``base + E`` with ``E = its + r (own - its)``: both go on as they have moved.
    """
    return terms.base + terms.its + speed * (terms.own - terms.its)


# --- when, and what until then


@rule
def settlement_weeks(params: Params, state: State, side: int, still_open: int) -> float:
    """Return the weeks that `side` believes a settlement of `still_open` provisions takes.

    A gamma prior on the weeks that an article takes, worth the first estimate once, revised upward
    while nothing closes: ``T = n (T0 + t) / (n0 + closed)``, of provisions that matter.
    """
    if state.open_at_start == 0:
        return 0.0
    closed = state.open_at_start - still_open
    weeks = params.settlement_weeks[side] + state.week
    return still_open * weeks / (state.open_at_start + closed)


@rule
def going_on(params: Params, state: State, side: int, covered: float) -> float:
    """Return the payoff of one more week without the full treaty.

    ``phi = f (1 - covered) - stick + h w``.

    covered: share of the weights on which an interim deal has ended the status quo.
    """
    force = params.coercion_hazard[side] * params.coercion_worth[side]
    return params.flow[side] * (1.0 - covered) - state.stick_now + force


@rule
def covered_now(state: State, side: int) -> float:
    """Return the share of the weights on which an interim deal has ended the status quo."""
    return state.interim_weight[side] if state.interim_week >= 0 else 0.0


@rule
def settled_later(
    params: Params, state: State, side: int, value: float, weeks: float, covered: float
) -> float:
    """Return the worth of a settlement worth `value` that comes in `weeks` weeks.

    ``phi (1 - D^T) / (1 - D) + D^T (value + c min(p T, n))``: at most the concessions that the
    other still has to make are banked, only if there is a settlement, and none after a paper.
    """
    factor = survival_discount(params, side)
    kept = factor**weeks
    meanwhile = going_on(params, state, side, covered) * (1.0 - kept) / (1.0 - factor)
    coming = 0.0
    if covered <= 0.0:
        coming = min(concession_belief(state, side) * weeks, state.stock[1 - side])
    value += coming * params.outside_worth[1 - side]
    return meanwhile + kept * with_successor(params, state, side, value, weeks)


@rule
def odds_of_losing(params: Params, state: State, side: int) -> float:
    """Return the probability that the government of `side` would lose an election held now.

    Votes are approval and a normal swing; it loses where they bring no more than half the seats.
    """
    needed = 0.5 / params.seats_bonus[side]
    swing = params.election_swing[side]
    if swing <= 0.0:
        return 1.0 if state.approval[side] <= needed else 0.0
    z = (needed - state.approval[side]) / swing
    return 0.5 * (1.0 + math.erf(z / math.sqrt(2.0)))


@rule
def loss_ahead(params: Params, state: State, side: int, weeks: float) -> float:
    """Return the odds that a successor governs `side` in so many weeks, by elections till then.

    A week's change of government takes effect in the week after it. 0 without a stated successor.
    """
    if params.successor[side] == 0 or state.government & (1 << side):
        return 0.0
    for at in range(params.dates):
        held = params.date_kind[at] == CALENDAR_KIND.ELECTION and params.date_side[at] == side
        ahead = params.date_week[at] - state.week
        if held and ahead >= 0 and ahead < weeks:
            return odds_of_losing(params, state, side)
    return 0.0


@rule
def worth_under_successor(params: Params, state: State, side: int, value: float) -> float:
    """Return what a treaty worth `value` to `side` is worth to it once the other's government fell.

    A successor signs it if the treaty as it would stand beats the status quo by its own weights;
    if it does not, `side` has what never signing gives.
    """
    other = 1 - side
    theirs = treaty_utility(params, state, params.successor[other] - 1)
    return value if theirs >= state.quo[other] else state.quo[side]


@rule
def with_successor(params: Params, state: State, side: int, value: float, weeks: float) -> float:
    """Return the worth of a settlement in so many weeks, if the other's government may fall first.

    ``(1 - q) V + q E[V | successor]`` with the odds q of elections till then.
    """
    lost = loss_ahead(params, state, 1 - side, weeks)
    if lost <= 0.0:
        return value
    return (1.0 - lost) * value + lost * worth_under_successor(params, state, side, value)


@rule
def expected_value(params: Params, state: State, side: int) -> float:
    """Return what the treaty is worth to `side` on the terms that it expects in the end.

    In zero-sum talks the shares that the two sides expect add up to 1, and any cost of delay
    leaves a zone.
    """
    terms = terms_of(params, state, side)
    return at_speed(terms, speed_of_other(params, state, side, terms, False))


@rule
def outlook(params: Params, state: State, side: int) -> Outlook:
    """Return what `side` expects of going on, as the talks stand."""
    terms = terms_of(params, state, side)
    speed = speed_of_other(params, state, side, terms, False)
    left = open_provisions(params, state)
    weeks = settlement_weeks(params, state, side, left)
    value = at_speed(terms, speed)
    worth = settled_later(params, state, side, value, weeks, covered_now(state, side))
    return Outlook(terms, speed, left, weeks, worth)


@rule
def continuation_value(params: Params, state: State, side: int) -> float:
    """Return the worth to `side` of going on with the talks, or of never signing if that is more.

    ``C = max{phi (1 - D^T)/(1 - D) + D^T [base + E + c min(p T, n)], quo}``.
    """
    return max(outlook(params, state, side).worth, state.quo[side])


@rule
def least_share(params: Params, state: State, side: int) -> float:
    """Return the share over the talks at which `side` would as soon go on.

    Where drafts are answered as a whole, going on is taken to be worth never signing. Not clipped:
    below 0 every package is acceptable, above 1 none is.
    """
    if params.bargaining == BARGAINING.PACKAGES:
        return reservation_share(params, state, side)
    span = state.best[side] - state.worst[side]
    if span <= LEAST_SPAN:
        return 0.0
    fixed = fixed_value(params, state, side)
    return (continuation_value(params, state, side) - fixed - state.worst[side]) / span


# --- closing articles


@rule
def could_sign(params: Params, state: State, side: int) -> bool:
    """Return whether the best text still possible beats never signing."""
    base, span = open_range(params, state, side)
    return state.quo[side] <= base + span


@rule
def with_closed(
    params: Params, state: State, side: int, terms: Terms, issue: int, wording: int
) -> Terms:
    """Return the terms with one open issue closed in a wording; the same with no issue, -1."""
    if issue < 0:
        return terms
    return Terms(
        terms.base + above_worst(params, state, side, issue, wording),
        terms.span,
        terms.its - above_worst(params, state, side, issue, 1 - side),
        terms.own - above_worst(params, state, side, issue, side),
    )


@rule
def gain_by_closing(
    params: Params,
    state: State,
    side: int,
    now: Outlook,
    first: int,
    wording: int,
    second: int,
    other_wording: int,
) -> float:
    """Return what closing one or two open articles is worth to `side`.

    Continuation with them closed, and the settlement nearer by one or two of ``k`` articles, less
    continuation with them open. The belief about the other's speed is held: one's own hypothetical
    surrender is no news about the other.

    now: what `side` expects of going on with them open.
    first, wording: an article and how it is closed, see `sim.model.rules.worth`.
    second, other_wording: another one, -1 for none.
    """
    terms = with_closed(params, state, side, now.terms, first, wording)
    terms = with_closed(params, state, side, terms, second, other_wording)
    fewer = now.left - int(matters(params, first))
    if second >= 0:
        fewer -= int(matters(params, second))
    weeks = now.weeks * fewer / now.left if now.left > 0 else 0.0
    value = at_speed(terms, now.speed)
    return settled_later(params, state, side, value, weeks, covered_now(state, side)) - now.worth


@rule
def choice_probability(gain: float, noise: float) -> float:
    """Return the probability of a choice that is worth `gain` more than its alternative.

    Logit quantal response, ``1 / (1 + exp(-gain / sigma))`` (McKelvey and Palfrey 1995); without
    noise the better one is chosen, a tie in favour of the choice.
    """
    if noise <= 0.0:
        return 1.0 if gain >= 0.0 else 0.0
    return 1.0 / (1.0 + math.exp(-min(max(gain / noise, -700.0), 700.0)))


# --- the agreed part, signed by itself


@rule
def banked_by_interim(params: Params, state: State, side: int) -> float:
    """Return what signing the agreed part gives `side` at once: its worth, payments and office."""
    office = office_effect(params, state, side)
    return state.agreed[side] + state.side_payment[side] + office


@rule
def interim_value(params: Params, state: State, side: int, weaker_hand: bool) -> float:
    """Return what signing the agreed part now and settling the rest later is worth to `side`.

    What is banked, then the continuation of the talks over the rest. With the agreed part banked,
    delay costs each side less, and who gains more patience by it has the better hand in the rest:
    that is the hostage's worth (see `prior_speed`).

    weaker_hand: whether that is reckoned with.
    """
    banked = banked_by_interim(params, state, side)
    terms = terms_of(params, state, side)
    speed = speed_of_other(params, state, side, terms, weaker_hand)
    rest = terms.base - banked + terms.its + speed * (terms.own - terms.its)
    weeks = settlement_weeks(params, state, side, open_provisions(params, state))
    covered = state.agreed_weight[side]
    later = settled_later(params, state, side, rest, weeks, covered)
    return banked + max(later, never_signing(params, side, covered))


# --- a closed text


@rule
def waits_longer(params: Params, state: State, side: int, value: float) -> float:
    """Return the worth of not signing this week a closed text that is worth `value`.

    ``max{phi + D (V + p c [n >= 1]), quo}``: with concessions that only add up, one week ahead
    decides (Chow, Robbins and Siegmund 1971, the monotone case), and none is awaited from a stock
    that is used up.
    """
    coming = 0.0
    if state.stock[1 - side] >= 1.0 and state.interim_week < 0:
        coming = concession_belief(state, side) * params.outside_worth[1 - side]
    week = going_on(params, state, side, covered_now(state, side))
    later = with_successor(params, state, side, value + coming, 1.0)
    return max(week + survival_discount(params, side) * later, state.quo[side])
