"""Politics at home: at neither, one or both parties' homes, and what each asks for.

One home may stand at the top of a scenario, as `opposition`, `politics`, `constitution`,
`ratification` and `public`; further ones, or all, stand by party under `homes`. Parts that are left
out ask for no numbers: those that only a public, an opposition or a constitution gives a meaning
are asked for only beside it. Below them stand the checks of the record of talks that are over.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np
from pydantic import Field

from sim.config.conduct import (
    Constitution,
    Dated,
    Incidents,
    Politics,
    Precondition,
    PublicOpinion,
    Ratification,
    Record,
    Source,
)
from sim.config.number import Amount, Model, Number, Ratio, Share, Signed, Tally
from sim.errors import did_you_mean
from sim.model.codes import Actor


class HomePolitics(Model):
    """Approval of one home's government, its parliament and what an incident does to approval.

    The fields of `Politics` that belong to a home, with the same units.
    """

    approval: Share | None = None
    approval_reversion_per_year: Amount | None = None
    approval_noise: Amount | None = None
    concession_cost: Share | None = None
    signing_gain: Amount | None = None
    opinion_slope: Amount | None = None
    protest_cost: Amount | None = None
    fall_protest_share: Share | None = None
    fall_weeks: Tally | None = None
    fall_odds: Share | None = None
    election_swing: Amount | None = None
    seats_bonus: Ratio | None = None
    parliament_seats: Tally | None = None
    government_seats: Tally | None = None
    consent_per_year: Amount | None = None
    incident_effect: Signed | None = None  # change of approval on an incident
    # share of seats that ratification needs; left out where parliament does not vote on it
    ratification_majority: Share | None = None


class HomeOpposition(Model):
    """The opposition at one home: its actor id and its name."""

    id: str
    name: str = Field(min_length=1)


class Opposition(HomeOpposition):
    """An opposition at the top of a scenario, and the party at whose home it sits."""

    home: str


class HomeParts(Model):
    """Politics at one party's home."""

    politics: HomePolitics
    opposition: HomeOpposition | None = None
    constitution: Constitution | None = None
    public: PublicOpinion | None = None


ALWAYS = (
    "approval",
    "approval_reversion_per_year",
    "approval_noise",
    "concession_cost",
    "election_swing",
    "seats_bonus",
    "parliament_seats",
    "government_seats",
)
"""What the politics of every home ask for."""
WITH_PUBLIC = (
    "signing_gain",
    "opinion_slope",
    "protest_cost",
    "fall_protest_share",
    "fall_weeks",
)
"""What they ask for beside a public."""
MOBILISING = ("effort", "trigger", "mobilisation_decay_per_year")
"""What a public asks for beside an opposition."""


class HasHomes(Protocol):
    """What is asked of a scenario here."""

    @property
    def parties(self) -> tuple[str, str]:
        """Ids of the parties."""
        ...

    @property
    def opposition(self) -> Opposition | None:
        """The opposition at the top."""
        ...

    @property
    def politics(self) -> Politics:
        """What stands by party, and the politics at the top."""
        ...

    @property
    def constitution(self) -> Constitution | None:
        """The constitution at the top."""
        ...

    @property
    def ratification(self) -> Ratification:
        """Lead times, and the majority at the top."""
        ...

    @property
    def public(self) -> PublicOpinion | None:
        """The public at the top."""
        ...

    @property
    def incidents(self) -> Incidents:
        """Incidents, and what they do to approval at the top."""
        ...

    @property
    def homes(self) -> Mapping[str, HomeParts]:
        """Homes by party."""
        ...

    @property
    def preconditions(self) -> Mapping[str, Precondition]:
        """Demands by id."""
        ...

    @property
    def calendar(self) -> tuple[Dated, ...]:
        """Dated events."""
        ...


@dataclass(frozen=True)
class Home:
    """One home as the rules read it, wherever it stands in the file."""

    party: str
    side: Actor
    opposition_actor: Actor  # place of its opposition in the records
    path: str  # put before the paths of its parts, e.g. ``"homes.armenia."``
    politics: Politics | HomePolitics
    opposition: HomeOpposition | None
    constitution: Constitution | None
    public: PublicOpinion | None
    incident_effect: Number | None
    ratification_majority: Number | None

    def figure(self, name: str, without: float = 0.0) -> float:
        """Return a number of its politics, `without` if it is left out."""
        return value_of(getattr(self.politics, name), without)


