"""Politics at home: approval, the constitutional route, ratification, what lasts, the public."""

from pydantic import Field

from sim.config.number import Amount, Count, Duration, Model, Ratio, Share, Signed, Tally


class Politics(Model):
    """Approval of the home government, its seats, and what office is worth to each party.

    Shares of decided voters, shares of seats, and utilities on the scale on which the whole
    treaty at a party's own ideals is worth 1. `approval_noise` is a standard deviation a year,
    `protest_cost` approval lost a week per unit of protest share, `survival_gain` the believed
    rise in the probability of keeping office from a signed paper, `ratifier_reservation` the
    upper end R of the ratifier's reservation share U[0, R], `consent_per_year` the hazard that
    missing votes in parliament are found. A party that anticipates the ratifier asks for no more
    than the other side is likely to get ratified; none does unless told.
    """

    approval: Share
    approval_reversion_per_year: Amount
    approval_noise: Amount
    concession_cost: Share
    signing_gain: Amount
    opinion_slope: Amount
    protest_cost: Amount
    office_value: dict[str, Amount]
    survival_gain: dict[str, Signed]
    audience_cost: dict[str, Amount]
    ratifier_reservation: dict[str, Share]
    anticipates_ratifier: dict[str, bool] = Field(default_factory=dict)
    fall_protest_share: Share
    fall_weeks: Tally
    election_swing: Amount
    seats_bonus: Ratio
    parliament_seats: Tally
    government_seats: Tally
    consent_per_year: Amount


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
    yes_slope: Amount
    campaign: Share
    turnout_mean: Share
    turnout_sd: Amount


class Ratification(Model):
    """Days from signature to the vote, by party, and the share of seats needed."""

    lead_days: dict[str, Duration]
    majority: Share


class Lapse(Model):
    """Yearly hazards that a deal in force lapses, and the cost of leaving it."""

    interim_per_year: Amount
    full_per_year: Amount
    exit_cost: Amount


class PublicOpinion(Model):
    """Citizens on a small-world graph: opinions on [0, 1] and protest thresholds.

    `concession_shift` and `signing_shift` are added to innate opinions, so a concession that
    costs support is negative; `confidence` is the radius of bounded confidence; `trigger` the
    protest impulse, at full effort, of one concession on an issue of average salience to the
    opposition, or of a treaty wholly against its ideals.
    """

    citizens: Count
    degree: Tally
    rewiring: Share
    opinion_mean: Share
    opinion_sd: Amount
    susceptibility: Share
    threshold_mean: Share
    threshold_sd: Amount
    concession_shift: Signed
    signing_shift: Signed
    confidence: Share
    mobilisation_decay_per_year: Amount
    effort: Share
    trigger: Share
