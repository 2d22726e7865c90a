"""How the talks are conducted: drafts, concessions, beliefs, channels, incidents, mediation."""

from typing import Literal

from pydantic import Field

from sim.config.number import Amount, Count, Day, Duration, Model, Number, Share, Signed


class Drafts(Model):
    """The exchange of drafts: reply lags in days and the gaps at which an article closes."""

    reply_days: dict[str, Duration]
    first_mover: str
    tolerance: Share
    half_tolerance: Share


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
    approval_effect: Signed


class Dated(Model):
    """A dated event that the rules know of.

    `attention` is the mediator's attention after a change of administration or at a summit;
    `weeks` the length of the event.
    """

    date: Day
    kind: Literal["election", "administration", "summit", "note"]
    title: str = Field(min_length=1)
    basis: str
    attention: Share | None = None
    weeks: Number | None = None
    note: str = ""


class Happened(Model):
    """Something that really happened; for overlay only, no rule reads it."""

    date: Day
    title: str = Field(min_length=1)
    source: str
    kind: str = "event"
    note: str = ""
