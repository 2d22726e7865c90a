"""The opposition's claim, mapped: where concessions close the text and put off the signature."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from experiments.figures import number, paired, paired_share, per_cent, points, share
from experiments.study import Findings, Part, Study, Table
from sim.analysis import Estimate, Results

OURS, THEIRS = "strategy@armenia", "strategy@azerbaijan"
RULE = "precondition"
RATE = "scenario.unilateral.armenia.per_year.value"
FLOW = "scenario.status_quo.azerbaijan.value"
DISCOUNT = "scenario.discount_rate.azerbaijan.value"
SHOWN_RATE = 2.0
"""Unilateral concessions a year that are compared with none."""
PATIENT, HASTY = 0.1, 0.4
"""Yearly discount rates up to which, and from which on, Azerbaijan counts as patient or hasty."""
Cells = NDArray[np.int64]
Outcome = NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """One combination of all that is varied but the rate of concessions."""

    ours: str
    theirs: str
    rule: str
    flow: float
    discount: float


@dataclass(frozen=True)
class Change:
    """What concessions change in one combination, against none on the same shocks."""

    place: Place
    week: Estimate
    closes: Estimate
    without: Estimate
    signed: Estimate
    ever_signed: bool

    @property
    def sooner(self) -> bool:
        """Whether the text closes sooner, or where it did not close before, by the intervals."""
        return self.week.high < 0 or self.closes.low > 0

    @property
    def put_off(self) -> bool:
        """Whether signatures become rarer, by the interval."""
        return self.signed.high < 0


def cells_of(sweep: Results, rate: float) -> dict[Place, Cells]:
    """Return the cells of each combination at one rate of concessions."""
    return {
        Place(
            str(g.values[OURS]),
            str(g.values[THEIRS]),
            str(g.values[RULE]),
            float(str(g.values[FLOW])),
            float(str(g.values[DISCOUNT])),
        ): g.cells
        for g in sweep.groups([OURS, THEIRS, RULE, FLOW, DISCOUNT, RATE])
        if float(str(g.values[RATE])) == rate
    }


def closing_week(sweep: Results) -> Outcome:
    """Return the week in which the text closed, NaN where it did not."""
    weeks = sweep.outcome("text_week")
    return np.where(weeks < 0, np.nan, weeks)


def changes(sweep: Results) -> list[Change]:
    """Return what concessions change in every combination."""
    with_them, without = cells_of(sweep, SHOWN_RATE), cells_of(sweep, 0.0)
    week, signed = closing_week(sweep), sweep.outcome("signed")
    ever = np.isfinite(week).astype(float)
    return [
        Change(
            place,
            paired(week[own], week[without[place]]),
            paired_share(ever[own], ever[without[place]]),
            share(signed[without[place]]),
            paired_share(signed[own], signed[without[place]]),
            bool(signed[own].any() or signed[without[place]].any()),
        )
        for place, own in with_them.items()
    ]


def compared(sweep: Results, wanted: Callable[[Place], bool]) -> tuple[Cells, Cells]:
    """Return the cells with concessions, and those without, of all combinations wanted."""
    with_them, without = cells_of(sweep, SHOWN_RATE), cells_of(sweep, 0.0)
    places = [place for place in with_them if wanted(place)]
    return (
        np.concatenate([with_them[place] for place in places]),
        np.concatenate([without[place] for place in places]),
    )


def pooled(sweep: Results, outcome: Outcome, wanted: Callable[[Place], bool]) -> Estimate:
    """Return what concessions change of an outcome that is 0 or 1, over all that are wanted."""
    with_them, without = compared(sweep, wanted)
    return paired_share(outcome[with_them], outcome[without])


def lost(sweep: Results, wanted: Callable[[Place], bool]) -> tuple[Estimate, Estimate, Estimate]:
    """Return by what signatures are lost: runs signed without concessions and not with them.

    The shares of those in which the government fell, of the others in which the text did not
    close, and of the rest, in which it closed and was not signed.
    """
    with_them, without = compared(sweep, wanted)
    signed = sweep.outcome("signed")
    gone = (signed[without] > 0) & (signed[with_them] == 0)
    fell = sweep.outcome("government_fell")[with_them] > 0
    closed = np.isfinite(closing_week(sweep)[with_them])

    def among(kind: NDArray[np.bool_]) -> Estimate:
        """Return the share of the lost signatures that are of a kind."""
        return share(np.where(gone, kind, np.nan).astype(float))

    return among(fell), among(~fell & ~closed), among(~fell & closed)


def map_of(found: list[Change]) -> pl.DataFrame:
    """Return the map: one line a combination."""
    return pl.DataFrame(
        [
            {
                "Armenia": c.place.ours,
                "Azerbaijan": c.place.theirs,
                "constitution": c.place.rule.replace("_", " "),
                "status quo, a year": c.place.flow,
                "discount, a year": c.place.discount,
                "week of the closed text": number(c.week, 1),
                "P(text closed)": points(c.closes),
                "P(signed) without": per_cent(c.without),
                "P(signed)": points(c.signed),
                "text sooner": c.sooner,
                "signature put off": c.put_off,
            }
            for c in found
        ]
    )


def by_conduct(sweep: Results) -> pl.DataFrame:
    """Return what concessions change by both sides' ways of bargaining and by the rule."""
    week, signed = closing_week(sweep), sweep.outcome("signed")
    ever = np.isfinite(week).astype(float)
    kinds = dict.fromkeys((p.ours, p.theirs, p.rule) for p in cells_of(sweep, 0.0))
    rows = []
    for kind in kinds:

        def is_that(place: Place, kind: tuple[str, str, str] = kind) -> bool:
            """Return whether a combination is of this kind."""
            return (place.ours, place.theirs, place.rule) == kind

        rows.append(
            {
                "Armenia": kind[0],
                "Azerbaijan": kind[1],
                "constitution": kind[2].replace("_", " "),
                "week of the closed text": number(
                    paired(*(week[cells] for cells in compared(sweep, is_that))), 1
                ),
                "P(text closed)": points(pooled(sweep, ever, is_that)),
                "P(signed)": points(pooled(sweep, signed, is_that)),
            }
        )
    return pl.DataFrame(rows)


