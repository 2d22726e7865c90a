"""The agents: each calls its own rules.

An agent decides nothing that is not in `sim.model.rules`: each of its methods is named after a rule
and hands it the model's records, so that the watched run and the compiled one are the same run.
In a scenario about other countries the classes keep the parts that they are named after here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import mesa

from sim.config.settings import Settings
from sim.model.codes import Actor
from sim.model.rules import (
    domestic,
    mediation,
    offers,
    opponent,
    ratification,
    responses,
    signing,
    unilateral,
)
from sim.runs.opening import Talks


class TalksModel(Protocol):
    """What an agent asks of the Mesa model that it lives in."""

    settings: Settings
    talks: Talks

    def follow(self, rule: Callable[..., object], actor: Actor) -> None:
        """Call one phase's rule in the part of an actor."""
        ...


class Negotiator(mesa.Agent):
    """An actor of the talks; its id is that of the scenario."""

    actor: Actor

    def __init__(self, model: TalksModel) -> None:
        super().__init__(model)
        self.talks_model = model
        self.actor_id = model.settings.scenario.cast[self.actor]

    def follow(self, rule: Callable[..., object]) -> None:
        """Call one rule in this actor's part."""
        self.talks_model.follow(rule, self.actor)


class Party(Negotiator):
    """A party to the treaty: drafts, answers, concedes, signs, ratifies and learns."""

    def offer(self) -> None:
        """Rule: on its turn, table the draft worth the strategy's demand, best for the other."""
        self.follow(offers.offer)

    def respond(self) -> None:
        """Rule: take the other's draft if the acceptance condition and the reservation allow."""
        self.follow(responses.respond)

    def concede(self) -> None:
        """Rule: concede alone if there is an occasion and office is worth the audience cost."""
        self.follow(unilateral.concede)

    def weigh(self) -> None:
        """Rule: compare signing now, in full or in part, with waiting."""
        self.follow(signing.weigh)

    def ratify(self) -> None:
        """Rule: hold the ratification vote when it is due."""
        self.follow(ratification.ratify)

    def update(self) -> None:
        """Rule: count this week for or against a concession by the other side."""
        self.follow(opponent.update)


class Armenia(Party):
    """The first party: position 0 is its wording."""

    actor = Actor.FIRST


class Azerbaijan(Party):
    """The second party: position 1 is its wording."""

    actor = Actor.SECOND


class UnitedStates(Negotiator):
    """The mediator."""

    actor = Actor.MEDIATOR

    def mediate(self) -> None:
        """Rule: facilitate, formulate or manipulate, as far as attention and leverage go."""
        self.follow(mediation.mediate)


class Opposition(Negotiator):
    """The domestic opposition at one party's home, and the public that it addresses."""

    def __init__(self, model: TalksModel, home: Actor, actor: Actor) -> None:
        self.actor = actor
        self.home = home
        super().__init__(model)

    def follow(self, rule: Callable[..., object]) -> None:
        """Call one rule at its home."""
        self.talks_model.follow(rule, self.home)

    def mobilise(self) -> None:
        """Rule: let the impulse of past mobilisation fade."""
        self.follow(domestic.mobilise)

    def deliberate(self) -> None:
        """Rule: citizens move towards their neighbours and their innate opinions."""
        self.follow(domestic.deliberate)

    def take_to_streets(self) -> None:
        """Rule: opponents whose threshold is reached protest, until nobody joins any more."""
        self.follow(domestic.take_to_streets)
