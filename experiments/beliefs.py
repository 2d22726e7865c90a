"""Beliefs beside what comes: weeks to a text, concessions, and what an interim deal brings."""

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from experiments.figures import number, per_cent, share
from experiments.study import Findings, Part, Study, Table
from sim.analysis import Results, estimate
from sim.config.scenario import Scenario

Floats = NDArray[np.float64]
YEAR = 365.25 / 7
"""Weeks of a year."""
SIDES = ("first", "second")


def cells_of(sweep: Results, agenda: str) -> dict[str, NDArray[np.int64]]:
    """Return the cell of each reading under one agenda."""
    groups = sweep.groups(["preset", "agenda"])
    return {str(g.values["preset"]): g.cells for g in groups if g.values["agenda"] == agenda}


def scenarios(sweep: Results) -> dict[str, Scenario]:
    """Return the negotiation as each reading has it."""
    found: dict[str, Scenario] = {}
    for n, entry in enumerate(sweep.plan.combinations):
        found.setdefault(str(entry.values["preset"]), sweep.scenario_of(n))
    return found


def weeks_table(sweep: Results) -> pl.DataFrame:
    """Return the weeks that each side believes the open rest takes, and those that it takes."""
    text, rows = sweep.outcome("text_week"), []
    of = scenarios(sweep)
    for reading, cells in cells_of(sweep, "single_undertaking").items():
        closed = text[cells] >= 0
        came = np.where(closed, text[cells], np.nan)
        believed = [of[reading].settlement_weeks[party].value for party in of[reading].parties]
        rows.append(
            {
                "reading": reading,
                **{
                    f"{of[reading].actors[party].name} believes": weeks
                    for party, weeks in zip(of[reading].parties, believed, strict=True)
                },
                "text closed": per_cent(share(closed.astype(float))),
                "in weeks, if closed": number(estimate(came), 1),
                "sooner than both believe": per_cent(share((came < min(believed)).astype(float))),
            }
        )
    return pl.DataFrame(rows)


def exposed_weeks(sweep: Results, cells: NDArray[np.int64]) -> Floats:
    """Return the weeks of each run until something is signed or the talks end."""
    signed, weeks = sweep.outcome("signed_week")[cells], sweep.outcome("weeks")[cells]
    found: Floats = np.where(signed >= 0, signed + 1.0, weeks)
    return np.maximum(found, 1.0)


def concessions_table(sweep: Results) -> pl.DataFrame:
    """Return the yearly rate of unilateral concessions that each side expects of the other."""
    rows = []
    of = scenarios(sweep)
    for reading, cells in cells_of(sweep, "single_undertaking").items():
        scenario, weeks = of[reading], exposed_weeks(sweep, cells)
        for side, party in enumerate(scenario.parties):
            other = scenario.parties[1 - side]
            made = sweep.outcome(f"concessions_{SIDES[1 - side]}")[cells]
            rate = estimate(made / weeks.mean() * YEAR)
            rows.append(
                {
                    "reading": reading,
                    "who": scenario.actors[party].name,
                    "expects of": scenario.actors[other].name,
                    "a year, believed at the start": scenario.beliefs[
                        party
                    ].rate_mean_per_year.value,
                    "a year, come": number(rate),
                    "in a run": number(estimate(made)),
                }
            )
    return pl.DataFrame(rows)


def interim_table(sweep: Results) -> pl.DataFrame:
    """Return what an interim deal was believed to bring when it was signed, and what it brought.

    Come is what stood at the end of the same run less that of its twin under single undertaking.
    """
    rows = []
    of = scenarios(sweep)
    alone, allowed = cells_of(sweep, "single_undertaking"), cells_of(sweep, "interim_allowed")
    for reading, cells in allowed.items():
        scenario = of[reading]
        signed = sweep.outcome("interim_week")[cells] >= 0
        for side, party in enumerate(scenario.parties):
            gain = sweep.outcome(f"interim_gain_{SIDES[side]}")[cells]
            worth = sweep.outcome(f"utility_{SIDES[side]}")
            change = worth[cells] - worth[alone[reading]]
            rows.append(
                {
                    "reading": reading,
                    "who": scenario.actors[party].name,
                    "interim deals": per_cent(share(signed.astype(float))),
                    "gain, believed": number(estimate(np.where(signed, gain, np.nan)), 3),
                    "gain, come": number(estimate(np.where(signed, change, np.nan)), 3),
                }
            )
    return pl.DataFrame(rows)


def analyse(results: Mapping[str, Results]) -> Findings:
    """Return what was believed beside what came."""
    sweep = results["sweep"]
    weeks, rates, interim = weeks_table(sweep), concessions_table(sweep), interim_table(sweep)
    first = weeks.row(0, named=True)
    names = [column for column in weeks.columns if column.endswith(" believes")]
    return Findings(
        main=(
            f"In the scenario as it stands both sides start from {first[names[0]]:g} and "
            f"{first[names[1]]:g} weeks for what is open; the text closes in "
            f"{first['text closed']} of the runs, then in {first['in weeks, if closed']} weeks, "
            f"and sooner than both believe in {first['sooner than both believe']}."
        ),
        sentences=(
            "Unilateral concessions, a year, believed at the start and come: "
            + "; ".join(
                f"{row['who']} of {row['expects of']} "
                f"{row['a year, believed at the start']:g} and {row['a year, come']}"
                for row in rates.head(2).iter_rows(named=True)
            )
            + " (the scenario as it stands; every reading in the table).",
            "An interim deal, where one is signed, was believed to be worth more than refusing it, "
            "by construction; what it brought is what stood at the end less the same run without: "
            + "; ".join(
                f"{row['who']} in reading `{row['reading']}` {row['gain, believed']} and "
                f"{row['gain, come']}"
                for row in interim.iter_rows(named=True)
                if row["gain, come"] not in ("none",)
            )
            + ".",
        ),
        tables=(
            Table("Weeks until what is open is closed.", weeks),
            Table("Unilateral concessions, until something is signed or the talks end.", rates),
            Table("What an interim deal adds, in each side's own utility.", interim),
        ),
    )


STUDY = Study(
    name="beliefs",
    title="Beliefs beside what comes",
    question=(
        "Do the talks take as long, bring as many concessions and reward an interim deal as the "
        "sides of the model believe that they will?"
    ),
    design=(
        "Every reading at its stated values, under single undertaking and with interim deals "
        "allowed, on the same shocks. Beliefs at the start are numbers of the scenario; what an "
        "interim deal is believed to bring is what the sides reckoned when they signed it."
    ),
    parts={"sweep": Part("beliefs", ("replicates=60", "preset=none,yerevan,opposition"))},
    analyse=analyse,
    overturn=(
        "Other ranges of the beliefs: they are assumptions, and what comes follows from them in "
        "part, since a side that expects a settlement soon settles sooner."
    ),
    caveat=(
        "A belief that does not come true is no error of the sides: they know the rates and not "
        "each other, and what came in the record is one course among many."
    ),
    reading=("Muth (1961) on the beliefs that a model implies, which these are not made to be.",),
)
