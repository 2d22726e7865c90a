"""From validated settings to the PARAMS record: every conversion of units stands here.

Rates per year become weekly ones once: a discount rate r as ``exp(-r / 52)``, an event rate as
the probability ``1 - exp(-r / 52)``, days as days / 7.

The numbers of a scenario may be columns, a value for each point of a sampled design, shape
(points,): then the records of all points are filled at once.
"""

import hashlib
import itertools
import math
from collections.abc import Callable, Mapping
from datetime import date
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sim.config.conduct import PublicOpinion
from sim.config.homes import Home, value_of
from sim.config.scenario import Scenario
from sim.config.settings import Settings
from sim.model.codes import (
    Agenda,
    Article,
    Bargaining,
    CalendarKind,
    Precondition,
    PreconditionRule,
    PublicRule,
    Route,
    Solution,
    Style,
    Treaty,
)
from sim.model.plugins import registry
from sim.model.records import ARTICLES, PARAMS, WEEKS_PER_YEAR

DAYS_PER_WEEK = 7.0
NO_VOTE = -1.0
"""Majority where parliament does not vote on ratification."""

TRIGGERS: Mapping[str, Treaty] = {
    "demanded": Treaty.OPEN,
    "text_agreed": Treaty.TEXT_AGREED,
    "initialled": Treaty.INITIALLED,
    "signed": Treaty.SIGNED_INTERIM,
}
"""Earliest stage of the treaty at which a joint step is taken up."""


Value = TypeVar("Value", float, NDArray[np.float64])
"""One number, or one for each point."""


def each(function: Callable[[float], float], value: Value) -> Value:
    """Return a function of a number, or of each point's: to the bit what it is of one number.

    The exponentials and powers of whole arrays differ from those of single numbers in the last bit.
    """
    if isinstance(value, np.ndarray):
        return np.array([function(single) for single in value.tolist()])
    return function(value)


def weekly_chance(per_year: Value) -> Value:
    """Return the probability of at least one event a week at `per_year` events a year."""
    return each(lambda rate: -math.expm1(-rate / WEEKS_PER_YEAR), per_year)


def weekly_discount(per_year: Value) -> Value:
    """Return the weekly discount factor of a continuous yearly rate."""
    return each(lambda rate: math.exp(-rate / WEEKS_PER_YEAR), per_year)


def week_of(scenario: Scenario, day: object) -> int:
    """Return the week of the talks in which a date falls; negative before they start."""
    assert isinstance(day, date)
    return (day - scenario.start).days // 7


class Fields:
    """The fields of some records as attributes, each with the points as its last axis.

    So `params.weight[actor, issue] = value` sets one number, or a column of them. A field of one
    number a record can be set as a whole only.
    """

    __slots__ = ("_records",)

    def __init__(self, records: NDArray[np.void]) -> None:
        object.__setattr__(self, "_records", records)

    def __getattr__(self, name: str) -> np.ndarray:
        field = self._records[name]
        return field.transpose(*range(1, field.ndim), 0)

    def __setattr__(self, name: str, value: object) -> None:
        self._records[name] = value


def parameters(settings: Settings) -> np.record:
    """Return the PARAMS record of one configuration.

    settings: validated settings.

    Returns weights of each actor sum to 1 over the provisions and the preconditions that are not
    dormant; a dormant precondition keeps its weight on the same scale.
    """
    record: np.record = _records(settings, 1).view(np.recarray)[0]
    return record


def _records(settings: Settings, points: int) -> NDArray[np.void]:
    records = np.zeros(points, PARAMS)
    params = Fields(records)
    scenario = settings.scenario
    _talks(params, settings)
    _provisions(params, scenario)
    _preconditions(params, scenario)
    _normalise(params, scenario)
    for side, party in enumerate(scenario.parties):
        _party(params, settings, side, party)
    params.public_rule = PublicRule[settings.public.rule.upper()]
    _without_home(params)
    for home in scenario.all_homes.values():
        params.has_politics[home.side] = 1
        _politics(params, home)
        _constitution(params, home)
        _public(params, settings, home)
    _incidents(params, scenario)
    _mediation(params, settings)
    _channels(params, scenario)
    _calendar(params, scenario)
    return records


def governments(settings: Settings) -> NDArray[np.void]:
    """Return the parameters by who governs: shape (1,), or (4,) where a successor is stated.

    Row 0 is with both governments of week 0, 1 with a successor in the first party, 2 in the
    second, 3 in both: `State.government`.
    """
    rows: NDArray[np.void] = governments_of_points(settings, 1)[0]
    return rows


