"""A negotiation as data, and the checks across its parts, each told as one line with its path."""

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
from pydantic import BaseModel, Field, ValidationError, model_validator

from sim.config.conduct import (
    Belief,
    Channel,
    Coercion,
    Constitution,
    Dated,
    Drafts,
    Dropping,
    Happened,
    Incidents,
    Lapse,
    Mediation,
    Mediator,
    Politics,
    Precondition,
    Provision,
    PublicOpinion,
    Ratification,
    Record,
    Source,
    Successor,
    Unilateral,
)
from sim.config.homes import (
    Home,
    HomeParts,
    Opposition,
    home_problems,
    homes_of,
    record_problems,
    seat_problems,
    vote_problems,
)
from sim.config.messages import further_problems, problem_lines, valid_parts
from sim.config.number import (
    ASSUMPTION,
    DERIVED,
    RESERVED,
    Amount,
    Day,
    Duration,
    Exponent,
    Id,
    Model,
    Number,
    Share,
)
from sim.config.short import long_form, with_word_problems
from sim.errors import ConfigError, did_you_mean
from sim.model.codes import Actor as Code

BY_PARTY = (
    "status_quo",
    "discount_rate",
    "deadline_weeks",
    "settlement_weeks",
    "unilateral",
    "beliefs",
    "holdout_odds",
    "opponent_error",
)
"""Fields of a scenario with one entry a party."""
BY_PARTY_WITHIN = (
    ("drafts", "reply_days"),
    ("politics", "office_value"),
    ("politics", "survival_gain"),
    ("politics", "audience_cost"),
    ("politics", "ratifier_reservation"),
    ("ratification", "lead_days"),
)
"""The same, one level down."""


def cross_problems(scenario: "Scenario") -> list[str]:
    """Return one line a problem; an empty list if the parts fit.

    scenario: a scenario whose fields are valid one by one.
    """
    return [line for check in _checks() for line in check(scenario)]


def _checks() -> tuple[Callable[["Scenario"], Iterable[str]], ...]:
    return (
        _actor_problems,
        home_problems,
        value_problems,
        vote_problems,
        _successor_problems,
        _mediator_problems,
        _precondition_problems,
        _source_problems,
        record_problems,
        _channel_problems,
    )


def value_problems(scenario: "Scenario") -> list[str]:
    """Return those of `cross_problems` that can come of other values alone; of any point's."""
    return [
        *_party_problems(scenario),
        *_text_problems(scenario),
        *_weight_problems(scenario),
        *seat_problems(scenario),
    ]


def _actor_problems(s: "Scenario") -> Iterator[str]:
    places = _actor_places(s)
    if len(set(places.values())) < len(places):
        yield f"parties: the actors must differ, got {', '.join(places.values())}"
    for place, actor in places.items():
        if actor not in s.actors:
            yield f"{place}: unknown actor '{actor}'" + did_you_mean(actor, s.actors)
    for actor in s.actors:
        if actor not in places.values():
            yield f"actors.{actor}: is neither party, mediator nor opposition" + did_you_mean(
                actor, s.actor_ids
            )
    if s.opposition is not None:
        yield from _is_party(s, "opposition.home", s.opposition.home)


def _actor_places(s: "Scenario") -> dict[str, str]:
    """Return the actor ids that the scenario names, by where it does."""
    places = {"parties[0]": s.first, "parties[1]": s.second}
    if s.mediator is not None:
        places["mediator.id"] = s.mediator.id
    if s.opposition is not None:
        places["opposition.id"] = s.opposition.id
    for party, parts in s.homes.items():
        if parts.opposition is not None:
            places[f"homes.{party}.opposition.id"] = parts.opposition.id
    return places