def value_of(number: Number | None, without: float = 0.0) -> float:
    """Return the value of a number, `without` if there is none."""
    return without if number is None else number.value


def top_party(scenario: HasHomes) -> str | None:
    """Return the party whose politics stand at the top of the scenario, None if nobody's do."""
    if scenario.opposition is not None:
        return scenario.opposition.home
    return scenario.politics.home


def homes_of(scenario: HasHomes) -> dict[str, Home]:
    """Return the homes whose politics are modelled, by party, the first party's first."""
    found: dict[str, Home] = {}
    for side, party in zip((Actor.FIRST, Actor.SECOND), scenario.parties, strict=True):
        actor = Actor.SECOND_OPPOSITION if found else Actor.OPPOSITION
        if party == top_party(scenario):
            found[party] = _top_home(scenario, party, side, actor)
        elif party in scenario.homes:
            found[party] = _nested_home(scenario.homes[party], party, side, actor)
    return found


def _top_home(s: HasHomes, party: str, side: Actor, actor: Actor) -> Home:
    opposition = None
    if s.opposition is not None:
        opposition = HomeOpposition(id=s.opposition.id, name=s.opposition.name)
    return Home(
        party=party,
        side=side,
        opposition_actor=actor,
        path="",
        politics=s.politics,
        opposition=opposition,
        constitution=s.constitution,
        public=s.public,
        incident_effect=s.incidents.approval_effect,
        ratification_majority=s.ratification.majority,
    )


def _nested_home(parts: HomeParts, party: str, side: Actor, actor: Actor) -> Home:
    return Home(
        party=party,
        side=side,
        opposition_actor=actor,
        path=f"homes.{party}.",
        politics=parts.politics,
        opposition=parts.opposition,
        constitution=parts.constitution,
        public=parts.public,
        incident_effect=parts.politics.incident_effect,
        ratification_majority=parts.politics.ratification_majority,
    )


# --- what must hold of homes, each told as one line with its path


def home_problems(scenario: HasHomes) -> Iterator[str]:
    """Yield what is wrong with whose politics are modelled, and with numbers left out."""
    yield from _places_of_homes(scenario)
    for home in homes_of(scenario).values():
        yield from _missing_numbers(home)


def _places_of_homes(s: HasHomes) -> Iterator[str]:
    top = top_party(s)
    if top is not None and top not in s.parties and s.opposition is None:
        yield f"politics.home: '{top}' is neither party"
    if s.opposition is not None and s.politics.home not in (None, s.opposition.home):
        yield (
            f"politics.home: is '{s.politics.home}', and opposition.home is '{s.opposition.home}'"
        )
    for party in s.homes:
        if party not in s.parties:
            yield f"homes.{party}: '{party}' is neither party"
        elif party == top:
            yield f"homes.{party}: its politics stand at the top of the scenario already"
    if top is None:
        yield from _homeless(s)


def _homeless(s: HasHomes) -> Iterator[str]:
    """Yield the parts at the top that are nobody's politics."""
    given = [name for name in ("constitution", "public") if getattr(s, name) is not None]
    fields = HomePolitics.model_fields
    given += [f"politics.{n}" for n in fields if getattr(s.politics, n, None) is not None]
    given += ["ratification.majority"] if s.ratification.majority is not None else []
    for place in given:
        yield f"{place}: belongs to a home; name its party as politics.home or put it into homes"


def _missing_numbers(home: Home) -> Iterator[str]:
    wanted = [f"politics.{name}" for name in ALWAYS]
    if home.public is not None:
        wanted += [f"politics.{name}" for name in WITH_PUBLIC]
    if home.constitution is not None:
        wanted.append("politics.consent_per_year")
        wanted += ["constitution.yes_slope"] if home.public is not None else []
        wanted += ["constitution.campaign"] if home.opposition is not None else []
    if home.public is not None and home.opposition is not None:
        wanted += [f"public.{name}" for name in MOBILISING]
    for place in wanted:
        part, name = place.split(".")
        if getattr(getattr(home, part), name) is None:
            yield f"{home.path}{place}: is missing"
    if home.incident_effect is None:
        yield f"{home.path or 'incidents.'}" + (
            "politics.incident_effect: is missing" if home.path else "approval_effect: is missing"
        )


def seat_problems(scenario: HasHomes) -> Iterator[str]:
    """Yield governments with more seats than their parliaments."""
    for home in homes_of(scenario).values():
        if np.any(home.figure("government_seats") > home.figure("parliament_seats")):
            place = f"{home.path}politics"
            yield f"{place}.government_seats: more seats than {place}.parliament_seats"