def governments_of_points(settings: Settings, points: int) -> NDArray[np.void]:
    """Return `governments` of each point, shape (points, governments).

    settings: numbers of its scenario may be columns of shape (points,).
    """
    followed = [
        s for s, p in enumerate(settings.scenario.parties) if p in settings.scenario.successors
    ]
    rows = np.zeros((points, 4 if followed else 1), PARAMS).view(np.recarray)
    rows[:] = _records(settings, points)[:, np.newaxis]
    for row, side in itertools.product(range(rows.shape[1]), followed):
        if row >> side & 1:
            _take_office(Fields(rows[:, row]), settings, side)
    return rows


def _take_office(params: Fields, settings: Settings, side: int) -> None:
    """Give a party the preferences of its next government."""
    scenario = settings.scenario
    successor = scenario.successors[scenario.parties[side]]
    actor = scenario.code_of(successor.like)
    for values in (params.weight, params.ideal, params.curvature):
        values[side] = values[actor]
    params.opening[side] = params.ideal[side]
    if successor.discount_rate is not None:
        params.discount[side] = weekly_discount(successor.discount_rate.value)
        _settle(params, side)
    if successor.status_quo is not None:
        params.flow[side] = successor.status_quo.value / WEEKS_PER_YEAR
    if successor.office_value is not None:
        params.office_value[side] = successor.office_value.value


def _talks(params: Fields, settings: Settings) -> None:
    scenario = settings.scenario
    params.horizon = settings.horizon
    params.first_mover = scenario.parties.index(scenario.drafts.first_mover)
    params.agenda = Agenda[settings.agenda.rule.upper()]
    params.bargaining = Bargaining[settings.bargaining.rule.upper()]
    params.choice_noise = settings.bargaining.noise
    params.precondition_rule = PreconditionRule[settings.precondition.rule.upper()]
    params.tolerance = scenario.drafts.tolerance.value
    params.half_tolerance = scenario.drafts.half_tolerance.value
    reopening = scenario.drafts.reopening_cost
    params.reopening_cost = math.inf if reopening is None else reopening.value
    params.lapse_interim = weekly_chance(scenario.lapse.interim_per_year.value)
    params.lapse_full = weekly_chance(scenario.lapse.full_per_year.value)
    params.exit_cost = scenario.lapse.exit_cost.value


def _provisions(params: Fields, scenario: Scenario) -> None:
    params.articles = len(scenario.provisions)
    cast = scenario.cast.items()
    weight, ideal, opening = params.weight, params.ideal, params.opening
    for i, (key, provision) in enumerate(scenario.provisions.items()):
        params.article_key[i] = _number_of_name(key)
        params.levels[i] = provision.levels
        params.start_status[i] = Article[provision.status.upper()]
        params.start_position[i] = 0.5 if provision.position is None else provision.position.value
        for actor, name in cast:
            weight[actor, i] = provision.weights[name].value
            ideal[actor, i] = provision.ideals[name].value
        for side, party in enumerate(scenario.parties):
            first = provision.opening.get(party, provision.ideals[party])
            opening[side, i] = first.value


def _number_of_name(key: str) -> int:
    """Return an integer from 1 to 2**20 that is made of a name alone."""
    return 1 + int.from_bytes(hashlib.blake2b(key.encode(), digest_size=4).digest()) % 2**20


def _preconditions(params: Fields, scenario: Scenario) -> None:
    params.preconditions = len(scenario.preconditions)
    cast = scenario.cast.items()
    for k, entry in enumerate(scenario.preconditions.values()):
        j = ARTICLES + k
        params.levels[j] = 2
        params.start_status[j] = Precondition[entry.status.upper()]
        params.demanded_by[k] = scenario.parties.index(entry.demanded_by)
        params.delivered_by[k] = scenario.parties.index(entry.delivered_by)
        params.route[k] = Route[entry.route.upper()]
        params.trigger[k] = TRIGGERS[entry.trigger]
        lead = entry.lead_weeks
        params.lead_draft[k] = lead.draft.value
        params.lead_parliament[k] = 0.0 if lead.parliament is None else lead.parliament.value
        params.lead_referendum[k] = 0.0 if lead.referendum is None else lead.referendum.value
        params.ready_week[k] = -1 if entry.ready is None else week_of(scenario, entry.ready)
        params.odds[k] = entry.odds.value
        for actor, name in cast:
            params.weight[actor, j] = entry.weights[name].value
            params.ideal[actor, j] = entry.ideals[name].value
        for side in range(2):
            params.opening[side, j] = params.ideal[side, j]