def _successor_problems(s: "Scenario") -> Iterator[str]:
    for party, successor in s.successors.items():
        place = f"successors.{party}"
        yield from _is_party(s, place, party)
        if party in s.parties and party not in s.all_homes:
            yield f"{place}: no politics are modelled at its home, so no government falls there"
        if successor.like not in s.actor_ids:
            hint = did_you_mean(successor.like, s.actor_ids)
            yield f"{place}.like: unknown actor '{successor.like}'{hint}"
        elif successor.like == party:
            yield f"{place}.like: must be another actor, got the party itself"


def _mediator_problems(s: "Scenario") -> Iterator[str]:
    if s.mediator is not None:
        if s.mediation is None:
            yield "mediation: is missing; the scenario has a mediator"
        return
    if s.mediation is not None:
        yield "mediation: belongs to a mediator, and the scenario has none"
    for index, event in enumerate(s.calendar):
        if event.kind == "administration":
            yield f"calendar[{index}].kind: a change of administration, and there is no mediator"
        elif event.attention is not None:
            yield f"calendar[{index}].attention: belongs to a mediator, and there is none"


def _is_party(s: "Scenario", place: str, name: str) -> Iterator[str]:
    if name not in s.parties:
        yield f"{place}: unknown party '{name}'" + did_you_mean(name, s.parties)


def _complete(place: str, given: Iterable[str], wanted: tuple[str, ...]) -> Iterator[str]:
    keys = list(given)
    slips = {key.casefold() for key in keys}
    for key in keys:
        if key not in wanted:
            yield f"{place}.{key}: unknown actor '{key}'" + did_you_mean(key, wanted)
    for key in wanted:
        if key not in keys and key.casefold() not in slips:
            yield f"{place}.{key}: is missing"


def _party_problems(s: "Scenario") -> Iterator[str]:
    for name in BY_PARTY:
        yield from _complete(name, getattr(s, name), s.parties)
    for outer, inner in BY_PARTY_WITHIN:
        yield from _complete(f"{outer}.{inner}", getattr(getattr(s, outer), inner), s.parties)
    yield from _complete("curvature", s.curvature, s.actor_ids)
    for place, given in (
        ("politics.anticipates_ratifier", s.politics.anticipates_ratifier),
        ("coercion", s.coercion),
        ("dropping", s.dropping),
    ):
        for party in given:
            yield from _is_party(s, f"{place}.{party}", party)
    yield from _is_party(s, "drafts.first_mover", s.drafts.first_mover)
    if np.any(s.drafts.half_tolerance.value < s.drafts.tolerance.value):
        yield "drafts.half_tolerance: must not lie below drafts.tolerance"


def _provision_places(s: "Scenario") -> Iterator[tuple[str, str]]:
    """Yield (id, path) of the preamble and each article."""
    for key in s.provisions:
        yield key, key if key == "preamble" else f"articles.{key}"


def _text_problems(s: "Scenario") -> Iterator[str]:
    seen_ids, seen_titles = dict[str, str](), dict[str, str]()
    if "preamble" in s.articles:
        yield "articles.preamble: duplicate of the preamble; articles need other ids"
    actors, provisions = s.actor_ids, s.provisions
    for key, place in _provision_places(s):
        provision = provisions[key]
        yield from _complete(f"{place}.weights", provision.weights, actors)
        yield from _complete(f"{place}.ideals", provision.ideals, actors)
        for party in provision.opening:
            yield from _is_party(s, f"{place}.opening.{party}", party)
        for seen, word, what in (
            (seen_ids, key.casefold(), "id"),
            (seen_titles, provision.title.casefold(), "title"),
        ):
            if word in seen:
                yield f"{place}: duplicate {what}, the same as {seen[word]}"
            seen[word] = place
        if provision.levels and provision.position is not None:
            steps = provision.position.value * (provision.levels - 1)
            if np.any(np.abs(steps - np.round(steps)) > 1e-9):
                given = f"{place}.position: {np.min(provision.position.value):g}"
                yield f"{given} is not one of its {provision.levels} equally spaced wordings"


