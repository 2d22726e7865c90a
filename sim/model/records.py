"""The two flat records of a run, PARAMS and STATE, and the smaller ones around them.

Name, shape, unit and meaning of every field stand here and nowhere else. The records are
aligned NumPy structured types, so that the same rule reads them compiled and uncompiled, and an
array of them is a batch of runs. Capacities are fixed, because a field sized by the scenario
would have to be compiled anew for each one.
"""

from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sim.model.codes import Actor, Gate

Params: TypeAlias = np.record
"""A record of dtype `PARAMS`."""
State: TypeAlias = np.record
"""A record of dtype `STATE`."""
Shocks: TypeAlias = NDArray[np.void]
"""A record array of dtype `sim.model.shocks.SHOCK`, one entry a week."""
Events: TypeAlias = NDArray[np.void]
"""A record array of dtype `EVENT`."""
Decisions: TypeAlias = NDArray[np.void]
"""A record array of dtype `DECISION`, shape (weeks, 2 sides), (0, 2) where no person decides."""
History: TypeAlias = NDArray[np.void]
"""A record array of dtype `STATE`, one entry a week."""
Entry: TypeAlias = np.record
"""A record of dtype `ENTRY`."""
Basket: TypeAlias = NDArray[np.void]
"""Of all free issues in the order of the talks: an array of dtype `ENTRY`."""
Numbers: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.int8]
Ties: TypeAlias = NDArray[np.uint32]
"""Of a graph; unsigned, since a signed index is first tested for counting from the end."""
Indices: TypeAlias = NDArray[np.int32 | np.uint32]

ARTICLES = 32
"""Capacity for provisions of the text, the preamble included."""
PRECONDITIONS = 8
"""Capacity for preconditions."""
ISSUES = ARTICLES + PRECONDITIONS
"""Capacity for issues; article `i` is issue `i`, precondition `k` is issue `ARTICLES + k`."""
ACTORS = len(Actor)
"""Rows of preferences, one for each code of `sim.model.codes.Actor`; nature's is not used."""
EDGES = 6
"""Capacity for edges of the channel graph."""
CALENDAR = 16
"""Capacity for dated events."""
EVENTS = 512
"""Capacity for recorded moves of one run."""
HISTORY = 16
"""How many past offers and demands each side remembers, newest first."""
PLUGIN_VALUES = 8
"""Capacity for the parameters of one strategy, acceptance condition or opponent model."""
GATES = len(Gate)
"""Number of the ledger's columns."""
WEEKS_PER_YEAR = 52.0
"""Weeks to a year in the conversion of rates; 10 % a year is a weekly discount of .99808."""
NEVER = -1
"""Week number of something that has not happened."""


class Field(NamedTuple):
    """One field of a record."""

    name: str  # attribute name in the rules
    kind: str  # NumPy type character, e.g. ``"f8"``
    shape: tuple[int, ...]  # shape of one entry; empty for a scalar
    unit: str  # unit of measurement
    meaning: str  # one line of explanation


def record_type(fields: tuple[Field, ...]) -> np.dtype[np.void]:
    """Return the aligned structured type made of `fields`."""
    return np.dtype([(f.name, f.kind, f.shape) for f in fields], align=True)


_I, _B, _F = "i8", "i1", "f8"
_SIDES = (2,)
_ISSUES = (ISSUES,)
_WORDINGS = (2, 4, ISSUES)  # of each side: see `sim.model.rules.worth.TEXT`

