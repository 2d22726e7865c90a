"""The parts of a scenario: its text, preconditions, the conduct of the talks, politics at home."""

from typing import Annotated, Literal, get_args

from pydantic import Field, field_validator, model_validator

from sim.config.number import (
    Amount,
    Count,
    Day,
    Duration,
    Id,
    Model,
    Number,
    Ratio,
    Share,
    Signed,
    Tally,
)
from sim.model.codes import Route, complete

RouteName = Literal["act", "joint", "constitutional"]
complete({Route[name.upper()]: name for name in get_args(RouteName)}, Route)


class Provision(Model):
    """One provision of the text: the preamble or an article."""

    number: str = ""  # number in the text, if it has one
    title: str = Field(min_length=1)  # subject in neutral words
    status: Literal["open", "half", "agreed"]  # state when the talks of the scenario begin
    # agreed wording: 0 the first party's, 1 the second's; required when agreed
    position: Share | None = None
    # 0 for a continuous provision, otherwise the number of equally spaced wordings
    levels: int = Field(default=0, strict=True, ge=0, le=1000)
    # importance of the provision to each actor, any non-negative scale; normalised later
    weights: dict[str, Amount]
    ideals: dict[str, Share]  # wording that each actor likes best, in [0, 1]
    # first public position of a party where it differs from its ideal
    opening: dict[str, Share] = Field(default_factory=dict)
    note: str = ""
    closed_by: Day | None = None  # latest date at which public statements imply agreement
    # what positions measure, e.g. ``USD million``, and how much of it lies at 0 and at 1
    unit: str = ""
    ends: tuple[float, float] | None = None

    @field_validator("number", mode="before")
    @classmethod
    def _number_as_text(cls, raw: object) -> object:
        return str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else raw

    @field_validator("levels")
    @classmethod
    def _at_least_two_levels(cls, levels: int) -> int:
        if levels == 1:
            raise ValueError("must be 0 (continuous) or at least 2 (discrete wordings), got 1")
        return levels

    @field_validator("ends")
    @classmethod
    def _ends_apart(cls, ends: tuple[float, float] | None) -> tuple[float, float] | None:
        if ends is not None and ends[0] == ends[1]:
            raise ValueError(f"the two ends must differ, got {ends[0]:g} twice")
        return ends

    @model_validator(mode="after")
    def _agreed_somewhere(self) -> "Provision":
        if self.status == "agreed" and self.position is None:
            raise ValueError("is agreed, so it needs a position")
        return self


class LeadWeeks(Model):
    """How long the steps of a precondition take, in weeks."""

    draft: Duration  # drafting on the constitutional route; the act itself on the other routes
    parliament: Duration | None = None  # from a draft to the vote in parliament
    referendum: Duration | None = None  # from the decision of parliament to the vote of the people


class Precondition(Model):
    """A demand outside the text on which one party makes the deal depend."""

    title: str = Field(min_length=1)
    # demanded_by, delivered_by: ids of the parties
    demanded_by: str
    delivered_by: str
    # an act of one government; a joint step; or draft, two thirds of parliament, referendum
    route: RouteName
    # state at the start; ``dormant`` marks a reserve demand that a hold-out adds
    status: Literal[
        "dormant",
        "demanded",
        "promised",
        "drafting",
        "parliament",
        "referendum",
        "met",
        "failed",
        "waived",
    ] = "demanded"
    # earliest stage of the treaty at which the deliverer takes it up
    trigger: Literal["demanded", "text_agreed", "initialled", "signed"] = "demanded"
    weights: dict[str, Amount]
    ideals: dict[str, Share]  # 0 dropped, 1 delivered
    lead_weeks: LeadWeeks
    odds: Share  # believed odds that it is delivered once it is on its way
    ready: Day | None = None  # end of a drafting that runs on a timetable of its own
    note: str = ""

    @model_validator(mode="after")
    def _leads_fit_the_route(self) -> "Precondition":
        lead = self.lead_weeks
        if self.route == "constitutional" and (lead.parliament is None or lead.referendum is None):
            raise ValueError(
                "the constitutional route needs lead_weeks for draft, parliament and referendum"
            )
        if self.route != "constitutional" and self.status in (
            "drafting",
            "parliament",
            "referendum",
        ):
            raise ValueError(
                f"status '{self.status}' belongs to the constitutional route, not to '{self.route}'"
            )
        return self


class Drafts(Model):
    """The exchange of drafts: reply lags in days and the gaps at which an article closes."""

    reply_days: dict[str, Duration]
    first_mover: str
    tolerance: Share
    half_tolerance: Share
    # cost of reopening a provisionally closed article, on the treaty scale; never reopened without
    reopening_cost: Amount | None = None