def _weight_problems(s: "Scenario") -> Iterator[str]:
    rows = [p.weights for p in s.provisions.values()]
    rows += [p.weights for p in s.preconditions.values() if p.status != "dormant"]
    for actor in s.actor_ids:
        given = [row[actor].value for row in rows if actor in row]
        if given and np.any(sum(given) == 0.0):
            yield f"weights.{actor}: all weights of '{actor}' are zero"


def _precondition_problems(s: "Scenario") -> Iterator[str]:
    for key, item in s.preconditions.items():
        place = f"preconditions.{key}"
        if key in s.provisions:
            yield f"{place}: duplicate id, the same as an article"
        yield from _is_party(s, f"{place}.demanded_by", item.demanded_by)
        yield from _is_party(s, f"{place}.delivered_by", item.delivered_by)
        yield from _complete(f"{place}.weights", item.weights, s.actor_ids)
        yield from _complete(f"{place}.ideals", item.ideals, s.actor_ids)
        if item.route == "act" and item.demanded_by == item.delivered_by:
            yield f"{place}.delivered_by: the party that demands an act cannot be its deliverer"
        if item.ready is not None and item.route != "constitutional":
            yield f"{place}.ready: only the constitutional route has a timetable of its own"


def _source_problems(s: "Scenario") -> Iterator[str]:
    for word in RESERVED:
        if word in s.sources:
            yield f"sources.{word}: '{word}' is a reserved word, not the key of a source"
    for path, number in s.numbers():
        keys = number.sources if number.basis in RESERVED else (number.basis,)
        for key in keys:
            if key not in s.sources:
                yield f"{path}.basis: unknown source '{key}'" + did_you_mean(
                    key, (*s.sources, ASSUMPTION, DERIVED)
                )
    for index, event in enumerate(s.calendar):
        if event.basis not in s.sources and event.basis != ASSUMPTION:
            yield f"calendar[{index}].basis: unknown source '{event.basis}'" + did_you_mean(
                event.basis, (*s.sources, ASSUMPTION)
            )
        if event.kind == "administration" and event.attention is None:
            yield f"calendar[{index}].attention: is missing for a change of administration"
    for index, past in enumerate(s.timeline):
        if past.source not in s.sources and past.source != ASSUMPTION:
            yield f"timeline[{index}].source: unknown source '{past.source}'" + did_you_mean(
                past.source, (*s.sources, ASSUMPTION)
            )


def _channel_problems(s: "Scenario") -> Iterator[str]:
    reached: dict[str, set[str]] = {}
    seen = set()
    for index, channel in enumerate(s.channels):
        place = f"channels[{index}].between"
        one, other = channel.between
        for actor in channel.between:
            if actor not in s.actor_ids:
                yield f"{place}: unknown actor '{actor}'" + did_you_mean(actor, s.actor_ids)
        if one == other:
            yield f"{place}: a channel needs two different ends, got '{one}' twice"
        elif frozenset(channel.between) in seen:
            yield f"{place}: duplicate of an earlier channel between {one} and {other}"
        seen.add(frozenset(channel.between))
        joined = reached.get(one, {one}) | reached.get(other, {other})
        reached |= dict.fromkeys(joined, joined)
    if s.second not in reached.get(s.first, ()):
        yield f"channels: no path connects {s.first} and {s.second}"


# --- a negotiation as data: parties, text, preconditions, beliefs, calendar and sources

PREAMBLE = "preamble"
"""Id under which the preamble stands beside the articles."""