PARAMS_FIELDS: tuple[Field, ...] = (
    # --- the talks
    Field("horizon", _I, (), "weeks", "length of the run"),
    Field("articles", _I, (), "count", "provisions of the text, the preamble included"),
    Field("preconditions", _I, (), "count", "preconditions, dormant ones included"),
    Field(
        "has_politics", _B, _SIDES, "flag", "1 if the politics at this party's home are modelled"
    ),
    Field("first_mover", _I, (), "side", "party that tables the first draft"),
    Field("agenda", _I, (), "code", "sim.model.codes.Agenda"),
    Field("bargaining", _I, (), "code", "sim.model.codes.Bargaining"),
    Field("choice_noise", _F, (), "utility", "noise of the answer to one article"),
    Field("reopening_cost", _F, (), "utility", "cost of reopening a closed article, inf if never"),
    Field("precondition_rule", _I, (), "code", "sim.model.codes.PreconditionRule"),
    Field("tolerance", _F, (), "position", "gap of offers at which an article closes"),
    Field("half_tolerance", _F, (), "position", "gap at which an article counts as half agreed"),
    # --- preferences
    Field("weight", _F, (ACTORS, ISSUES), "share", "weight of an issue for an actor, sum 1"),
    Field("ideal", _F, (ACTORS, ISSUES), "position", "ideal position of an actor"),
    Field("curvature", _F, (ACTORS,), "exponent", "1 linear loss, 2 quadratic loss"),
    Field("article_key", _F, (ARTICLES,), "number", "made of the article's name, for its draws"),
    Field("levels", _I, _ISSUES, "count", "0 continuous, else equally spaced levels"),
    Field("start_status", _I, _ISSUES, "code", "Article or Precondition status at week 0"),
    Field("start_position", _F, _ISSUES, "position", "position of what is agreed at week 0"),
    Field("opening", _F, (2, ISSUES), "position", "first public position of each party"),
    # --- the parties
    Field("discount", _F, _SIDES, "per week", "weekly discount factor, exp(-rate/52)"),
    Field("flow", _F, _SIDES, "utility/week", "payoff of the status quo"),
    Field("coercion_hazard", _F, _SIDES, "per week", "believed hazard that force ends this state"),
    Field("coercion_worth", _F, _SIDES, "utility", "what that is worth to the side"),
    Field("waiver_cost", _F, _SIDES, "utility", "cost of dropping a demand once made"),
    Field("waiver_growth", _F, _SIDES, "utility", "more of it for each time it was restated"),
    Field("deadline", _F, _SIDES, "weeks", "perceived deadline, inf for none"),
    Field("successor", _I, _SIDES, "actor", "1 + whose preferences a next government has, or 0"),
    Field("settlement_weeks", _F, _SIDES, "weeks", "believed delay until the rest settles"),
    Field("settlement_discount", _F, _SIDES, "factor", "discount over that delay"),
    Field("settlement_annuity", _F, _SIDES, "weeks", "present value of 1 a week over it"),
    Field("reply_rate", _F, _SIDES, "per week", "probability of answering a draft this week"),
    Field("strategy", _I, _SIDES, "code", "concession strategy, from the registry"),
    Field("strategy_value", _F, (2, PLUGIN_VALUES), "own", "parameters of the strategy"),
    Field("proposes_interim", _B, _SIDES, "flag", "1 if the strategy offers the agreed part"),
    Field("acceptance", _I, _SIDES, "code", "acceptance condition, from the registry"),
    Field("acceptance_value", _F, (2, PLUGIN_VALUES), "own", "parameters of the condition"),
    Field("opponent_model", _I, _SIDES, "code", "opponent model, from the registry"),
    Field("opponent_value", _F, (2, PLUGIN_VALUES), "own", "parameters of the opponent model"),
    Field("opponent_error", _F, _SIDES, "log", "sd of the error about the other's weights"),
    Field("anticipates_ratifier", _B, _SIDES, "flag", "1 if it asks no more than is ratifiable"),
    Field("holdout_odds", _F, _SIDES, "probability", "odds that its preconditions are a hold-out"),
    # --- unilateral concessions and beliefs about them
    Field("concession_rate", _F, _SIDES, "per week", "probability of an occasion to concede"),
    Field("concession_size", _F, _SIDES, "share", "step on an article, of its range"),
    Field("concession_stock", _F, _SIDES, "count", "concessions that can be made alone"),
    Field(
        "outside_worth", _F, _SIDES, "utility", "worth to the OTHER side of one outside the text"
    ),
    Field("outside_cost", _F, _SIDES, "utility", "cost to the giver of one outside the text"),
    Field("belief_a", _F, _SIDES, "weeks", "Beta prior: weeks with a concession by the other"),
    Field("belief_b", _F, _SIDES, "weeks", "Beta prior: weeks without one"),
    # --- preconditions
    Field("demanded_by", _I, (PRECONDITIONS,), "side", "who demands it"),
    Field("delivered_by", _I, (PRECONDITIONS,), "side", "who can deliver it"),
    Field("route", _I, (PRECONDITIONS,), "code", "sim.model.codes.Route"),
    Field(
        "trigger", _I, (PRECONDITIONS,), "code", "Treaty stage at which a joint step is taken up"
    ),
    Field("lead_draft", _F, (PRECONDITIONS,), "weeks", "drafting, or the act itself"),
    Field("lead_parliament", _F, (PRECONDITIONS,), "weeks", "until the vote in parliament"),
    Field("lead_referendum", _F, (PRECONDITIONS,), "weeks", "from the decision to the vote"),
    Field("ready_week", _F, (PRECONDITIONS,), "week", "end of drafting on an own timetable, or -1"),
    Field("odds", _F, (PRECONDITIONS,), "probability", "believed odds of delivery once on its way"),
    Field("supermajority", _F, _SIDES, "share", "of all seats, to call the referendum"),
    Field("referendum_majority", _F, _SIDES, "share", "of votes cast"),
    Field("referendum_quorum", _F, _SIDES, "share", "yes votes of all eligible voters"),
    Field("yes_mean", _F, _SIDES, "share", "expected yes share of votes cast"),
    Field("yes_sd", _F, _SIDES, "share", "its standard deviation"),
    Field("yes_slope", _F, _SIDES, "share", "change of it per unit of mean public support"),
    Field(
        "campaign", _F, _SIDES, "share", "yes share that a full campaign of the opposition takes"
    ),
    Field("turnout_mean", _F, _SIDES, "share", "expected turnout"),
    Field("turnout_sd", _F, _SIDES, "share", "its standard deviation"),
    Field("again_weeks", _F, _SIDES, "weeks", "from a lost referendum to the next, inf for none"),
    Field(
        "consent_rate", _F, _SIDES, "per week", "hazard that missing votes in parliament are found"
    ),
    # --- politics at each party's home
    Field(
        "approval", _F, _SIDES, "share", "support of the government among decided voters, week 0"
    ),
    Field("approval_reversion", _F, _SIDES, "per week", "speed of return to its base"),
    Field("approval_noise", _F, _SIDES, "share", "weekly standard deviation"),
    Field("concession_cost", _F, _SIDES, "share", "approval lost per visible concession"),
    Field(
        "signing_gain", _F, _SIDES, "share", "approval per unit of (public support - .5) on signing"
    ),
    Field("opinion_slope", _F, _SIDES, "share", "approval base per unit of mean opinion shift"),
    Field("protest_cost", _F, _SIDES, "share/week", "approval lost per unit of protest share"),
    Field("office_value", _F, _SIDES, "utility", "worth of keeping office"),
    Field("survival_gain", _F, _SIDES, "probability", "believed gain in keeping office by a paper"),
    Field("audience_cost", _F, _SIDES, "utility", "cost of one visible concession at home"),
    Field("ratifier_reservation", _F, _SIDES, "share", "R of the ratifier's reservation U[0, R]"),
    Field("ratification_weeks", _F, _SIDES, "weeks", "from signature to the ratification vote"),
    Field("ratification_majority", _F, _SIDES, "share", "of seats, -1 for no vote"),
    Field("fall_protest_share", _F, _SIDES, "share", "protest at which a government is in danger"),
    Field("fall_weeks", _F, _SIDES, "weeks", "consecutive weeks of it that put it to the test"),
    Field("fall_odds", _F, _SIDES, "probability", "that it falls then, once a wave"),
    Field("election_swing", _F, _SIDES, "share", "sd of the vote share about approval"),
    Field("seats_bonus", _F, _SIDES, "ratio", "seat share over vote share of the largest party"),
    Field("parliament_seats", _F, _SIDES, "count", "seats in parliament"),
    Field("government_seats", _F, _SIDES, "count", "seats of the government at week 0"),
    # --- the public of each home
    Field("public_rule", _I, (), "code", "sim.model.codes.PublicRule"),
    Field("citizens", _I, _SIDES, "count", "citizens on the graph"),
    Field("opinion_mean", _F, _SIDES, "opinion", "mean innate support for a treaty"),
    Field("opinion_sd", _F, _SIDES, "opinion", "its standard deviation, within a camp"),
    Field("opinion_gap", _F, _SIDES, "opinion", "distance between two camps of equal size"),
    Field("potential", _F, _SIDES, "share", "of the eligible, whom the citizens stand for"),
    Field("susceptibility", _F, _SIDES, "share", "weight of neighbours against the innate opinion"),
    Field("threshold_mean", _F, _SIDES, "share", "mean protest threshold"),
    Field("threshold_sd", _F, _SIDES, "share", "its standard deviation"),
    Field("concession_shift", _F, _SIDES, "opinion", "shift of innate opinion per home concession"),
    Field("signing_shift", _F, _SIDES, "opinion", "shift of innate opinion on signature"),
    Field("confidence", _F, _SIDES, "opinion", "bounded-confidence radius"),
    Field("mobilisation_decay", _F, _SIDES, "per week", "share of the protest impulse that fades"),
    Field("effort", _F, _SIDES, "share", "the opposition's mobilising effort"),
    Field("trigger_impulse", _F, _SIDES, "share", "protest impulse per grievance, full effort"),
    # --- the mediator
    Field("style", _I, (), "code", "sim.model.codes.Style"),
    Field("solution", _I, (), "code", "sim.model.codes.Solution"),
    Field("attention", _F, (), "share", "mediator's attention at week 0"),
    Field("attention_decay", _F, (), "per week", "share of attention that fades"),
    Field("leverage", _F, (), "share", "0 none, 1 full"),
    Field("bias", _F, (), "share", "-1 towards the first party, 1 towards the second"),
    Field("learning_rate", _F, (), "per week", "facilitation: shrinkage of errors per contact"),
    Field("text_rate", _F, (), "per week", "formulation: probability of a single text"),
    Field("shuttle_weeks", _F, (), "weeks", "for which a talk with one side stays fresh"),
    Field("pull", _F, (), "share", "0 a text carries no authority, 1 full"),
    Field("interest", _F, (), "exponent", "formulation: weight of the mediator's own utility"),
    Field("carrot", _F, (), "utility", "manipulation: side payment at full leverage, attention"),
    Field("stick", _F, (), "utility/week", "manipulation: cost of waiting, likewise"),
    # --- channels, incidents, calendar, what lasts
    Field("edges", _I, (), "count", "edges of the channel graph"),
    Field("edge", _I, (EDGES, 2), "actor", "end points of each edge"),
    Field("call_rate", _F, (EDGES,), "per week", "probability of a call"),
    Field("meeting_rate", _F, (EDGES,), "per week", "probability of a meeting"),
    Field("incident_rate", _F, (), "per week", "probability of an incident"),
    Field("suspension_weeks", _F, (), "weeks", "direct channel closed after an incident"),
    Field("collapse_odds", _F, (), "probability", "that one incident ends the talks"),
    Field("patience_weeks", _F, (), "weeks", "without a zone of agreement before a side walks out"),
    Field("incident_approval", _F, _SIDES, "share", "approval change on an incident"),
    Field("dates", _I, (), "count", "calendar events"),
    Field("date_week", _I, (CALENDAR,), "week", "when"),
    Field("date_kind", _I, (CALENDAR,), "code", "sim.model.codes.CalendarKind"),
    Field("date_side", _I, (CALENDAR,), "side", "party that holds the election, or -1"),
    Field(
        "date_value",
        _F,
        (CALENDAR,),
        "own",
        "attention after an administration change or summit, -1 for no change",
    ),
    Field("date_closes", _F, (CALENDAR,), "probability", "that a window for a deal closes then"),
    Field("lapse_interim", _F, (), "per week", "hazard that an interim deal lapses"),
    Field("lapse_full", _F, (), "per week", "hazard that a full deal lapses"),
    Field("exit_cost", _F, (), "utility", "cost of leaving a deal in force"),
)

