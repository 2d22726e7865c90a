"""The opposition's claim, mapped: where concessions close the text and put off the signature."""

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from experiments.figures import number, paired, per_cent, points, share
from experiments.study import Findings, Part, Study, Table
from sim.analysis import Estimate, Results

RATE = "scenario.unilateral.armenia.per_year.value"
FLOW = "scenario.status_quo.azerbaijan.value"
DISCOUNT = "scenario.discount_rate.azerbaijan.value"
STRATEGY = "strategy@azerbaijan"
Key = tuple[object, ...]


def weeks_until(weeks: NDArray[np.float64], horizon: int) -> NDArray[np.float64]:
    """Return the week of an event, the horizon where it did not happen (restricted mean)."""
    return np.where(weeks < 0, horizon, weeks)


def verdict(text: Estimate, signed: Estimate) -> str:
    """Return whether the claim's two halves hold in one cell, by their intervals."""
    sooner = "text sooner" if text.high < 0 else "text later" if text.low > 0 else "text alike"
    off = (
        "signature put off"
        if signed.high < 0
        else "signature brought on"
        if signed.low > 0
        else "signature alike"
    )
    return f"{sooner}, {off}"


def horizon_of(results: Results) -> int:
    """Return the horizon of a sweep in weeks."""
    return int(str(results.config_of(0)["horizon"]))


def analyse(results: Mapping[str, Results]) -> Findings:
    """Return where the claim holds, against the same runs without concessions."""
    sweep = results["sweep"]
    cells = {
        (g.values[STRATEGY], g.values[FLOW], g.values[DISCOUNT], g.values[RATE]): g.cells
        for g in sweep.groups([STRATEGY, FLOW, DISCOUNT, RATE])
    }
    closed = weeks_until(sweep.outcome("text_week"), horizon_of(sweep))
    signed = sweep.outcome("signed")
    rates = sorted({key[3] for key in cells})
    none, some = rates[0], rates[-2] if len(rates) > 2 else rates[-1]
    rows, holds = [], {}
    for (strategy, flow, discount, rate), own in cells.items():
        if rate != some:
            continue
        base = cells[strategy, flow, discount, none]
        text = paired(closed[own], closed[base])
        put_off = paired(signed[own], signed[base])
        holds[strategy, flow, discount] = (text, put_off)
        rows.append(
            {
                "Azerbaijan bargains": strategy,
                "status quo, a year": flow,
                "discount, a year": discount,
                "weeks until the text closes": number(text, 1),
                "P(signed) without": per_cent(share(signed[base])),
                "change of P(signed)": points(put_off),
                "so": verdict(text, put_off),
            }
        )
    both = {k for k, (t, s) in holds.items() if t.high < 0 and s.high < 0}
    off = {k for k, (_, s) in holds.items() if s.high < 0}
    on = {k for k, (_, s) in holds.items() if s.low > 0}

    def change(outcome: NDArray[np.float64], wanted: Callable[[Key], bool]) -> Estimate:
        """Return the change by concessions over the combinations that are wanted."""
        keys = [key for key in cells if key[3] == some and wanted(key)]
        own = np.concatenate([cells[key] for key in keys])
        base = np.concatenate([cells[(*key[:3], none)] for key in keys])
        return paired(outcome[own], outcome[base])

    patiently = change(signed, lambda key: float(str(key[2])) <= 0.1)
    hastily = change(signed, lambda key: float(str(key[2])) >= 0.4)
    strategies = list(dict.fromkeys(str(key[0]) for key in cells))
    by_strategy = {name: change(closed, lambda key, n=name: key[0] == n) for name in strategies}
    course = pl.DataFrame(
        [
            {
                "concessions a year": rate,
                **{
                    f"P(signed), {strategy}": per_cent(
                        share(
                            signed[
                                np.concatenate(
                                    [
                                        c
                                        for k, c in cells.items()
                                        if k[0] == strategy and k[3] == rate
                                    ]
                                )
                            ]
                        )
                    )
                    for strategy in by_strategy
                },
            }
            for rate in rates
        ]
    )
    texts = "; ".join(f"{name} {number(found, 1)}" for name, found in by_strategy.items())
    return Findings(
        main=(
            f"With {some:g} unilateral concessions a year instead of none, the chance of a "
            f"signature changes by {points(patiently)} where Azerbaijan discounts at 10 % a year "
            f"or less, and by {points(hastily)} where it discounts at 40 %."
        ),
        sentences=(
            f"The signature is put off in {len(off)} of {len(holds)} combinations of strategy, "
            f"status quo and discount rate, and brought on in {len(on)}; in the others the "
            "interval holds 0, because Azerbaijan signs anyhow or never.",
            "Both halves of the claim, a text that closes sooner and a signature put off, hold in "
            f"{len(both)} of {len(holds)}.",
            "How concessions change the weeks until the text closes depends on how Azerbaijan "
            f"bargains: {texts}. One who holds out while they come moves later on the rest.",
        ),
        tables=(
            Table(
                f"{some:g} concessions a year against none on the same shocks; a change whose "
                "interval leaves out 0 counts.",
                pl.DataFrame(rows),
            ),
            Table("Share of runs signed, over all status quos and discount rates.", course),
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
        "The opposition's own reading, freed from what else could keep Azerbaijan from signing (no "
        "precondition, a demand that is meant), over the rate of Armenia's unilateral concessions, "
        "Azerbaijan's status-quo flow and discount rate, and its way of bargaining; Azerbaijan "
        "believes in the rate that it meets. Compared with the same runs without concessions."
    ),
    parts={
        "sweep": Part(
            "opposition_claim",
            (f"{FLOW}=0.01,0.08", f"{DISCOUNT}=0.05,0.4", "replicates=30"),
        )
    },
    analyse=analyse,
    overturn=(
        "Evidence that Baku's waiting value comes from elsewhere (an election, a summit, force), "
        "or that concessions are seen as a stock that runs out: the stock here is eight, and no "
        "belief about it is formed."
    ),
    caveat=(
        "Discount rates and the worth of the status quo to Azerbaijan are not observed; the map "
        "says where the claim would hold, not which cell the world is in."
    ),
    reading=("Chow, Robbins and Siegmund (1971), the monotone case; Cramton (1992).",),
)