class Unilateral(Model):
    """Concessions that a party can make alone."""

    per_year: Amount  # occasions to concede, a year
    size: Share  # step on an open article, as a share of its range
    # worth to the other side of one concession outside the text, on the treaty scale
    outside: Amount
    outside_cost: Amount  # cost of it to the giver
    stock: Count  # how many there are to make


class Belief(Model):
    """Beta prior of one party about the other's unilateral concessions.

    `rate_mean_per_year` is its mean, `rate_weight_weeks` the weeks of watching it is worth.
    """

    rate_mean_per_year: Amount
    rate_weight_weeks: Duration


class Coercion(Model):
    """What one party believes of an end of the present state by force or collapse."""

    hazard_per_year: Amount  # hazard of it, a year
    # what it would be worth to the party, on the scale of the treaty; negative for the weaker one
    worth: Number


class Dropping(Model):
    """What it costs one party to drop a demand that it has made, on the treaty scale."""

    cost: Amount
    restated: Amount  # more of it for each week in which the demand was stated again


class Successor(Model):
    """The government that would follow one party's, if that falls by ballot or street.

    It goes on with the talks with the weights, ideals and curvature of another actor, and with
    what else is stated; the rest is that of the government before it.
    """

    like: str  # id of that actor
    discount_rate: Amount | None = None
    status_quo: Number | None = None
    office_value: Amount | None = None
    note: str = ""


class Mediator(Model):
    """The third party: its actor id and its name."""

    id: str
    name: str = Field(min_length=1)


class Source(Model):
    """Where a number comes from; A official or wire, B national outlet, C partisan.

    `address` is where it was read; nothing is ever fetched from it.
    """

    title: str = Field(min_length=1)
    address: str = ""
    date: str = ""
    known: Day | None = None  # day by which the fact was public, of a source that came out later
    reliability: Literal["A", "B", "C"]
    note: str = ""

    @property
    def public_by(self) -> str:
        """Day by which what it says was public, as far as it is dated; empty if it is not."""
        return self.date if self.known is None else self.known.isoformat()


class Mediation(Model):
    """What the mediator can do."""

    # attention, leverage, pull: shares in [0, 1]; `pull` is the authority of a single text
    attention: Share
    attention_decay_per_year: Amount  # rate at which attention fades
    leverage: Share
    bias: Signed  # -1 towards the first party, 1 towards the second
    # learning_per_year, text_per_year: facilitation: rate at which errors shrink.
    # Formulation: single texts tabled
    learning_per_year: Amount
    text_per_year: Amount
    # formulation: weeks for which a talk with one side stays fresh; a text needs both sides
    # sounded out
    shuttle_weeks: Duration
    pull: Share
    # power of the mediator's own utility in the choice of a single text: 0 none, 1 as much as
    # a party's
    interest: Share
    # carrot, stick: side payment, and cost of waiting a year, at full leverage and attention;
    # the payment is for a treaty at the mediator's own ideals, and less for one that it likes
    # less
    carrot: Amount
    stick: Amount


class Channel(Model):
    """One edge of the graph of who speaks to whom."""

    between: tuple[str, str]
    calls_per_year: Amount
    meetings_per_year: Amount


class Incidents(Model):
    """Armed incidents: rate, weeks of suspended talks, odds that one ends them, and patience."""

    per_year: Amount
    suspension_weeks: Amount
    collapse_odds: Share
    patience_weeks: Duration
    approval_effect: Signed | None = None  # asked for by the home at the top of the scenario


class Dated(Model):
    """A dated event that the rules know of.

    `attention` is the mediator's attention after a change of administration or at a summit;
    `weeks` the length of the event; `home` the party that holds an election, needed where the
    politics of both are modelled.
    """

    date: Day
    kind: Literal["election", "administration", "summit", "note"]
    title: str = Field(min_length=1)
    basis: str
    attention: Share | None = None
    closes: Share | None = None  # odds that a window for a deal closes then
    weeks: Number | None = None
    home: str | None = None
    note: str = ""


class Happened(Model):
    """Something that really happened; for overlay only, no rule reads it."""

    date: Day
    title: str = Field(min_length=1)
    source: str
    kind: str = "event"
    note: str = ""


