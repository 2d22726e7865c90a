"""One run that is watched, each of its weeks as plain frozen data."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from sim.config.settings import Settings
from sim.errors import SimError
from sim.model.codes import Article, Contact, Gate, Precondition, Treaty
from sim.model.records import Public
from sim.runs.mesa_model import NegotiationModel
from sim.runs.opening import RunRecord
from sim.runs.story import Line, day_of, tell_one

Pair = tuple[float, float]
"""A number for each party, the first party's first."""


@dataclass(frozen=True, slots=True)
class ProvisionNow:
    """One provision of the text."""

    status: Article
    # agreed wording, or the midpoint of the offers: 0 the first party's, 1 the second's
    position: float
    offers: Pair  # standing offer of each party, on the same scale
    signed_interim: bool  # true if an interim deal in force covers it

    @property
    def gap(self) -> float:
        """Distance between the standing offers, in [0, 1]."""
        return abs(self.offers[0] - self.offers[1])


@dataclass(frozen=True, slots=True)
class PreconditionNow:
    """One precondition: its status, and the week in which its next step is due, -1 for none."""

    status: Precondition
    due_week: int


@dataclass(frozen=True, slots=True)
class PartyNow:
    """One party's side of the table."""

    # what it asks for and the least it takes, as shares of what is open; None once the text is
    # closed
    target: float | None
    least: float | None
    # share that the other's latest draft gives it; None before the first one, and once the
    # text is closed
    offered: float | None
    worth: float  # utility of the treaty as it stands
    status_quo: float  # utility of living without a treaty
    # utility of signing in full this week and of waiting; None while the text is
    # open and once it is signed in full
    now: float | None
    wait: float | None
    # utility of signing the agreed part and of refusing it; None where none is proposed
    interim_now: float | None
    interim_wait: float | None


@dataclass(frozen=True, slots=True)
class ChannelNow:
    """One channel: the ids of its ends, and what happened on it this week."""

    between: tuple[str, str]
    contact: Contact


@dataclass(frozen=True, slots=True)
class HomeNow:
    """Politics at one home: shares in [0, 1], and the seats of the government."""

    party: str  # id of the party whose home it is
    approval: float
    opinion: float
    protest: float
    impulse: float
    seats: int


@dataclass(frozen=True, eq=False)
class PublicNow:
    """Every citizen's support for a treaty in [0, 1], and who protests; both read-only."""

    opinion: NDArray[np.float32]
    protesting: NDArray[np.bool_]


RUNG_WEEKS = ("text", "initialled", "interim", "signed", "ratified", "ended")
"""Names of the records' weeks, in the order of `Rungs`."""


@dataclass(frozen=True, slots=True)
class Rungs:
    """Week in which each rung of the ladder was reached, -1 for never."""

    text: int
    initialled: int
    interim: int
    full: int
    ratified: int
    ended: int


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The talks once `played` weeks are over."""

    played: int  # weeks played; 0 at the opening
    day: date  # first day of the last week played, of the talks at the opening
    status: Treaty
    ended: bool  # true once the talks are over
    provisions: tuple[ProvisionNow, ...]  # the preamble first
    preconditions: tuple[PreconditionNow, ...]
    parties: tuple[PartyNow, PartyNow]  # the first party first
    channels: tuple[ChannelNow, ...]
    # week until which an incident keeps the direct channel closed, -1 if none does
    closed_until: int
    attention: float  # the mediator's attention, in [0, 1]
    homes: tuple[HomeNow, ...]  # those whose politics are modelled, the first party's first
    public: PublicNow  # of the first home that has one; empty without any
    gates: tuple[Gate, ...]  # gates that kept this week from being the week of the full signature
    ledger: tuple[float, ...]  # weeks charged to each gate so far
    rungs: Rungs
    lines: tuple[Line, ...]  # what happened in the last week played, in words
    known_to: int = -1  # the side that knows no more than this, -1 if nothing is left out

    @property
    def week(self) -> int:
        """The last week played, counted from 0 as in every table; -1 at the opening."""
        return self.played - 1


def take(model: NegotiationModel, lines: tuple[Line, ...]) -> Snapshot:
    """Return what the model shows now; `lines` tell what happened in the last week played."""
    settings, state = model.settings, model.talks.state
    scenario = settings.scenario
    suspended = float(state.suspended_until)
    # As lists: numpy reads a record's field ten times as slowly, and every week is taken.
    names = ("article", "position", "interim_part", "precondition", "stage_until")
    status, position, signed, demand, until = (state[name].tolist() for name in names)
    offers = list(zip(*state.offer.tolist(), strict=True))
    return Snapshot(
        played=model.tick,
        day=day_of(scenario, max(model.tick - 1, 0)),
        status=Treaty(int(state.status)),
        ended=bool(state.ended),
        provisions=tuple(
            ProvisionNow(Article(status[i]), position[i], offers[i], bool(signed[i]))
            for i in range(len(scenario.provisions))
        ),
        preconditions=tuple(
            PreconditionNow(Precondition(demand[k]), until[k])
            for k in range(len(scenario.preconditions))
        ),
        parties=(_party(model, 0), _party(model, 1)),
        channels=tuple(
            ChannelNow((one, other), Contact(int(attributes["contact"])))
            for one, other, attributes in model.channels.edges(data=True)
        ),
        closed_until=int(suspended) if suspended > model.tick - 1 else -1,
        attention=float(state.attention),
        homes=tuple(
            _home(model, home.party, int(home.side)) for home in scenario.all_homes.values()
        ),
        public=_public(model),
        gates=tuple(gate for gate in Gate if state.gates[gate]),
        ledger=tuple(state.ledger.tolist()),
        rungs=Rungs(*(int(state[f"{name}_week"]) for name in RUNG_WEEKS)),
        lines=lines,
    )


def _party(model: NegotiationModel, side: int) -> PartyNow:
    """Return one party's side of the table; what was not weighed this week is None."""
    state = model.talks.state
    weighed = model.tick > 0 and state.status < Treaty.SIGNED_FULL
    bargaining = bool(state.text_week < 0)
    full = weighed and not bargaining
    part = weighed and bargaining and state.interim_offer >= 0
    drafts = bargaining and state.n_received[side] > 0
    return PartyNow(
        target=float(state.target[side]) if bargaining else None,
        least=float(state.reservation[side]) if bargaining else None,
        offered=float(state.received[side, 0]) if drafts else None,
        worth=float(state.deal[side]),
        status_quo=float(state.quo[side]),
        now=float(state.value_now[side]) if full else None,
        wait=float(state.value_wait[side]) if full else None,
        interim_now=float(state.interim_now[side]) if part else None,
        interim_wait=float(state.interim_wait[side]) if part else None,
    )


