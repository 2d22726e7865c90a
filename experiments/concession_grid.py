"""Every concession strategy against every other, under each agenda."""

from collections.abc import Mapping

import numpy as np
import polars as pl

from experiments.figures import number, paired, per_cent, share
from experiments.study import Findings, Part, Study, Table
from sim.analysis import Results, estimate, paired_differences, strategy_game

ARMENIA, AZERBAIJAN = "strategy@armenia", "strategy@azerbaijan"


def by_strategy(results: Results, key: str) -> pl.DataFrame:
    """Return what each strategy of one side comes to, over all strategies of the other."""
    signed, text = results.outcome("signed"), results.outcome("text_week")
    week = results.outcome("signed_week")
    rows = []
    for group in results.groups([key]):
        cells = group.cells
        reached = text[cells] >= 0
        dates = week[cells][week[cells] >= 0]
        rows.append(
            {
                key: group.label,
                "P(signed)": per_cent(share(signed[cells])),
                "P(text closed)": per_cent(share(reached.astype(float))),
                "median week of signature": float(np.median(dates)) if dates.size else None,
                "Armenia's share of what was open": number(
                    estimate(np.where(reached, results.outcome("share_first")[cells], np.nan))
                ),
                "dignity, if signed": number(
                    estimate(np.where(signed[cells] > 0, results.outcome("dignity")[cells], np.nan))
                ),
            }
        )
    return pl.DataFrame(rows)


def extremes(results: Results, key: str) -> tuple[str, str]:
    """Return the strategies of one side with the highest and the lowest share of signatures."""
    signed = results.outcome("signed")
    found = {g.label: share(signed[g.cells]) for g in results.groups([key])}
    order = sorted(found, key=lambda name: -found[name].value)
    return tuple(f"{name} ({per_cent(found[name])})" for name in (order[0], order[-1]))  # type: ignore[return-value]


def played(equilibria: pl.DataFrame, party: str, strategy: str) -> int:
    """Return in how many equilibria a party plays a strategy, alone or with others."""
    mixed = pl.col(party).str.split(", ").list.eval(pl.element().str.split(" ").list.first())
    return equilibria.filter(mixed.list.contains(strategy)).height


def analyse(results: Mapping[str, Results]) -> Findings:
    """Return who signs, when and on whose terms, and the equilibria."""
    grid = results["grid"]
    signed = grid.outcome("signed")
    rates = signed.mean(axis=1)
    never = int((rates == 0).sum())
    agenda = {
        (d.value, d.than): d for d in paired_differences(grid, ["agenda"], "signed").everywhere()
    }
    (value, than), widest = max(agenda.items(), key=lambda item: abs(item[1].difference))
    most, least = extremes(grid, ARMENIA)
    most_other, least_other = extremes(grid, AZERBAIJAN)
    game = strategy_game(grid, resamples=200)
    equilibria = game.equilibria_frame()
    pure = equilibria.filter(pl.col("kind") == "pure")
    steady = pure.sort("in_resamples", descending=True).row(0, named=True)
    firm = next(g for g in grid.groups([AZERBAIJAN]) if g.label == "firm")
    soft = next(g for g in grid.groups([AZERBAIJAN]) if g.label == "conceder")
    cost = paired(
        grid.outcome("utility_second")[firm.cells], grid.outcome("utility_second")[soft.cells]
    )
    firm_one, firm_other = (played(equilibria, p, "firm") for p in ("Armenia", "Azerbaijan"))
    soft_one, soft_other = (played(equilibria, p, "conceder") for p in ("Armenia", "Azerbaijan"))
    most_shared = float(str(equilibria["in_resamples"].max()))
    return Findings(
        main=(
            f"Over all pairs of strategies a treaty is signed in {per_cent(share(signed))} of the "
            f"runs; which strategy Armenia plays moves that from {least} to {most}, which one "
            f"Azerbaijan plays from {least_other} to {most_other}."
        ),
        sentences=(
            f"{never:,} of {len(rates):,} cells never sign in any replicate.",
            f"Between agendas the widest difference is that of {value} and {than}, "
            f"{100 * widest.difference:+.1f} points [{100 * widest.low:+.1f}, "
            f"{100 * widest.high:+.1f}] on the same shocks.",
            "To Azerbaijan, standing firm instead of conceding early is worth "
            f"{number(cost, 3)} of its utility, no deal counted at the status quo.",
            f"Of the {equilibria.height} equilibria that were found, the pure one that most "
            f"resamples share is {steady['Armenia']} against {steady['Azerbaijan']} under "
            f"{steady['context']}, in {100 * steady['in_resamples']:.0f} % of them; the most "
            f"shared of all is in {100 * most_shared:.0f} %. Armenia stands firm in {firm_one} of "
            f"the {equilibria.height} and Azerbaijan in {firm_other}, Armenia plays conceder in "
            f"{soft_one} and Azerbaijan in {soft_other}. Which pair is played the payoffs do not "
            "settle.",
        ),
        tables=(
            Table(
                "What each strategy of Armenia comes to, over all of Azerbaijan's and all agendas.",
                by_strategy(grid, ARMENIA),
            ),
            Table("What each strategy of Azerbaijan comes to.", by_strategy(grid, AZERBAIJAN)),
            Table(
                "Equilibria of the mean payoffs (what stood at the end is worth to each side), by "
                "agenda.",
                equilibria,
            ),
            Table("Strictly dominated strategies.", game.dominated_frame()),
        ),
    )


STUDY = Study(
    name="concession_grid",
    title="Which strategies sign, when, and on whose terms",
    question=(
        "Every concession strategy of Armenia against every one of Azerbaijan, under each agenda: "
        "who signs, when, on whose terms, and which pairs are equilibria?"
    ),
    design=(
        "All strategies of the library at their default parameters, all three agendas; the rest as "
        "in the default scenario, so Azerbaijan's demand for a new constitution stands before the "
        "signature and bounds how early one can come. Replicate r meets the same shocks in every "
        "cell."
    ),
    parts={
        "grid": Part(
            "concession_grid",
            (
                f"{ARMENIA}=firm,linear,conceder",
                f"{AZERBAIJAN}=firm,linear,conceder",
                "replicates=20",
            ),
        )
    },
    analyse=analyse,
    overturn=(
        "Sides that fear delay less: where neither fears force, or where whole drafts are answered "
        "(`bargaining=packages`), the text stays open for long enough that a strategy of time has "
        "moved before it closes."
    ),
    caveat=(
        "Equilibria are of this table of payoffs, with strategies fixed for a whole run; they are "
        "no equilibria of the negotiation."
    ),
)
