"""The outcomes that depend on the scenario: its articles, its preconditions, a second home."""

import numpy as np
from numpy.typing import NDArray

from sim.config.scenario import Scenario
from sim.runs.outcomes import Column


def scenario_columns(scenario: Scenario) -> tuple[Column, ...]:
    """Return the columns that depend on the scenario: what was open, preconditions, a second home.

    Named by the scenario's ids: ``position_VII``, ``article_VII``, ``precondition_constitution``,
    and where the politics of both parties are modelled, ``approval_azerbaijan`` for the second's.
    """
    first, second = (scenario.actors[party].name for party in scenario.parties)
    columns: list[Column] = []
    for key, provision in scenario.provisions.items():
        if provision.status == "agreed":
            continue
        columns.append(
            Column(
                f"position_{key}",
                "f8",
                "position",
                f"final position, 0 {first}'s wording, 1 {second}'s: {provision.title}",
            )
        )
        columns.append(Column(f"article_{key}", "i1", "code", f"final status: {provision.title}"))
    columns += [
        Column(f"precondition_{key}", "i1", "code", f"final status: {entry.title}")
        for key, entry in scenario.preconditions.items()
    ]
    if len(scenario.all_homes) > 1:
        columns += _second_home_columns(scenario.second, second)
    return tuple(columns)


def _second_home_columns(party: str, name: str) -> list[Column]:
    return [
        Column(f"approval_{party}", "f8", "share", f"approval of {name}'s government at the end"),
        Column(f"opinion_{party}", "f8", "opinion", f"mean support for a treaty there: {name}"),
        Column(f"protest_{party}", "f8", "share", f"share of citizens protesting there: {name}"),
        Column(f"government_fell_{party}", "?", "flag", f"the government of {name} fell"),
    ]


def scenario_outcomes(
    scenario: Scenario, state: NDArray[np.void] | np.record
) -> dict[str, NDArray[np.generic]]:
    """Return the arrays that belong to `scenario_columns`, all of shape (runs,).

    A position that is not agreed is the midpoint of the last offers.
    """
    final = np.atleast_1d(np.asarray(state))
    found: dict[str, NDArray[np.generic]] = {}
    for i, (key, provision) in enumerate(scenario.provisions.items()):
        if provision.status != "agreed":
            found[f"position_{key}"] = final["position"][:, i].astype("f8")
            found[f"article_{key}"] = final["article"][:, i].astype("i1")
    for k, key in enumerate(scenario.preconditions):
        found[f"precondition_{key}"] = final["precondition"][:, k].astype("i1")
    if len(scenario.all_homes) > 1:
        party = scenario.second
        for name in ("approval", "opinion", "protest"):
            found[f"{name}_{party}"] = final[name][:, 1].astype("f8")
        followed = (final["government"] & 2) > 0
        found[f"government_fell_{party}"] = (final["fell"][:, 1] != 0) | followed
    return found
