"""Checks across the parts of a scenario, each told as one line with its path."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import networkx as nx

from sim.errors import did_you_mean
from sim.scenario.number import ASSUMPTION, DERIVED, RESERVED

if TYPE_CHECKING:
    from sim.scenario.model import Scenario

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

    Parameters
    ----------
    scenario : Scenario
        A scenario whose fields are valid one by one.
    """
    return [
        *_actor_problems(scenario),
        *value_problems(scenario),
        *_precondition_problems(scenario),
        *_source_problems(scenario),
        *_channel_problems(scenario),
    ]


def value_problems(scenario: "Scenario") -> list[str]:
    """Return the problems among those of `cross_problems` that can come of other values alone."""
    return [
        *_party_problems(scenario),
        *_text_problems(scenario),
        *_weight_problems(scenario),
        *_parliament_problems(scenario),
    ]


def _actor_problems(s: "Scenario") -> Iterator[str]:
    """Check for four different actors, all of them named."""
    if len(set(s.actor_ids)) < 4:
        yield f"parties: the four actors must differ, got {', '.join(s.actor_ids)}"
    places = ("parties[0]", "parties[1]", "mediator.id", "opposition.id")
    for place, actor in zip(places, s.actor_ids, strict=True):
        if actor not in s.actors:
            yield f"{place}: unknown actor '{actor}'" + did_you_mean(actor, s.actors)
    for actor in s.actors:
        if actor not in s.actor_ids:
            yield f"actors.{actor}: is neither party, mediator nor opposition" + did_you_mean(
                actor, s.actor_ids
            )
    yield from _is_party(s, "opposition.home", s.opposition.home)


def _is_party(s: "Scenario", place: str, name: str) -> Iterator[str]:
    """Report an id that is not one of the two parties."""
    if name not in s.parties:
        yield f"{place}: unknown party '{name}'" + did_you_mean(name, s.parties)


def _complete(place: str, given: Iterable[str], wanted: tuple[str, ...]) -> Iterator[str]:
    """Report keys that are unknown or missing."""
    keys = list(given)
    for key in keys:
        if key not in wanted:
            yield f"{place}.{key}: unknown actor '{key}'" + did_you_mean(key, wanted)
    for key in wanted:
        if key not in keys:
            yield f"{place}.{key}: is missing"


def _party_problems(s: "Scenario") -> Iterator[str]:
    """Check that what is said by party is said for both."""
    for name in BY_PARTY:
        yield from _complete(name, getattr(s, name), s.parties)
    for outer, inner in BY_PARTY_WITHIN:
        yield from _complete(f"{outer}.{inner}", getattr(getattr(s, outer), inner), s.parties)
    yield from _complete("curvature", s.curvature, s.actor_ids)
    for party in s.politics.anticipates_ratifier:
        yield from _is_party(s, f"politics.anticipates_ratifier.{party}", party)
    yield from _is_party(s, "drafts.first_mover", s.drafts.first_mover)
    if s.drafts.half_tolerance.value < s.drafts.tolerance.value:
        yield "drafts.half_tolerance: must not lie below drafts.tolerance"


def _provision_places(s: "Scenario") -> Iterator[tuple[str, str]]:
    """Yield (id, path) of the preamble and each article."""
    for key in s.provisions:
        yield key, key if key == "preamble" else f"articles.{key}"


def _text_problems(s: "Scenario") -> Iterator[str]:
    """Check provisions: known actors, no duplicates, discrete wordings hit."""
    seen_ids: dict[str, str] = {}
    seen_titles: dict[str, str] = {}
    if "preamble" in s.articles:
        yield "articles.preamble: duplicate of the preamble; articles need other ids"
    for key, place in _provision_places(s):
        provision = s.provisions[key]
        yield from _complete(f"{place}.weights", provision.weights, s.actor_ids)
        yield from _complete(f"{place}.ideals", provision.ideals, s.actor_ids)
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
            if abs(steps - round(steps)) > 1e-9:
                yield (
                    f"{place}.position: {provision.position.value:g} is not one of its "
                    f"{provision.levels} equally spaced wordings"
                )


def _weight_problems(s: "Scenario") -> Iterator[str]:
    """Check that every actor cares about something that is on the table."""
    for actor in s.actor_ids:
        rows = [p.weights for p in s.provisions.values()]
        rows += [p.weights for p in s.preconditions.values() if p.status != "dormant"]
        given = [row[actor].value for row in rows if actor in row]
        if given and not any(given):
            yield f"weights.{actor}: all weights of '{actor}' are zero"


def _precondition_problems(s: "Scenario") -> Iterator[str]:
    """Check preconditions: known parties and actors, no clash of names."""
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
    """Check that every basis is a source of this scenario or a reserved word."""
    for word in RESERVED:
        if word in s.sources:
            yield f"sources.{word}: '{word}' is a reserved word, not the key of a source"
    for path, number in s.numbers():
        keys = number.sources if number.basis == DERIVED else (number.basis,)
        for key in keys:
            if key not in s.sources and (number.basis == DERIVED or key not in RESERVED):
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
    """Check the graph of channels: known ends, no double edges, the parties connected."""
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(s.parties)
    for index, channel in enumerate(s.channels):
        place = f"channels[{index}].between"
        one, other = channel.between
        for actor in channel.between:
            if actor not in s.actor_ids:
                yield f"{place}: unknown actor '{actor}'" + did_you_mean(actor, s.actor_ids)
        if one == other:
            yield f"{place}: a channel needs two different ends, got '{one}' twice"
        elif graph.has_edge(one, other):
            yield f"{place}: duplicate of an earlier channel between {one} and {other}"
        graph.add_edge(one, other)
    if not nx.has_path(graph, s.first, s.second):
        yield f"channels: no path connects {s.first} and {s.second}"


def _parliament_problems(s: "Scenario") -> Iterator[str]:
    """Check that a government has no more seats than its parliament."""
    if s.politics.government_seats.value > s.politics.parliament_seats.value:
        yield "politics.government_seats: more seats than politics.parliament_seats"