def vote_problems(scenario: HasHomes) -> Iterator[str]:
    """Yield votes in countries that have nothing to vote by."""
    homes = homes_of(scenario)
    for key, item in scenario.preconditions.items():
        home = homes.get(item.delivered_by)
        if item.route != "constitutional" or item.delivered_by not in scenario.parties:
            continue
        if home is None or home.constitution is None:
            lacking = "politics are" if home is None else "constitution is"
            yield (
                f"preconditions.{key}.route: a vote in {item.delivered_by}, whose {lacking} "
                "not modelled; only an act or a joint step can be delivered there"
            )
    for index, event in enumerate(scenario.calendar):
        yield from _election_problems(scenario, homes, index, event.kind, event.home)


def _election_problems(
    s: HasHomes, homes: Mapping[str, Home], index: int, kind: str, named: str | None
) -> Iterator[str]:
    place = f"calendar[{index}]"
    if kind != "election":
        if named is not None:
            yield f"{place}.home: belongs to an election"
        return
    if not homes:
        yield f"{place}.kind: an election where no home's politics are modelled; write note"
    elif named is None and len(homes) > 1:
        yield f"{place}.home: is missing; politics at both homes are modelled, name one"
    elif named is not None and named not in homes:
        told = "whose politics are not modelled" if named in s.parties else "who is neither party"
        yield f"{place}.home: an election in {named}, {told}"


# --- the record of talks that are over


class PastCase(Protocol):
    """What the checks of a record read of a scenario."""

    @property
    def start(self) -> date:
        """First day."""
        ...

    @property
    def record(self) -> Record | None:
        """What became of the talks."""
        ...

    @property
    def sources(self) -> Mapping[str, Source]:
        """Sources by key."""
        ...

    @property
    def articles(self) -> Mapping[str, object]:
        """Articles by id."""
        ...

    @property
    def preconditions(self) -> Mapping[str, object]:
        """Preconditions by id."""
        ...

    @property
    def calendar(self) -> tuple[Dated, ...]:
        """Dated events."""
        ...

    def numbers(self) -> Iterator[tuple[str, Number]]:
        """Yield every number with its path."""
        ...


def record_problems(s: PastCase) -> Iterator[str]:
    """Yield the answers that a past case lacks, and the facts from after its start."""
    if (record := s.record) is None:
        return
    for key in record.sources:
        if key not in s.sources:
            yield f"record.sources: unknown source '{key}'" + did_you_mean(key, s.sources)
    for kind, given, known in (
        ("preconditions", record.preconditions, s.preconditions),
        ("terms", record.terms, s.articles),
        ("order", ordered := [key for together in record.order for key in together], s.articles),
    ):
        for key in given:
            if key not in known:
                yield f"record.{kind}.{key}: the scenario has none" + did_you_mean(key, known)
    for key in sorted({key for key in ordered if ordered.count(key) > 1}):
        yield f"record.order.{key}: stands in it more than once"
    for key in s.preconditions:
        if key not in record.preconditions:
            yield f"record.preconditions.{key}: has no answer; write met, waived or blocking"
    for name in ("interim", "closed", "signed", "in_force", "lapsed"):
        day = getattr(record, name)
        if day is not None and not s.start < day <= record.until:
            yield f"record.{name}: {day} must lie after {s.start} and not after {record.until}"
    if record.signed is None and (record.in_force or record.first_ratification is not None):
        yield "record.signed: is missing, and what was ratified or is in force was signed"
    if not s.start < record.until:
        yield f"record.until: {record.until} must lie after the start, {s.start}"
    yield from _too_late(s)


def _too_late(s: PastCase) -> Iterator[str]:
    """Yield each source from after the start that something rests on which rules read."""
    cited: dict[str, str] = {}
    for path, number in s.numbers():
        for key in number.sources or (number.basis,):
            cited.setdefault(key, path)
    for index, event in enumerate(s.calendar):
        cited.setdefault(event.basis, f"calendar[{index}]")
    for key, path in cited.items():
        day = s.sources[key].public_by if key in s.sources else "-"
        if not day:
            yield f"sources.{key}.date: is missing, and {path} of a past case rests on it"
        elif day[:4].isdigit() and day > s.start.isoformat()[: len(day)]:
            yield (
                f"sources.{key}: is from {day}, after the start, and {path} rests on it; cite what "
                f"was known by {s.start}, or state 'known'"
            )
