"""The report of two sweeps compared."""

import math
from functools import cache

from sim.analysis.compare import Comparison, compare
from sim.analysis.page import queries
from sim.analysis.page.content import (
    LIMITS,
    Number,
    Report,
    Say,
    Section,
    Statement,
    in_words,
    interval,
    part,
    renamed,
)
from sim.analysis.page.sweep_page import facts
from sim.analysis.results import Results
from sim.analysis.signing import signing_rates


def comparison_report(one: Results, other: Results, say: Say) -> Report:
    """Return everything on the page of two sweeps.

    Raises
    ------
    NotInResults
        If they have no cell in common.
    """
    say("comparing")
    found = compare(one, other)
    make = cache(lambda: found)
    pairs = part(
        "pairs",
        "Cell by cell",
        make,
        lambda r: renamed(
            in_words(
                interval(r.to_frame(), "difference", "difference, points [95 %]", "low", "high"),
                {"first": ".1%", "second": ".1%"},
            ),
            {"first": "first sweep", "second": "second sweep", "more": "runs with more",
             "less": "runs with less", "differs_in": "differs in"},
        ),
        lambda r: r.plot(),
    )  # fmt: skip
    plans = part("plans", "In what they differ", make, lambda r: r.plans, None, lambda r: r.plans,
                 notes=False)  # fmt: skip
    say("signing rates of both")
    rates = [
        part(
            f"signing_rates_{name}",
            f"The {name} sweep by cell",
            lambda results=results: signing_rates(results),  # type: ignore[misc]
            lambda r: interval(
                r.to_frame(), "signed", "signed, % [95 %]"
            ).select(*r.keys, "runs", "signed, % [95 %]"),
        )
        for name, results in (("first", one), ("second", other))
    ]  # fmt: skip
    gaps = tuple(f"First sweep: {note}" for note in one.notes)
    gaps += tuple(f"Second sweep: {note}" for note in other.notes)
    return Report(
        title="Two sweeps compared",
        subtitle=f"{one.folder} and {other.folder}",
        facts=(
            *((f"first: {name}", value) for name, value in facts(one)),
            *((f"second: {name}", value) for name, value in facts(other)),
        ),
        gaps=gaps,
        statements=_answer(found, one, other),
        where="in the folder from which sim report was called",
        limits=LIMITS,
        sections=(
            Section(
                "plans",
                "What differs in the plans",
                "The lines, seeds, versions and all settings in which the two differ.",
                (plans,),
            ),
            Section(
                "pairs",
                "Cells in common",
                "Cells are matched by the values of the keys that both sweeps have. "
                + (
                    "Both met the same shocks, so runs are compared one by one."
                    if found.paired
                    else "They did not meet the same shocks, so they are compared as independent "
                    "samples."
                ),
                (pairs,),
            ),
            Section("rates", "How often something is signed", "In each sweep.", tuple(rates)),
        ),
    )


def _answer(found: Comparison, one: Results, other: Results) -> tuple[Statement, ...]:
    """Return the comparison in a few sentences."""
    said = [_difference(found, one, other)]
    words = sorted({path for pair in found.pairs for path in pair.differs})
    if words:
        shown = "; ".join(words[:6]) + ("; and more, see below" if len(words) > 6 else "")
        said.append(Statement(_plain(f"These cells differ in: {shown}.")))
    else:
        said.append(Statement("The settings of these cells are the same in both sweeps."))
    return tuple(said)


def _difference(found: Comparison, one: Results, other: Results) -> Statement:
    """Return the difference over all cells in common, and the query that finds it again."""
    names = ("difference", "low", "high")
    mean = found.overall
    up = not mean.value < 0.0
    ends = (mean.value, mean.low, mean.high) if up else (-mean.value, -mean.high, -mean.low)
    numbers = {name: Number(x, "percent") for name, x in zip(names, ends, strict=True)}
    how = "run by run on the same shocks" if found.paired else "as independent samples"
    more = "more" if up else "less"
    text = (
        "In the cells in common something is signed {difference} [{low}, {high}] percentage "
        f"points {more} often in the second sweep than in the first, {how}."
    )
    pairs = [(pair.one, pair.other) for pair in found.used]
    if not pairs:
        return Statement("No cell in common has outcomes in both sweeps, so nothing is compared.")
    if math.isnan(mean.value):
        return Statement(
            "No replicate is complete in all cells in common, so there is no difference over all "
            "of them; cells are compared below."
        )
    freedom = found.freedom
    if not up:
        # The query gives the numbers as the sentence does: the first sweep less the second.
        one, other, pairs = other, one, [(b, a) for a, b in pairs]
        freedom = (freedom[1], freedom[0])
    query = (
        queries.difference_of_sweeps(one, other, pairs, names)
        if found.paired
        else queries.difference_of_samples(one, other, pairs, names, freedom)
    )
    return Statement(text, numbers, query)


def _plain(text: str) -> str:
    """Return a text that a template takes as it is."""
    return text.replace("{", "(").replace("}", ")")