def _home(model: NegotiationModel, party: str, side: int) -> HomeNow:
    state = model.talks.state
    return HomeNow(
        party,
        float(state.approval[side]),
        float(state.opinion[side]),
        float(state.protest[side]),
        float(state.impulse[side]),
        int(state.seats[side]),
    )


def shown_public(model: NegotiationModel) -> Public:
    """Return the citizens that the page draws: of the first home that has any."""
    first, second = model.talks.publics
    return first if len(first.opinion) else second


def _public(model: NegotiationModel) -> PublicNow:
    public = shown_public(model)
    opinion = public.opinion.astype(np.float32)
    protesting = public.active != 0
    opinion.flags.writeable = False
    protesting.flags.writeable = False
    return PublicNow(opinion, protesting)


# --- one run of the Mesa model that is watched: played on, gone back over, and what it showed


class Watch:
    """A run and the week of it that is shown.

    Going back shows what was kept; going forth over weeks already played shows it again, and
    beyond the last of them the model plays on. A run whose rules raise cannot be played on; what
    it showed before can still be looked at.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.model = NegotiationModel(settings=settings, rng=settings.seed)
        self.failure = ""  # what the rules raised
        self.failed_week = -1  # the week in which they raised it
        self._told = 0
        self._snapshots = [take(self.model, self._new_lines())]
        self._at = 0

    @property
    def now(self) -> Snapshot:
        """The talks in the week that is shown."""
        return self._snapshots[self._at]

    @property
    def last(self) -> Snapshot:
        """The talks after the last week played."""
        return self._snapshots[-1]

    @property
    def shown(self) -> list[Snapshot]:
        """The talks from the opening to the week that is shown."""
        return self._snapshots[: self._at + 1]

    @property
    def all(self) -> list[Snapshot]:
        """The talks from the opening to the last week played."""
        return self._snapshots

    @property
    def played(self) -> int:
        """Weeks played so far, whatever week is shown."""
        return len(self._snapshots) - 1

    @property
    def over(self) -> bool:
        """True if no further week can be played."""
        return bool(self.failure) or not self.model.running

    @property
    def at_end(self) -> bool:
        """True if the week shown is the last there will be."""
        return self._at == self.played and self.over

    @property
    def hides(self) -> bool:
        """True if something is kept from whoever watches."""
        return False

    @property
    def stands(self) -> bool:
        """True if no week after the one shown can be played now."""
        return self.at_end

    def go(self, played: int) -> None:
        """Show the talks after so many weeks, playing what is missing; as near as there is."""
        while self.played < played and not self.over:
            self._play()
        self._at = min(max(played, 0), self.played)

    def play_to_end(self) -> None:
        """Play all that is left and show the last week."""
        self.go(self.settings.horizon)

    def record(self) -> RunRecord:
        """Return what has been played, for the functions that tell and sum up runs."""
        return self.model.run_record()

    def close(self) -> None:
        """Let Mesa forget the model; Mesa 3.3 keeps a count of agents for every model it met."""
        if not vars(self.model):
            return
        for agent in list(self.model.agents):
            ids = getattr(type(agent), "_ids", None)
            if isinstance(ids, dict):
                ids.pop(self.model, None)
            vars(agent).clear()
        # Model, agents and Mesa's schedule hold each other; a search for such rings in all memory
        # would hold up every tab.
        self.model.__dict__.clear()

    def _play(self) -> None:
        """Play one week; what a rule raises is kept and ends the run."""
        before = self.model.tick
        self.failure = failure_of(self.model.step, before)
        if self.model.tick > before:
            self._snapshots.append(take(self.model, self._new_lines()))
        elif not self.failure:
            self.failure = f"week {before} was not played"
        if self.failure:
            self.failed_week = before

    def _new_lines(self) -> tuple[Line, ...]:
        """Return what was written down since the last call, in words."""
        talks = self.model.talks
        new = slice(self._told, int(talks.state.events))
        self._told = new.stop
        return tuple(tell_one(event, self.settings) for event in talks.events[new])


def failure_of(step: Callable[[], object], week: int) -> str:
    """Play a week and return what its rules raised, nothing if they did not."""
    try:
        step()
    except SimError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001 - a user's plug-in may raise anything; it is shown
        return f"in week {week} the rules raised {type(error).__name__}: {error}"
    return ""


def opened(settings: Settings) -> Watch:
    """Return a new run at its opening; raises `SimError` if the rules raise before week 0."""
    try:
        return Watch(settings)
    except SimError:
        raise
    except Exception as error:
        raise SimError(
            f"at the opening the rules raised {type(error).__name__}: {error}"
        ) from error