def _normalise(params: Fields, scenario: Scenario) -> None:
    params.curvature[:] = 1.0
    for actor, name in scenario.cast.items():
        params.curvature[actor] = scenario.curvature[name].value
    counted = np.ones(params.weight.shape[1], bool)
    dormant = [p.status == "dormant" for p in scenario.preconditions.values()]
    counted[ARTICLES : ARTICLES + len(dormant)] = ~np.array(dormant, bool)
    for actor in scenario.cast:
        # Each point's weights lie side by side, so that they are summed in the same order as one's.
        total = np.ascontiguousarray(params.weight[actor, counted].T).sum(axis=1)
        params.weight[actor] /= np.where(total > 0.0, total, 1.0)


def _party(params: Fields, settings: Settings, side: int, party: str) -> None:
    scenario = settings.scenario
    params.discount[side] = weekly_discount(scenario.discount_rate[party].value)
    params.flow[side] = scenario.status_quo[party].value / WEEKS_PER_YEAR
    if party in scenario.coercion:
        force = scenario.coercion[party]
        params.coercion_hazard[side] = weekly_chance(force.hazard_per_year.value)
        params.coercion_worth[side] = force.worth.value
    if party in scenario.dropping:
        params.waiver_cost[side] = scenario.dropping[party].cost.value
        params.waiver_growth[side] = scenario.dropping[party].restated.value
    deadline = scenario.deadline_weeks[party]
    params.deadline[side] = math.inf if deadline is None else deadline.value
    params.settlement_weeks[side] = scenario.settlement_weeks[party].value
    _settle(params, side)
    successor = scenario.successors.get(party)
    params.successor[side] = 0 if successor is None else 1 + scenario.code_of(successor.like)
    reply = scenario.drafts.reply_days[party].value / DAYS_PER_WEEK
    params.reply_rate[side] = np.minimum(1.0, 1.0 / reply)
    params.opponent_error[side] = scenario.opponent_error[party].value
    params.holdout_odds[side] = scenario.holdout_odds[party].value

    conduct = settings.parties[party]
    plugins = registry()
    strategy = plugins.get("concession", conduct.strategy.name)
    params.strategy[side] = strategy.code
    params.proposes_interim[side] = strategy.proposes_interim
    _fill(params.strategy_value[side], conduct.strategy.values)
    params.acceptance[side] = plugins.get("acceptance", conduct.acceptance.name).code
    _fill(params.acceptance_value[side], conduct.acceptance.values)
    model = plugins.get("opponent_model", conduct.opponent_model.name)
    params.opponent_model[side] = model.code
    _fill(params.opponent_value[side], conduct.opponent_model.values)

    alone = scenario.unilateral[party]
    params.concession_rate[side] = weekly_chance(alone.per_year.value)
    params.concession_size[side] = alone.size.value
    params.concession_stock[side] = alone.stock.value
    params.outside_worth[side] = alone.outside.value
    params.outside_cost[side] = alone.outside_cost.value
    belief = scenario.beliefs[party]
    worth = belief.rate_weight_weeks.value
    rate = weekly_chance(belief.rate_mean_per_year.value)
    params.belief_a[side] = rate * worth
    params.belief_b[side] = (1.0 - rate) * worth

    politics = scenario.politics
    for name in ("office_value", "survival_gain", "audience_cost", "ratifier_reservation"):
        getattr(params, name)[side] = getattr(politics, name)[party].value
    params.anticipates_ratifier[side] = politics.anticipates_ratifier.get(party, False)
    params.ratification_weeks[side] = scenario.ratification.lead_days[party].value / DAYS_PER_WEEK


def _settle(params: Fields, side: int) -> None:
    discount, weeks = params.discount[side], params.settlement_weeks[side]
    params.settlement_discount[side] = [d**w for d, w in zip(discount, weeks, strict=True)]
    params.settlement_annuity[side] = (1.0 - params.settlement_discount[side]) / (1.0 - discount)


def _fill(values: np.ndarray, given: tuple[float, ...]) -> None:
    for at, value in enumerate(given):
        values[at] = value


def _without_home(params: Fields) -> None:
    """Set what holds where no politics, no public or no vote are modelled."""
    params.opinion_mean = 0.5
    params.fall_protest_share = math.inf
    params.ratification_majority = NO_VOTE


def _constitution(params: Fields, home: Home) -> None:
    rule = home.constitution
    if rule is None:
        return
    for name in (
        "supermajority",
        "referendum_majority",
        "referendum_quorum",
        "yes_mean",
        "yes_sd",
        "yes_slope",
        "campaign",
        "turnout_mean",
        "turnout_sd",
    ):
        getattr(params, name)[home.side] = value_of(getattr(rule, name))
    again = rule.again_weeks
    params.again_weeks[home.side] = math.inf if again is None else again.value
    params.consent_rate[home.side] = weekly_chance(home.figure("consent_per_year"))