def by_rate(sweep: Results) -> pl.DataFrame:
    """Return the share of runs signed by the rate of concessions and by both strategies."""
    signed = sweep.outcome("signed")
    rows: dict[float, dict[str, object]] = {}
    for group in sweep.groups([RATE, OURS, THEIRS]):
        rate = float(str(group.values[RATE]))
        name = f"{group.values[OURS]} against {group.values[THEIRS]}"
        rows.setdefault(rate, {"concessions a year": rate})[name] = per_cent(
            share(signed[group.cells])
        )
    return pl.DataFrame(list(rows.values()))


def analyse(results: Mapping[str, Results]) -> Findings:
    """Return where the claim holds, against the same runs without concessions."""
    sweep = results["sweep"]
    found = changes(sweep)
    signed, week = sweep.outcome("signed"), closing_week(sweep)
    patiently = pooled(sweep, signed, lambda place: place.discount <= PATIENT)
    hastily = pooled(sweep, signed, lambda place: place.discount >= HASTY)
    put_off = sum(c.put_off for c in found)
    brought_on = sum(c.signed.low > 0 for c in found)
    both = sum(c.put_off and c.sooner for c in found)
    sooner = sum(c.sooner for c in found)
    later = sum(c.week.low > 0 or c.closes.high < 0 for c in found)
    silent = sum(not c.ever_signed for c in found)
    week_moved = paired(*(week[cells] for cells in compared(sweep, lambda place: True)))
    closes = pooled(sweep, np.isfinite(week).astype(float), lambda place: True)
    fell = pooled(sweep, sweep.outcome("government_fell"), lambda p: p.discount <= PATIENT)
    by_fall, by_text, by_waiting = lost(sweep, lambda place: place.discount <= PATIENT)
    return Findings(
        main=(
            f"With {SHOWN_RATE:g} unilateral concessions a year instead of none, the chance of a "
            f"signature changes by {points(patiently)} where Azerbaijan discounts at "
            f"{100 * (PATIENT):.0f} % a year or less, and by {points(hastily)} where it discounts "
            f"at {100 * (HASTY):.0f} %; of the signatures lost to a patient Azerbaijan the "
            f"government's fall takes {per_cent(by_fall)}, a text that does not close "
            f"{per_cent(by_text)}, and waiting over a closed text, which is the opposition's "
            f"reason, {per_cent(by_waiting)}."
        ),
        sentences=(
            f"Signatures become rarer in {put_off} of {len(found)} combinations of strategies, "
            f"status quo and discount rate, and more frequent in {brought_on}; in {silent} nothing "
            "is ever signed, with or without concessions, and in the others the interval holds 0.",
            f"The text closes sooner in {sooner} combinations and later, or less often, in "
            f"{later}. Both halves of the claim, a text that closes sooner and signatures that "
            f"become rarer, hold in {both} of {len(found)}. Each combination is judged by its own "
            "95 % interval: of as many without any effect, about one in forty would leave out 0 on "
            "a given side by chance.",
            "Where Azerbaijan is patient, the chance that Armenia's government falls changes by "
            f"{points(fell)}.",
            "Where it closes with and without them, concessions move the closed text by "
            f"{number(week_moved, 1)} weeks on the mean; by way of bargaining, see the table. One "
            "who holds out while they come moves later on the rest.",
            f"Concessions change the chance that the text closes at all by {points(closes)}, "
            "since they also feed the protest that can bring Armenia's government down.",
        ),
        tables=(
            Table(
                f"What {SHOWN_RATE:g} concessions a year change, over all status quos and "
                "discount rates.",
                by_conduct(sweep),
            ),
            Table("Share of runs signed, over all else that is varied.", by_rate(sweep)),
            Table(
                f"The map: {SHOWN_RATE:g} concessions a year against none on the same shocks. The "
                "last two columns say whether the interval leaves out 0; a text that closes where "
                "it did not counts as sooner.",
                map_of(found),
            ),
        ),
    )


STUDY = Study(
    name="opposition_claim",
    title="The opposition's claim: concessions that close the text and put off the signature",
    question=(
        "Do unilateral concessions close the text and put off the signature, and where does the "
        "claim fail?"
    ),
    design=(
        "The opposition's own reading with a demand that is meant, over the rate of Armenia's "
        "unilateral concessions, Azerbaijan's status-quo flow and discount rate, both sides' ways "
        "of bargaining, and whether a new constitution is asked for; Azerbaijan believes in the "
        "rate that it meets. Compared with the same runs without concessions."
    ),
    parts={
        "sweep": Part(
            "opposition_claim",
            (f"{FLOW}=0.01,0.08", f"{DISCOUNT}=0.05,0.4", "replicates=10"),
        )
    },
    analyse=analyse,
    overturn=(
        "Evidence that Baku's waiting value comes from elsewhere (an election, a summit, force), "
        "or another stock of concessions still to come: it is eight here, and taken to be known."
    ),
    caveat=(
        "Discount rates and the worth of the status quo to Azerbaijan are not observed; the map "
        "says where the claim would hold, not which cell the world is in."
    ),
    reading=("Chow, Robbins and Siegmund (1971), the monotone case; Cramton (1992).",),
)
