"""A negotiation as data: parties, text, preconditions, beliefs, calendar and sources."""

from collections.abc import Iterator, Mapping
from typing import Literal

from pydantic import BaseModel, Field, model_validator

from sim.scenario.conduct import (
    Belief,
    Channel,
    Dated,
    Drafts,
    Happened,
    Incidents,
    Mediation,
    Unilateral,
)
from sim.scenario.home import Constitution, Lapse, Politics, PublicOpinion, Ratification
from sim.scenario.number import Amount, Day, Duration, Exponent, Model, Number, Share
from sim.scenario.text import Precondition, Provision

PREAMBLE = "preamble"
"""Id under which the preamble stands beside the articles."""


class Actor(Model):
    """One of the four actors, as it is named to readers."""

    name: str = Field(min_length=1)
    demonym: str = ""
    note: str = ""


class Mediator(Model):
    """The third party: its actor id and its name."""

    id: str
    name: str = Field(min_length=1)


class Opposition(Model):
    """The domestic opposition, and the party at whose home it sits."""

    id: str
    name: str = Field(min_length=1)
    home: str


class Source(Model):
    """Where a number comes from; A official or wire, B national outlet, C partisan.

    `address` is where it was read; nothing is ever fetched from it.
    """

    title: str = Field(min_length=1)
    address: str = ""
    date: str = ""
    reliability: Literal["A", "B", "C"]
    note: str = ""


class Scenario(Model):
    """A negotiation between two parties.

    Positions run from 0, the first party's wording, to 1, the second's. Rates are quoted per
    year and converted once, when the records are made. See `docs/odd.md` for each part.
    """

    id: str = Field(min_length=1)
    title: str = Field(min_length=1)
    note: str = ""
    start: Day
    parties: tuple[str, str]
    mediator: Mediator
    opposition: Opposition
    actors: dict[str, Actor]
    sources: dict[str, Source]
    preamble: Provision
    articles: dict[str, Provision] = Field(min_length=1, max_length=31)
    preconditions: dict[str, Precondition] = Field(default={}, max_length=8)
    status_quo: dict[str, Number]
    discount_rate: dict[str, Amount]
    curvature: dict[str, Exponent]
    deadline_weeks: dict[str, Duration | None]
    settlement_weeks: dict[str, Duration]
    drafts: Drafts
    unilateral: dict[str, Unilateral]
    beliefs: dict[str, Belief]
    holdout_odds: dict[str, Share]
    opponent_error: dict[str, Amount]
    politics: Politics
    constitution: Constitution
    ratification: Ratification
    lapse: Lapse
    public: PublicOpinion
    mediation: Mediation
    channels: tuple[Channel, ...] = Field(min_length=1, max_length=6)
    incidents: Incidents
    calendar: tuple[Dated, ...] = Field(default=(), max_length=16)
    timeline: tuple[Happened, ...] = ()

    @model_validator(mode="after")
    def _hangs_together(self) -> "Scenario":
        """Check what no single field can: see `sim.scenario.checks`."""
        from sim.errors import ConfigError
        from sim.scenario.checks import cross_problems

        problems = cross_problems(self)
        if problems:
            raise ConfigError(problems)
        return self

    @property
    def first(self) -> str:
        """Id of the party whose wording is position 0."""
        return self.parties[0]

    @property
    def second(self) -> str:
        """Id of the party whose wording is position 1."""
        return self.parties[1]

    @property
    def actor_ids(self) -> tuple[str, str, str, str]:
        """Ids in the order of the records: first, second, mediator, opposition."""
        return (self.first, self.second, self.mediator.id, self.opposition.id)

    @property
    def provisions(self) -> dict[str, Provision]:
        """Preamble and articles in the order of the text; issue `i` is the i-th of them."""
        return {PREAMBLE: self.preamble, **self.articles}

    def numbers(self) -> Iterator[tuple[str, Number]]:
        """Yield every number with its path, e.g. ``articles.VII.weights.armenia``."""
        yield from _numbers(self, "")


def _numbers(node: object, path: str) -> Iterator[tuple[str, Number]]:
    """Yield the numbers below one node."""
    if isinstance(node, Number):
        yield path, node
    elif isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from _numbers(getattr(node, name), f"{path}.{name}" if path else name)
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield from _numbers(value, f"{path}.{key}")
    elif isinstance(node, tuple):
        for index, value in enumerate(node):
            yield from _numbers(value, f"{path}[{index}]")
