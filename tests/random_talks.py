"""Random talks: PARAMS records drawn over everything that the rules distinguish."""

import itertools
import math
from dataclasses import dataclass

import numpy as np

from sim.config.compose import compose
from sim.model.codes import (
    Actor,
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
from sim.model.records import ACTORS, ARTICLES, EVENT, EVENTS, ISSUES, NO_DECISIONS, PARAMS, STATE
from sim.model.rules.opening import begin
from sim.model.shocks import draw_tape
from sim.model.society import graph_pool, new_public
from sim.runs.opening import Talks

OF_A_HOME = (
    *("approval", "approval_reversion", "approval_noise", "concession_cost", "signing_gain"),
    *("opinion_slope", "protest_cost", "ratification_majority", "fall_protest_share"),
    *("fall_weeks", "election_swing", "seats_bonus", "parliament_seats", "government_seats"),
    *("opinion_mean", "opinion_sd", "susceptibility", "threshold_mean", "threshold_sd"),
    *("concession_shift", "signing_shift", "confidence", "mobilisation_decay", "effort"),
    *("trigger_impulse", "incident_approval", "supermajority", "referendum_majority"),
    *("referendum_quorum", "yes_mean", "yes_sd", "yes_slope", "campaign", "turnout_mean"),
    *("turnout_sd", "consent_rate", "opinion_gap", "potential", "fall_odds"),
)
"""Parameters that are drawn anew for each home."""
DEFAULT = compose([])
"""Settings that lend their names to random talks."""


@dataclass(frozen=True)
class Case:
    """One set of random talks, before it is opened."""

    params: np.record
    seed: int

    @property
    def citizens(self):
        """Citizens of the first and of the second home, None where there is none."""
        sizes = [int(n) for n in self.params.citizens]
        return tuple(sizes) if self.params.has_politics.all() else (sum(sizes), None)

    def tape(self, replicates=range(1), weeks=None, seed=None):
        """Return the chance of some replicates."""
        length = int(self.params.horizon) if weeks is None else weeks
        seed = self.seed if seed is None else seed
        return draw_tape(seed, replicates, length, *self.citizens)

    def pools(self):
        """Return a graph for the public of each side."""
        return tuple(
            graph_pool("small_world", int(n), 4, 0.1, self.seed, range(1), second=side == 1)
            for side, n in enumerate(self.params.citizens)
        )


def _plugin(params, rng, side, kind, code, values):
    entry = registry().of(kind)[rng.integers(len(registry().of(kind)))]
    params[code][side] = entry.code
    for at, parameter in enumerate(entry.parameters):
        low = max(parameter.low, parameter.default / 4 if parameter.default > 0 else parameter.low)
        high = min(parameter.high, 4 * abs(parameter.default) + 1)
        params[values][side, at] = rng.uniform(min(low, high), max(low, high))
    return entry


def _text(params, rng):
    n = int(rng.integers(1, 19))
    params.articles = n
    params.start_status[:n] = rng.choice([s.value for s in Article], n, p=[0.3, 0.2, 0.5])
    params.start_position[:n] = rng.random(n)
    params.levels[:n] = rng.choice([0, 0, 2, 3, 5], n)
    params.levels[ARTICLES:] = 2
    params.ideal[:] = rng.choice([0.0, 0.2, 0.5, 1.0], (ACTORS, ISSUES))
    if rng.random() < 0.7:
        params.ideal[0], params.ideal[1] = 0.0, 1.0
    weights = rng.random((ACTORS, ISSUES)) * (rng.random((ACTORS, ISSUES)) < 0.9)
    weights[:, 0] += 0.1
    used = list(range(n)) + list(range(ARTICLES, ISSUES))
    params.weight[:] = weights / weights[:, used].sum(axis=1, keepdims=True)
    params.curvature[:] = rng.choice([1.0, 1.0, 1.0, 2.0, 1.5], ACTORS)
    params.opening[:] = params.ideal[:2]
    params.tolerance = rng.choice([0.01, 0.05, 0.2])
    params.half_tolerance = rng.uniform(0.2, 0.7)


def _preconditions(params, rng):
    m = int(rng.integers(0, 5))
    params.preconditions = m
    for k in range(m):
        params.demanded_by[k] = rng.integers(2)
        params.delivered_by[k] = 1 - params.demanded_by[k]
        params.route[k] = rng.choice([r.value for r in Route])
        on_the_way = (Precondition.DRAFTING, Precondition.PARLIAMENT, Precondition.REFERENDUM)
        constitutional = params.route[k] == Route.CONSTITUTIONAL
        statuses = [s.value for s in Precondition if constitutional or s not in on_the_way]
        common = [Precondition.DORMANT.value, Precondition.DEMANDED.value] * 3
        params.start_status[ARTICLES + k] = rng.choice(statuses + common)
        params.trigger[k] = rng.integers(Treaty.OPEN, Treaty.SIGNED_INTERIM + 1)
        params.lead_draft[k], params.lead_parliament[k] = rng.integers(1, 8, 2)
        params.lead_referendum[k] = rng.integers(1, 8)
        params.ready_week[k] = rng.choice([-1, 5])
        params.odds[k] = rng.random()


def _parties(params, rng):
    for side in range(2):
        params.discount[side] = math.exp(-rng.choice([0.02, 0.1, 0.4, 3.0]) / 52)
        params.flow[side] = rng.choice([0.0, 0.01, 0.04, 0.1]) / 52
        params.deadline[side] = rng.choice([math.inf, 10.0, 40.0, 90.0])
        weeks = float(rng.choice([5.0, 30.0]))
        params.settlement_weeks[side] = weeks
        later = params.discount[side] ** weeks
        params.settlement_discount[side] = later
        params.settlement_annuity[side] = (1 - later) / (1 - params.discount[side])
        params.reply_rate[side] = rng.choice([0.15, 0.5, 1.0])
        strategy = _plugin(params, rng, side, "concession", "strategy", "strategy_value")
        params.proposes_interim[side] = strategy.proposes_interim
        _plugin(params, rng, side, "acceptance", "acceptance", "acceptance_value")
        _plugin(params, rng, side, "opponent_model", "opponent_model", "opponent_value")
    params.opponent_error[:] = rng.choice([0.0, 0.5])
    params.anticipates_ratifier[:] = rng.integers(0, 2, 2)
    params.holdout_odds[:] = rng.random(2)
    params.concession_rate[:] = rng.choice([0.0, 0.05, 0.5], 2)
    params.concession_size[:] = rng.uniform(0.1, 1.0, 2)
    params.concession_stock[:] = rng.integers(0, 6, 2)
    params.outside_worth[:] = rng.uniform(0, 0.1, 2)
    params.outside_cost[:] = rng.uniform(0, 0.05, 2)
    params.belief_a[:] = rng.uniform(0.01, 1.0, 2)
    params.belief_b[:] = rng.uniform(1.0, 60.0, 2)
    params.office_value[:] = rng.uniform(0, 1, 2)
    params.survival_gain[:] = rng.uniform(-0.05, 0.2, 2)
    params.audience_cost[:] = rng.uniform(0, 0.1, 2)
    params.ratifier_reservation[:] = rng.choice([0.0, 0.3, 0.8], 2)
    params.ratification_weeks[:] = rng.integers(1, 10, 2)


def _homes(params, rng):
    params.has_politics[:] = rng.integers(0, 2, 2)
    params.public_rule = rng.integers(0, len(PublicRule))
    for side in range(2):
        _home(params, rng, side)
    params.date_side[:] = rng.integers(0, 2, len(params.date_side))


def _home(params, rng, side):
    citizens = int(rng.choice([0, 0, 12, 60]))
    modelled = params.has_politics[side] or (side == 0 and not params.has_politics[1])
    params.citizens[side] = citizens if modelled and params.public_rule else 0
    for name, value in _politics(rng).items():
        params[name][side] = value


def _politics(rng):
    params = np.zeros(1, PARAMS).view(np.recarray)[0]
    params.approval, params.approval_reversion, params.approval_noise = 0.5, 0.02, 0.02
    params.concession_cost, params.signing_gain = rng.uniform(0, 0.05), rng.uniform(0, 0.5)
    params.opinion_slope, params.protest_cost = 0.3, 0.02
    params.ratification_majority = rng.choice([-1.0, 0.5])
    params.fall_protest_share, params.fall_weeks = rng.choice([0.1, 0.3]), rng.integers(1, 6)
    params.election_swing, params.seats_bonus = 0.08, 1.2
    params.parliament_seats, params.government_seats = 107, rng.choice([50, 60, 71, 80])
    params.opinion_mean, params.opinion_sd = rng.uniform(0.3, 0.7), 0.2
    params.opinion_gap, params.potential = rng.choice([0.0, 0.5]), rng.choice([0.6, 1.0])
    params.fall_odds = rng.choice([0.3, 1.0])
    params.susceptibility = rng.random()
    params.threshold_mean, params.threshold_sd = rng.uniform(0.1, 0.5), 0.15
    params.concession_shift, params.signing_shift = -0.03, rng.uniform(-0.1, 0.1)
    params.confidence, params.mobilisation_decay = 0.2, 0.05
    params.effort, params.trigger_impulse = rng.random(), rng.uniform(0, 0.2)
    params.incident_approval = -0.02
    params.supermajority, params.referendum_majority = 2 / 3, 0.5
    params.referendum_quorum = 0.25
    params.yes_mean, params.yes_sd, params.yes_slope = 0.55, 0.1, 0.5
    params.campaign = rng.choice([0.0, 0.1])
    params.turnout_mean, params.turnout_sd = 0.55, 0.08
    params.consent_rate = rng.choice([0.0, 0.1])
    return {name: params[name][0] for name in OF_A_HOME}


def _others(params, rng):
    params.style = rng.choice([s.value for s in Style])
    params.solution = rng.choice([s.value for s in Solution])
    params.attention, params.attention_decay = rng.random(), 0.02
    params.leverage, params.bias = rng.random(), rng.uniform(-1, 1)
    params.learning_rate, params.text_rate = rng.uniform(0, 0.3), rng.uniform(0, 0.5)
    params.pull, params.carrot = rng.random(), rng.uniform(0, 0.3)
    params.stick = rng.uniform(0, 0.01)
    params.interest = rng.choice([0.0, 0.5, 1.0])
    params.shuttle_weeks = rng.choice([1.0, 4.0])
    edges = [(0, 1), (2, 0), (2, 1), (0, 3)][: rng.integers(1, 5)]
    params.edges = len(edges)
    params.edge[: len(edges)] = edges
    params.call_rate[:], params.meeting_rate[:] = rng.uniform(0, 0.5), rng.uniform(0, 0.4)
    params.incident_rate, params.suspension_weeks = rng.uniform(0, 0.1), rng.integers(1, 6)
    params.collapse_odds, params.patience_weeks = rng.choice([0, 0.2]), rng.integers(5, 60)
    dates = int(rng.integers(0, 6))
    params.dates = dates
    params.date_week[:dates] = rng.integers(0, 50, dates)
    params.date_kind[:dates] = rng.choice([k.value for k in CalendarKind], dates)
    params.date_value[:dates] = rng.choice([-1.0, 0.2, 0.9], dates)
    params.lapse_interim, params.lapse_full = rng.choice([0.0, 0.02], 2)
    params.exit_cost = rng.uniform(0, 0.1)


def _one_at_a_time(params, rng):
    """Let half of the talks close articles one at a time, with force and costs of retreat."""
    params.reopening_cost = params.again_weeks = math.inf
    if rng.random() < 0.5:
        return
    params.bargaining = Bargaining.ARTICLES
    params.choice_noise = rng.choice([0.0, 0.01, 0.05])
    params.article_key[:] = rng.integers(1, 2**20, ARTICLES)
    params.coercion_hazard[:] = rng.choice([0.0, 0.005], 2)
    params.coercion_worth[:] = rng.uniform(-0.5, 0.5, 2)
    params.waiver_cost[:] = rng.choice([0.0, 0.05], 2)
    params.waiver_growth[:] = rng.choice([0.0, 0.01], 2)
    params.reopening_cost = rng.choice([0.0, 0.05, math.inf])
    params.again_weeks = rng.choice([4.0, math.inf])
    params.date_closes[:] = rng.choice([0.0, 0.3], params.date_closes.shape)
    params.successor[:] = 1 + rng.choice([-1, Actor.MEDIATOR, Actor.OPPOSITION], 2)


def by_government(params):
    """Return random talks by who governs, shape (4,): successors have others' preferences."""
    rows = np.zeros(4, PARAMS).view(np.recarray)
    rows[:] = params
    for row, side in itertools.product(range(4), range(2)):
        if params.successor[side] and row >> side & 1:
            for name in ("weight", "ideal", "curvature"):
                rows[row][name][side] = params[name][params.successor[side] - 1]
            rows[row].discount[side] = 0.999
    return rows


def _turn_to_what_is_rare(params, rng):
    """Turn a part of the talks towards interim deals, single texts and promises.

    Talks drawn evenly from all there is seldom get so far.
    """
    drawn = rng.random()
    if drawn < 0.25:
        side = rng.integers(2)
        entry = registry().get("concession", "interim_first")
        params.agenda = Agenda.INTERIM_ALLOWED
        params.strategy[side] = entry.code
        params.strategy_value[side, :2] = rng.choice([0.2, 1.0]), rng.choice([5.0, 20.0])
        params.proposes_interim[side] = 1
        weeks = float(rng.choice([50.0, 200.0]))
        params.settlement_weeks[:] = weeks
        params.settlement_discount[:] = params.discount**weeks
        params.settlement_annuity[:] = (1 - params.settlement_discount) / (1 - params.discount)
        params.start_status[: (params.articles + 1) // 2] = Article.AGREED
        params.flow[:] = rng.choice([0.0, 0.005], 2) / 52
        params.outside_worth[:] = rng.choice([0.0, 0.01], 2)
    elif drawn < 0.4:
        params.style = Style.FORMULATION
        params.text_rate = params.pull = 1.0
        params.attention, params.attention_decay = 0.9, 0.0
        params.edges, params.edge[:3] = 3, [(0, 1), (2, 0), (2, 1)]
        params.call_rate[:] = 0.5
    elif drawn < 0.5:
        params.precondition_rule = PreconditionRule.BEFORE_SIGNING
        params.concession_rate[:] = 0.5
        params.concession_stock[:] = 20
        params.office_value[:], params.survival_gain[:] = 1.0, 0.5
    if drawn < 0.5:
        params.collapse_odds, params.patience_weeks = 0.0, 60


def random_case(seed, longest=60):
    """Return the random talks of one seed, of at most `longest` weeks."""
    rng = np.random.default_rng(seed)
    params = np.zeros(1, PARAMS).view(np.recarray)[0]
    params.horizon = rng.integers(5, longest + 1)
    params.first_mover = rng.integers(2)
    params.agenda = rng.choice([a.value for a in Agenda])
    params.precondition_rule = rng.choice([r.value for r in PreconditionRule])
    _text(params, rng)
    _preconditions(params, rng)
    _parties(params, rng)
    _homes(params, rng)
    _others(params, rng)
    _turn_to_what_is_rare(params, rng)
    _one_at_a_time(params, rng)
    return Case(params, seed)


def open_case(case):
    """Return the records of week 0 of random talks, fresh ones at each call."""
    tape = case.tape(range(3, 4))
    publics = tuple(
        new_public(int(n), pool, 0)
        for n, pool in zip(case.params.citizens, case.pools(), strict=True)
    )
    state = np.zeros(1, STATE).view(np.recarray)[0]
    begin(case.params, state, publics, *(part[0] for part in tape[1:]))
    shocks = tape.weekly.view(np.recarray)[0]
    events = np.zeros(EVENTS, EVENT).view(np.recarray)
    return Talks(DEFAULT, by_government(case.params), state, shocks, publics, events)


def play_in_engine(case):
    """Return history and events of random talks played by the engine."""
    from sim.model.engine import play

    talks = open_case(case)
    history = np.zeros(int(case.params.horizon), STATE).view(np.recarray)
    play(
        talks.governments,
        talks.state,
        talks.shocks,
        talks.publics,
        talks.events,
        history,
        NO_DECISIONS,
    )
    return history[: talks.state.week], talks.events[: talks.state.events]
