"""The Mesa model: one run of the talks, watched week by week; and its agents.

An agent decides nothing that is not in `sim.model.rules`: each of its methods is named after a rule
and hands it the model's records, so that the watched run and the compiled one are the same run.
In a scenario about other countries the classes keep the parts that they are named after here.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import takewhile

import mesa
import networkx as nx
import numpy as np
from numpy.typing import NDArray

from sim.config.settings import Settings
from sim.model.codes import Actor, Contact, Decided
from sim.model.records import STATE
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
from sim.model.rules.week import ARGUMENTS, PHASES, Phase, asked_for, of_arrays
from sim.runs.opening import RunRecord, Talks, check_fault, open_run


class Negotiator(mesa.Agent):
    """An actor of the talks; its id is that of the scenario."""

    actor: Actor

    def __init__(self, model: NegotiationModel) -> None:
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

    def __init__(self, model: NegotiationModel, home: Actor, actor: Actor) -> None:
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


class NegotiationModel(mesa.Model):
    """The talks as a Mesa model.

    Each step is one week: the phases of `sim.model.rules.week.PHASES` in their order, each played
    by the agent whose part it is, or by the model where it is nobody's. Opened `talks` are played
    instead of those that the settings describe; no rule uses Mesa's own generator `rng`. The graph
    `channels` says who speaks to whom, and its edges' `contact` what happened on them this week.
    """

    def __init__(
        self, *, settings: Settings, rng: int | None = None, talks: Talks | None = None
    ) -> None:
        super().__init__(rng=None if rng is None else int(rng))
        self.settings = settings
        self.talks = open_run(settings) if talks is None else talks
        self.horizon = int(self.talks.params.horizon)
        scenario = settings.scenario
        self.at_home = {
            home.side: Opposition(self, home.side, home.opposition_actor)
            for home in scenario.all_homes.values()
            if home.opposition is not None
        }
        mediators = [] if scenario.mediator is None else [UnitedStates(self)]
        self.in_charge: dict[Actor, Negotiator] = {
            agent.actor: agent
            for agent in (Armenia(self), Azerbaijan(self), *mediators, *self.at_home.values())
        }
        self.channels = self._channel_graph()
        self._history = np.zeros(self.horizon, STATE).view(np.recarray)
        self.tick = 0
        # state and parameters of this week as arrays of one record, see `of_arrays`
        self._state = np.asarray(self.talks.state).reshape(1).view(np.recarray)
        self._in_office = self.talks.governments[:1]
        self.asked: np.record | None = None  # the talks at the moment a person was asked
        self.datacollector = mesa.DataCollector(
            model_reporters={
                "status": lambda m: int(m.talks.state.status),
                "approval": lambda m: float(m.talks.state.approval[m.first_home]),
                "protest": lambda m: float(m.talks.state.protest[m.first_home]),
                "first_target": lambda m: float(m.talks.state.target[0]),
                "second_target": lambda m: float(m.talks.state.target[1]),
            }
        )
        self.datacollector.collect(self)

    def step(self) -> None:
        """Play one week; FaultyPluginError if a plug-in returned no finite number.

        A week in which a person is asked something that has not been decided is not played: `asked`
        holds the state at that moment, and the talks stay as they were before the week.
        """
        talks = self.talks
        self._set_office()
        before = talks.state.copy()
        self.asked = None
        for phase in PHASES:
            self._play(phase)
            if talks.state.asked:
                self.asked = talks.state.copy()
                self._put_back(before)
                return
        self._leave_unasked()
        self._history[self.tick] = talks.state
        self.tick += 1
        self._show_contacts()
        self.datacollector.collect(self)
        if talks.state.ended or self.tick >= self.horizon:
            self.running = False
        check_fault(self.settings, talks.state)

    def trial(self) -> tuple[np.record, NDArray[np.void]]:
        """Return state and moves of this week before the publics' part, and play nothing.

        It ends at the first question that a person has not decided.
        """
        talks = self.talks
        before = talks.state.copy()
        for phase in takewhile(lambda phase: not phase.at_home, PHASES):
            self._play(phase)
            if talks.state.asked:
                break
        after = talks.state.copy()
        moves = talks.events[int(before.events) : int(after.events)].copy()
        self._put_back(before)
        return after, moves

    def _leave_unasked(self) -> None:
        """Leave to the model what did not come up this week: a replay is equal to the bit."""
        if len(self.talks.decisions):
            for name in ("draft", "answer", "text", "signature"):
                codes = self.talks.state[f"chosen_{name}"]
                codes[codes == Decided.ASK] = Decided.MODEL

    def _set_office(self) -> None:
        at = int(self.talks.state.government)
        self._in_office = self.talks.governments[at : at + 1]

    def _put_back(self, before: np.record) -> None:
        for name in STATE.names or ():
            self.talks.state[name] = before[name]

    def _play(self, phase: Phase) -> None:
        """Let the agent whose part it is play one phase, or nobody's be played."""
        agent = (self.at_home if phase.at_home else self.in_charge).get(phase.actor)
        if agent is None:
            self.follow(phase.rule, phase.actor)
        else:
            getattr(agent, phase.rule.__name__)()

    def follow(self, rule: Callable[..., object], actor: Actor) -> None:
        """Call a phase's rule in the part of `actor`; those of the public only if it has one."""
        asked = asked_for(rule)
        given: dict[str, object] = {name: getattr(self.talks, name) for name in ARGUMENTS}
        given |= {"params": self._in_office, "state": self._state, "actor": int(actor)}
        if "public" in asked:
            if len(self.talks.publics[actor].opinion) == 0:
                return
            given["public"] = self.talks.publics[actor]
        of_arrays(rule)(*(given[name] for name in asked))

    def run_record(self) -> RunRecord:
        """Return what has been played so far."""
        return RunRecord(
            settings=self.settings,
            params=self.talks.governments[0],
            history=self._history[: self.tick],
            events=self.talks.events[: self.talks.state.events],
            driver="mesa",
        )

    @property
    def first_home(self) -> int:
        """Side of the first home whose politics are modelled, the first party if none is."""
        return next((int(h.side) for h in self.settings.scenario.all_homes.values()), 0)

    def _channel_graph(self) -> nx.Graph:
        graph = nx.Graph()
        graph.add_nodes_from(agent.actor_id for agent in self.in_charge.values())
        for edge, channel in enumerate(self.settings.scenario.channels):
            graph.add_edge(*channel.between, edge=edge, contact=Contact.SILENT)
        return graph

    def _show_contacts(self) -> None:
        for *_, attributes in self.channels.edges(data=True):
            level = int(self.talks.state.contact[attributes["edge"]])
            attributes["contact"] = Contact(level)
