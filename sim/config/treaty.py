"""What is negotiated: the provisions of the text and the preconditions outside it."""

from typing import Literal, get_args

from pydantic import Field, field_validator, model_validator

from sim.config.number import Amount, Day, Duration, Model, Share
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
