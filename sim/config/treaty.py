"""What is negotiated: the provisions of the text and the preconditions outside it."""

from typing import Literal

from pydantic import Field, field_validator, model_validator

from sim.config.number import Amount, Day, Duration, Model, Share


class Provision(Model):
    """One provision of the text: the preamble or an article.

    Attributes
    ----------
    number : str
        Number in the text, if it has one.
    title : str
        Subject in neutral words.
    status : {'open', 'half', 'agreed'}
        State when the talks of the scenario begin.
    position : Number or None
        Agreed wording: 0 the first party's, 1 the second's; required when agreed.
    levels : int
        0 for a continuous provision, otherwise the number of equally spaced wordings.
    weights : dict
        Importance of the provision to each actor, any non-negative scale; normalised later.
    ideals : dict
        Wording that each actor likes best, in [0, 1].
    opening : dict
        First public position of a party where it differs from its ideal.
    closed_by : date or None
        Latest date at which public statements imply agreement.
    """

    number: str = ""
    title: str = Field(min_length=1)
    status: Literal["open", "half", "agreed"]
    position: Share | None = None
    levels: int = Field(default=0, strict=True, ge=0, le=1000)
    weights: dict[str, Amount]
    ideals: dict[str, Share]
    opening: dict[str, Share] = Field(default_factory=dict)
    note: str = ""
    closed_by: Day | None = None

    @field_validator("number", mode="before")
    @classmethod
    def _number_as_text(cls, raw: object) -> object:
        """Let articles be numbered 1, 2, 3 as well as I, II, III."""
        return str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else raw

    @field_validator("levels")
    @classmethod
    def _at_least_two_levels(cls, levels: int) -> int:
        """Ask for two wordings to differ over, if there is a list of them."""
        if levels == 1:
            raise ValueError("must be 0 (continuous) or at least 2 (discrete wordings), got 1")
        return levels

    @model_validator(mode="after")
    def _agreed_somewhere(self) -> "Provision":
        """Ask for a wording where there is agreement."""
        if self.status == "agreed" and self.position is None:
            raise ValueError("is agreed, so it needs a position")
        return self


class LeadWeeks(Model):
    """How long the steps of a precondition take, in weeks.

    Attributes
    ----------
    draft : Number
        Drafting on the constitutional route; the act itself on the other routes.
    parliament : Number or None
        From a draft to the vote in parliament.
    referendum : Number or None
        From the decision of parliament to the vote of the people.
    """

    draft: Duration
    parliament: Duration | None = None
    referendum: Duration | None = None


class Precondition(Model):
    """A demand outside the text on which one party makes the deal depend.

    Attributes
    ----------
    demanded_by, delivered_by : str
        Ids of the parties.
    route : {'act', 'joint', 'constitutional'}
        An act of one government; a joint step; or draft, two thirds of parliament, referendum.
    status : str
        State at the start; ``dormant`` marks a reserve demand that a hold-out adds.
    trigger : {'demanded', 'text_agreed', 'initialled', 'signed'}
        Earliest stage of the treaty at which the deliverer takes it up.
    ideals : dict
        0 dropped, 1 delivered.
    odds : Number
        Believed odds that it is delivered once it is on its way.
    ready : date or None
        End of a drafting that runs on a timetable of its own.
    """

    title: str = Field(min_length=1)
    demanded_by: str
    delivered_by: str
    route: Literal["act", "joint", "constitutional"]
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
    trigger: Literal["demanded", "text_agreed", "initialled", "signed"] = "demanded"
    weights: dict[str, Amount]
    ideals: dict[str, Share]
    lead_weeks: LeadWeeks
    odds: Share
    ready: Day | None = None
    note: str = ""

    @model_validator(mode="after")
    def _leads_fit_the_route(self) -> "Precondition":
        """Ask for all three lead times on the constitutional route, and fitting states."""
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