DECISION_FIELDS: tuple[Field, ...] = (
    Field("draft", _B, (), "code", "sim.model.codes.Decided on what to table"),
    Field("demand", _F, (), "share", "of what is open, asked for in the draft"),
    Field("offer", _F, _ISSUES, "position", "wordings of the draft, nan as they stand"),
    Field("answer", _B, (), "code", "sim.model.codes.Decided on the other side's draft"),
    Field("taken", _B, (ARTICLES,), "flag", "articles to take of it"),
    Field("text", _B, (), "code", "sim.model.codes.Decided on the mediator's text"),
    Field("signature", _B, (), "code", "sim.model.codes.Decided on the signature"),
    Field("reopened", _B, (ARTICLES,), "flag", "articles closed provisionally to reopen"),
    Field("interim", _B, (), "flag", "1 to offer the agreed part for signature"),
    Field("concession", _I, (), "issue", "1 + issue conceded alone, 1 + ISSUES outside, 0 none"),
    Field("dropped", _B, (PRECONDITIONS,), "flag", "own demands to drop"),
)
"""What a person decides for one side in one week; 0 leaves a question to the model."""

STATE_FIELDS: tuple[Field, ...] = (
    Field("week", _I, (), "week", "weeks played before this one"),
    Field("status", _I, (), "code", "sim.model.codes.Treaty"),
    Field("ended", _B, (), "flag", "1 once the talks are over"),
    Field("fault", _I, (), "code", "0, or 1 + side whose plug-in returned no finite number"),
    Field("text_week", _I, (), "week", "all articles agreed, or -1"),
    Field("initialled_week", _I, (), "week", "initialled, or -1"),
    Field("interim_week", _I, (), "week", "interim deal signed, or -1"),
    Field("signed_week", _I, (), "week", "full deal signed, or -1"),
    Field("ratified_week", _I, (), "week", "ratified by both, or -1"),
    Field("ended_week", _I, (), "week", "talks over, or -1"),
    Field("end_reason", _I, (), "code", "sim.model.codes.Reason of the end"),
    # --- the text
    Field("open_at_start", _I, (), "count", "provisions that were open when the talks began"),
    Field("article", _B, _ISSUES, "code", "Article status (issues below ARTICLES)"),
    Field("position", _F, _ISSUES, "position", "agreed position, or the midpoint of the offers"),
    Field("in_talks", _B, _ISSUES, "flag", "1 for issues that were open when the talks began"),
    Field("interim_part", _B, _ISSUES, "flag", "1 for issues covered by a signed interim deal"),
    Field("offer", _F, (2, ISSUES), "position", "standing offer of each side"),
    Field("floor", _F, (2, ISSUES), "share", "way to the other's ideal given up for good"),
    Field("turn", _I, (), "side", "whose draft is due"),
    Field("tabled", _I, (), "side", "who tabled a draft this week, or -1"),
    Field("drafts", _I, _SIDES, "count", "drafts tabled"),
    Field("target", _F, _SIDES, "share", "current demand, own utility over the talks in [0, 1]"),
    Field("aspiration", _F, _SIDES, "share", "highest demand"),
    Field("reservation", _F, _SIDES, "share", "lowest acceptable share over the talks"),
    Field("demanded", _F, (2, HISTORY), "share", "own past demands, newest first"),
    Field("received", _F, (2, HISTORY), "share", "worth of the offers received, newest first"),
    Field("n_demanded", _I, _SIDES, "count", "demands made"),
    Field("n_received", _I, _SIDES, "count", "offers received"),
    Field("best_received", _F, _SIDES, "share", "best offer received so far"),
    Field("new_received", _I, _SIDES, "count", "offers received that differ from those remembered"),
    Field("model_memory", _F, (2, ISSUES), "own", "memory of each side's opponent model"),
    # --- preconditions
    Field("precondition", _B, (PRECONDITIONS,), "code", "Precondition status"),
    Field("stage_until", _F, (PRECONDITIONS,), "week", "when the present step is due"),
    Field("restated", _F, (PRECONDITIONS,), "count", "weeks in which the demand was restated"),
    Field("holdout", _B, _SIDES, "flag", "1 if this side's preconditions are a hold-out"),
    # --- concessions and beliefs
    Field("stock", _F, _SIDES, "count", "unilateral concessions left"),
    Field("banked", _F, _SIDES, "utility", "outside concessions received"),
    Field("given", _F, _SIDES, "utility", "cost of outside concessions made"),
    Field("conceded", _I, _SIDES, "count", "unilateral concessions made in all"),
    Field("conceded_now", _B, _SIDES, "flag", "1 if one was made this week"),
    Field("last_conceded", _I, _SIDES, "week", "week of the last one, or -1"),
    Field("belief_a", _F, _SIDES, "weeks", "Beta: weeks with a concession by the other"),
    Field("belief_b", _F, _SIDES, "weeks", "Beta: weeks without one"),
    Field("estimate", _F, (2, ISSUES), "share", "estimate of the other's weights"),
    Field("error", _F, (2, ISSUES), "log", "initial error about the other's weights"),
    Field("error_scale", _F, _SIDES, "share", "how much of the initial error is left"),
    # --- mediator and channels
    Field("attention", _F, (), "share", "mediator's attention"),
    Field("side_payment", _F, _SIDES, "utility", "promised by the mediator for a signature"),
    Field("stick_now", _F, (), "utility/week", "cost of waiting that the mediator imposes"),
    Field("spoke_week", _I, _SIDES, "week", "when the mediator last spoke with a side, or -1"),
    Field("mediator_tabled", _B, (), "flag", "1 if a single text was tabled this week"),
    Field("contact", _B, (EDGES,), "code", "sim.model.codes.Contact on each edge"),
    Field("channel_open", _B, (), "flag", "1 if the parties can deal with each other this week"),
    Field("parties_met", _B, (), "flag", "1 if the parties met this week"),
    Field("suspended_until", _F, (), "week", "direct channel closed until"),
    # --- signing
    Field("value_now", _F, _SIDES, "utility", "worth of signing in full this week"),
    Field("value_wait", _F, _SIDES, "utility", "worth of waiting"),
    Field("interim_now", _F, _SIDES, "utility", "worth of the interim deal"),
    Field("interim_wait", _F, _SIDES, "utility", "worth of refusing it"),
    Field("interim_offer", _I, (), "side", "who proposes an interim deal now, or -1"),
    Field("refused", _I, _SIDES, "code", "last refusal written down, to log changes only"),
    Field("street", _B, (), "flag", "1 if protest at home kept this week from a signature"),
    Field("zone", _B, (), "flag", "1 if some package beats the status quo for both"),
    Field("no_zone_weeks", _I, (), "weeks", "weeks in a row without such a package"),
    Field("gates", _B, (GATES,), "flag", "gates closed this week"),
    Field("ledger", _F, (GATES,), "weeks", "weeks charged to each gate, shared equally"),
    # --- ratification
    Field("ratified", _B, _SIDES, "flag", "1 once this side has ratified"),
    # --- politics at each party's home, and its public
    Field("approval", _F, _SIDES, "share", "support of the government"),
    Field("seats", _F, _SIDES, "count", "seats of the government"),
    Field("impulse", _F, _SIDES, "share", "protest impulse of the opposition's mobilisation"),
    Field("opinion", _F, _SIDES, "opinion", "mean support for a treaty"),
    Field("opinion_shift", _F, _SIDES, "opinion", "shift of the innate opinions so far"),
    Field("shift_applied", _F, _SIDES, "opinion", "the part of it that opinions have taken in"),
    Field("at_rest", _B, _SIDES, "flag", "1 if the last week moved no citizen's opinion"),
    Field("protest", _F, _SIDES, "share", "protesters among all who are eligible to vote"),
    Field("protest_weeks", _I, _SIDES, "weeks", "weeks in a row above the danger mark"),
    Field("government", _I, (), "row", "who governs, as a row of the parameters: see `Talks`"),
    Field("fell", _B, _SIDES, "code", "sim.model.codes.Reason of the government's fall, or 0"),
    # --- persons who decide for a side
    Field("seated", _B, _SIDES, "flag", "1 while a person decides for this side"),
    Field("asked", _I, (), "code", "sim.model.codes.Question that the rules stopped at"),
    Field("asked_of", _I, (), "side", "whose person is asked"),
    Field("heeded", _I, _SIDES, "bits", "sim.model.codes.Heeded of this week"),
    *(
        Field(f"chosen_{f.name}", f.kind, (2, *f.shape), f.unit, f"this week: {f.meaning}")
        for f in DECISION_FIELDS
    ),
    # --- book-keeping
    Field("events", _I, (), "count", "moves written down"),
    Field("chosen", _B, (ARTICLES,), "flag", "working space: articles chosen to be closed"),
    Field("seen", _F, _ISSUES, "share", "working space: the other's weights as seen"),
    Field("kept_offer", _F, _ISSUES, "position", "working space: an offer put aside"),
    # --- values that change only with the text, the preconditions and what is conceded
    Field("stale", _B, (), "flag", "1 when the values below must be computed anew"),
    Field("talk", _I, _ISSUES, "issue", "issues in the talks, in order"),
    Field("talks", _I, (), "count", "how many there are"),
    Field("worst", _F, _SIDES, "utility", "worth of the talks at the other's ideals"),
    Field("best", _F, _SIDES, "utility", "worth of the talks at the own ideals"),
    Field("settled", _F, _SIDES, "utility", "worth of what the talks cannot move any more"),
    Field("deal", _F, _SIDES, "utility", "worth of the whole treaty as it stands"),
    Field("agreed", _F, _SIDES, "utility", "worth of the articles that could be signed now"),
    Field("agreed_weight", _F, _SIDES, "share", "weight of those articles"),
    Field("interim", _F, _SIDES, "utility", "worth of what a signed interim deal covers"),
    Field("interim_weight", _F, _SIDES, "share", "weight of what it covers"),
    Field("quo", _F, _SIDES, "utility", "present value of the status quo"),
    Field("rest", _F, (), "utility", "most that both can have together from the free issues"),
    Field("zone_at", _F, _SIDES, "share", "reservation shares at which the zone was computed"),
    Field("zone_known", _B, (), "flag", "1 if nothing else has changed since then"),
    Field("weighed_at", _F, _WORDINGS, "position", "of wordings whose utility is known, or -1"),
    Field("weighed", _F, _WORDINGS, "utility", "of those wordings for each side"),
    Field("weighed_by", _I, (), "row", "whose preferences, as `government`"),
    Field("loss", _F, _ISSUES, "utility", "working space: own loss by giving an issue up"),
    Field("gain", _F, _ISSUES, "utility", "working space: the other's gain from it"),
    Field("given_up", _F, _ISSUES, "share", "working space: share of the way given up"),
)