def _politics(params: Fields, home: Home) -> None:
    for name in (
        "approval",
        "concession_cost",
        "signing_gain",
        "opinion_slope",
        "protest_cost",
        "fall_weeks",
        "election_swing",
        "seats_bonus",
        "parliament_seats",
        "government_seats",
    ):
        getattr(params, name)[home.side] = home.figure(name)
    side = home.side
    params.fall_protest_share[side] = home.figure("fall_protest_share", math.inf)
    params.fall_odds[side] = home.figure("fall_odds", 1.0)
    params.approval_reversion[side] = weekly_chance(home.figure("approval_reversion_per_year"))
    params.approval_noise[side] = home.figure("approval_noise") / math.sqrt(WEEKS_PER_YEAR)
    params.ratification_majority[side] = value_of(home.ratification_majority, NO_VOTE)
    params.incident_approval[side] = value_of(home.incident_effect)


def _incidents(params: Fields, scenario: Scenario) -> None:
    incidents = scenario.incidents
    params.incident_rate = weekly_chance(incidents.per_year.value)
    for name in ("suspension_weeks", "collapse_odds", "patience_weeks"):
        setattr(params, name, getattr(incidents, name).value)


def public_at(settings: Settings, party: str) -> PublicOpinion | None:
    """Return the public at the home of a party, None where none is modelled."""
    home = settings.scenario.all_homes.get(party)
    return None if settings.public.rule == "none" or home is None else home.public


def _public(params: Fields, settings: Settings, home: Home) -> None:
    public, side = home.public, home.side
    if public is None:
        return
    if public_at(settings, home.party) is not None:
        params.citizens[side] = public.citizens.value
    for name in (
        "opinion_mean",
        "opinion_sd",
        "susceptibility",
        "threshold_mean",
        "threshold_sd",
        "concession_shift",
        "signing_shift",
        "confidence",
    ):
        getattr(params, name)[side] = getattr(public, name).value
    params.opinion_gap[side] = value_of(public.opinion_gap)
    params.potential[side] = value_of(public.potential, 1.0)
    if home.opposition is None:
        return
    params.effort[side] = value_of(public.effort)
    params.trigger_impulse[side] = value_of(public.trigger)
    decay = value_of(public.mobilisation_decay_per_year)
    params.mobilisation_decay[side] = weekly_chance(decay)


def _mediation(params: Fields, settings: Settings) -> None:
    mediation = settings.scenario.mediation
    params.style = Style[settings.mediator.style.upper()]
    params.solution = Solution[settings.mediator.solution.upper()]
    if mediation is None:
        return
    for name in ("attention", "leverage", "bias", "shuttle_weeks", "pull", "interest", "carrot"):
        setattr(params, name, getattr(mediation, name).value)
    params.attention_decay = weekly_chance(mediation.attention_decay_per_year.value)
    params.learning_rate = weekly_chance(mediation.learning_per_year.value)
    params.text_rate = weekly_chance(mediation.text_per_year.value)
    params.stick = mediation.stick.value / WEEKS_PER_YEAR


def _channels(params: Fields, scenario: Scenario) -> None:
    params.edges = len(scenario.channels)
    for e, channel in enumerate(scenario.channels):
        for end, actor in enumerate(channel.between):
            params.edge[e, end] = scenario.code_of(actor)
        params.call_rate[e] = weekly_chance(channel.calls_per_year.value)
        params.meeting_rate[e] = weekly_chance(channel.meetings_per_year.value)


def _calendar(params: Fields, scenario: Scenario) -> None:
    """Fill in the dated events; those without an attention leave it as it is."""
    params.dates = len(scenario.calendar)
    for at, entry in enumerate(scenario.calendar):
        params.date_week[at] = week_of(scenario, entry.date)
        params.date_kind[at] = CalendarKind[entry.kind.upper()]
        params.date_side[at] = -1 if entry.kind != "election" else _side_of(scenario, entry.home)
        params.date_value[at] = -1.0 if entry.attention is None else entry.attention.value
        params.date_closes[at] = 0.0 if entry.closes is None else entry.closes.value


def _side_of(scenario: Scenario, named: str | None) -> int:
    """Return the side that holds an election: the party named, or the one home there is."""
    homes = scenario.all_homes
    return int(homes[next(iter(homes)) if named is None else named].side)