class Record(Model):
    """What became of talks that are over, for scores alone; no rule reads it.

    Days are those of `docs/coding.md`; None where it has not come by `until`.
    """

    region: str = Field(min_length=1)
    until: Day  # last day that was looked at
    sources: tuple[str, ...] = Field(min_length=1)
    # larger population over the smaller: 1 within a factor of two, 2 up to five, 3 beyond
    capability: int = Field(strict=True, ge=1, le=3)
    interim: Day | None = None
    closed: Day | None = None
    signed: Day | None = None
    first_ratification: bool | None = None  # whether the first attempt succeeded, if one was made
    in_force: Day | None = None
    lapsed: Day | None = None
    preconditions: dict[Id, Literal["met", "waived", "blocking"]] = Field(default_factory=dict)
    terms: dict[Id, Annotated[float, Field(ge=0.0, le=1.0)]] = Field(default_factory=dict)
    # articles in the order in which they closed, those together of which the order is not known
    order: tuple[tuple[Id, ...], ...] = ()
    cannot: tuple[str, ...] = Field(min_length=1)  # what of the case the model does not express


# --- politics at home: approval, the constitutional route, ratification, what lasts, the public


class Politics(Model):
    """What office and a ratifier are worth to each party, and the politics of one home.

    The numbers with one entry a party are always asked for, the others by the home that stands at
    the top of the scenario: `home`, or that of its opposition.

    Shares of decided voters, shares of seats, and utilities on the scale on which the whole
    treaty at a party's own ideals is worth 1. `approval_noise` is a standard deviation a year,
    `protest_cost` approval lost a week per unit of protest share, `survival_gain` the believed
    rise in the probability of keeping office from a signed paper, `ratifier_reservation` the
    upper end R of the ratifier's reservation share U[0, R], `consent_per_year` the hazard that
    missing votes in parliament are found. A party that anticipates the ratifier asks for no more
    than the other side is likely to get ratified; none does unless told.
    """

    home: str | None = None  # party whose politics these are; not needed beside an opposition
    approval: Share | None = None
    approval_reversion_per_year: Amount | None = None
    approval_noise: Amount | None = None
    concession_cost: Share | None = None
    signing_gain: Amount | None = None
    opinion_slope: Amount | None = None
    protest_cost: Amount | None = None
    office_value: dict[str, Amount]
    survival_gain: dict[str, Signed]
    audience_cost: dict[str, Amount]
    ratifier_reservation: dict[str, Share]
    anticipates_ratifier: dict[str, bool] = Field(default_factory=dict)
    fall_protest_share: Share | None = None
    fall_weeks: Tally | None = None
    fall_odds: Share | None = None
    election_swing: Amount | None = None
    seats_bonus: Ratio | None = None
    parliament_seats: Tally | None = None
    government_seats: Tally | None = None
    consent_per_year: Amount | None = None


class Constitution(Model):
    """Rule of the constitutional route and the expected vote.

    `supermajority` is of all seats, `referendum_majority` of votes cast, `referendum_quorum`
    yes votes of all eligible; yes shares are of votes cast; `yes_slope` per unit of mean public
    support; `campaign` is what a full campaign of the opposition against a change of average
    salience to it takes from the yes share.
    """

    supermajority: Share
    referendum_majority: Share
    referendum_quorum: Share
    eligible_voters: Tally
    yes_mean: Share
    yes_sd: Amount
    yes_slope: Amount | None = None
    campaign: Share | None = None
    turnout_mean: Share
    turnout_sd: Amount
    again_weeks: Duration | None = None  # from a lost vote until it is put to parliament again


class Ratification(Model):
    """Days from signature to the vote, by party, and the share of the home's seats needed.

    Without a `majority` the home's parliament does not vote on it.
    """

    lead_days: dict[str, Duration]
    majority: Share | None = None


class Lapse(Model):
    """Yearly hazards that a deal in force lapses, and the cost of leaving it."""

    interim_per_year: Amount
    full_per_year: Amount
    exit_cost: Amount


class PublicOpinion(Model):
    """Citizens on a small-world graph: opinions on [0, 1] and protest thresholds.

    `potential` is the share of the eligible that might take part in a protest at all, whom the
    citizens stand for, so that protest is a share of the eligible; all, if left out.
    `opinion_gap` is the distance between the middles of two camps of equal size about
    `opinion_mean`, `opinion_sd` the spread within each; one camp, if left out.

    `concession_shift` and `signing_shift` are added to innate opinions, so a concession that
    costs support is negative; `confidence` is the radius of bounded confidence; `trigger` the
    protest impulse, at full effort, of one concession on an issue of average salience to the
    opposition, or of a treaty wholly against its ideals. Those of mobilisation are asked for beside
    an opposition.
    """

    citizens: Count
    degree: Tally
    rewiring: Share
    opinion_mean: Share
    opinion_sd: Amount
    opinion_gap: Share | None = None
    potential: Share | None = None
    susceptibility: Share
    threshold_mean: Share
    threshold_sd: Amount
    concession_shift: Signed
    signing_shift: Signed
    confidence: Share
    mobilisation_decay_per_year: Amount | None = None
    effort: Share | None = None
    trigger: Share | None = None