EVENT_FIELDS: tuple[Field, ...] = (
    Field("week", _I, (), "week", "when"),
    Field("actor", _B, (), "code", "sim.model.codes.Actor"),
    Field("move", _B, (), "code", "sim.model.codes.Move"),
    Field("issue", _B, (), "index", "issue, calendar entry or side concerned, -1 for none"),
    Field("reason", _B, (), "code", "sim.model.codes.Reason"),
    Field("value", _F, (), "own", "number that goes with the move"),
)

ENTRY_FIELDS: tuple[Field, ...] = (
    Field("issue", _I, (), "issue", "one that a draft may move"),
    Field("place", _I, (), "index", "entry that is given up at this place"),
    Field("own", _F, (), "exponent", "curvature of the side that gives"),
    Field("other", _F, (), "exponent", "curvature of the other side"),
    Field("loss", _F, (), "utility", "what the whole issue costs"),
    Field("gain", _F, (), "utility", "what it brings"),
    Field("step", _F, (), "share", "distance between two wordings, 0 if continuous"),
    Field("low", _F, (), "share", "least that is given up"),
    Field("high", _F, (), "share", "most that is given up"),
    Field("share", _F, (), "share", "what is given up"),
    Field("rate", _F, (), "ratio", "gain by loss; if they are curved its logarithm at the start"),
)