class Actor(Model):
    """One of the actors, as it is named to readers."""

    name: str = Field(min_length=1)
    demonym: str = ""
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
    mediator: Mediator | None = None
    opposition: Opposition | None = None
    actors: dict[Id, Actor]
    sources: dict[Id, Source]
    preamble: Provision
    articles: dict[Id, Provision] = Field(min_length=1, max_length=31)
    preconditions: dict[Id, Precondition] = Field(default={}, max_length=8)
    status_quo: dict[str, Number]
    discount_rate: dict[str, Amount]
    coercion: dict[str, Coercion] = Field(default_factory=dict)
    dropping: dict[str, Dropping] = Field(default_factory=dict)
    successors: dict[str, Successor] = Field(default_factory=dict)
    curvature: dict[str, Exponent]
    deadline_weeks: dict[str, Duration | None]
    settlement_weeks: dict[str, Duration]
    drafts: Drafts
    unilateral: dict[str, Unilateral]
    beliefs: dict[str, Belief]
    holdout_odds: dict[str, Share]
    opponent_error: dict[str, Amount]
    politics: Politics
    homes: dict[str, HomeParts] = Field(default={})
    constitution: Constitution | None = None
    ratification: Ratification
    lapse: Lapse
    public: PublicOpinion | None = None
    mediation: Mediation | None = None
    channels: tuple[Channel, ...] = Field(min_length=1, max_length=6)
    incidents: Incidents
    calendar: tuple[Dated, ...] = Field(default=(), max_length=16)
    timeline: tuple[Happened, ...] = ()
    record: Record | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> "Scenario":
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
    def all_homes(self) -> dict[str, Home]:
        """The homes whose politics are modelled, by party, the first party's first."""
        return homes_of(self)

    @property
    def cast(self) -> dict[Code, str]:
        """Ids of the actors that there are, by their place in the records."""
        found = {Code.FIRST: self.first, Code.SECOND: self.second}
        if self.mediator is not None:
            found[Code.MEDIATOR] = self.mediator.id
        for home in self.all_homes.values():
            if home.opposition is not None:
                found[home.opposition_actor] = home.opposition.id
        return found

    @property
    def actor_ids(self) -> tuple[str, ...]:
        """Ids of the actors that there are: parties, mediator, oppositions."""
        return tuple(self.cast.values())

    def code_of(self, actor_id: str) -> Code:
        """Return the place of an actor in the records."""
        return next(code for code, actor in self.cast.items() if actor == actor_id)

    @property
    def provisions(self) -> dict[str, Provision]:
        """Preamble and articles in the order of the text; issue `i` is the i-th of them."""
        return {PREAMBLE: self.preamble, **self.articles}

    def numbers(self) -> Iterator[tuple[str, Number]]:
        """Yield every number with its path, e.g. ``articles.VII.weights.armenia``."""
        yield from _numbers(self, "")


def _numbers(node: object, path: str) -> Iterator[tuple[str, Number]]:
    if isinstance(node, Number):
        yield path, node
    elif isinstance(node, BaseModel):
        for name in type(node).model_fields:
            yield from _numbers(getattr(node, name, None), f"{path}.{name}" if path else name)
    elif isinstance(node, Mapping):
        for key, value in node.items():
            yield from _numbers(value, f"{path}.{key}")
    elif isinstance(node, tuple):
        for index, value in enumerate(node):
            yield from _numbers(value, f"{path}[{index}]")


# --- from a plain mapping to a scenario


def build_scenario(plain: Mapping[str, object], prefix: str = "") -> Scenario:
    """Validate a plain mapping.

    plain: as read from YAML.
    prefix: put before each path in messages, e.g. ``"scenario"``.

    Raises ConfigError with one line a problem.
    """
    long = long_form(plain)
    try:
        return Scenario.model_validate(long)
    except ValidationError as error:
        lines = with_word_problems(problem_lines(error, Scenario, prefix), plain, prefix)
        further = further_problems(*valid_parts(Scenario, long), _checks())
        lines += [f"{prefix}.{line}" if prefix else line for line in further]
        raise ConfigError(lines) from error
    except ConfigError as error:
        lines = [f"{prefix}.{line}" if prefix else line for line in error.problems]
        raise ConfigError(lines) from error