PARAMS = record_type(PARAMS_FIELDS)
STATE = record_type(STATE_FIELDS)
EVENT = record_type(EVENT_FIELDS)
ENTRY = np.dtype((np.record, record_type(ENTRY_FIELDS)))
"""Working space of logrolling, made for one draft."""
DECISION = record_type((Field("seated", _B, (), "flag", "1 if a person decides"), *DECISION_FIELDS))
NO_DECISIONS = np.zeros((0, 2), DECISION).view(np.recarray)
"""Of talks in which nobody sits at the table, shape (weeks, 2 sides)."""


class Public(NamedTuple):
    """Arrays of the citizens of one home and of their graph in compressed rows.

    All have one entry a citizen, except `start` (citizens + 1) and `tie` (one entry a directed
    tie). Length 0 everywhere when no public is modelled.
    """

    innate: NDArray[np.float64]
    opinion: NDArray[np.float64]
    next_opinion: NDArray[np.float64]
    susceptibility: NDArray[np.float64]
    anchor: NDArray[np.float64]  # the innate opinion's part in each week's opinion
    threshold: NDArray[np.float64]
    exposure: NDArray[np.float64]
    active: NDArray[np.int8]
    queue: NDArray[np.int32]
    start: Ties
    tie: Ties
    tie_weight: NDArray[np.float64]  # of each tie of a citizen


Publics: TypeAlias = tuple[Public, Public]
"""The citizens at the first and at the second party's home."""
