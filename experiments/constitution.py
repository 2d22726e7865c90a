"""The constitution as a condition: when it must change, if it is meant, what the vote brings."""

from collections.abc import Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from experiments.figures import number, paired_share, per_cent, points, share
from experiments.study import Findings, Part, Study, Table
from sim.analysis import Estimate, Results, estimate

RULE = "precondition"
TYPE = "scenario.holdout_odds.azerbaijan.value"
YES = "scenario.constitution.yes_mean.value"
CONSENT = "scenario.politics.consent_per_year.value"
WORDS = {0.0: "meant", 1.0: "held out"}


def analyse(results: Mapping[str, Results]) -> Findings:
    """Return what each rule and each type of demand comes to."""
    sweep = results["sweep"]
    signed, weeks = sweep.outcome("signed_full"), sweep.outcome("full_week")
    ratified = (sweep.outcome("ratified_week") >= 0).astype(float)
    met = sweep.codes("precondition_constitution")
    words = list(sweep.schema["precondition_constitution"].categories)  # type: ignore[attr-defined]
    changed = (met == words.index("met")).astype(float)
    dropped = (met == words.index("waived")).astype(float)
    stands = sweep.outcome("in_force_at_end")
    rows = []
    for group in sweep.groups([RULE, TYPE]):
        cells = group.cells
        dates = weeks[cells][weeks[cells] >= 0]
        rows.append(
            {
                "must change": str(group.values[RULE]).replace("_", " "),
                "the demand is": WORDS[float(str(group.values[TYPE]))],
                "P(signed in full)": per_cent(share(signed[cells])),
                "median week": float(np.median(dates)) if dates.size else None,
                "P(ratified)": per_cent(share(ratified[cells])),
                "P(constitution changed)": per_cent(share(changed[cells])),
                "P(a deal stands at the end)": per_cent(share(stands[cells])),
            }
        )
    by_vote = []
    for group in sweep.groups([RULE, TYPE, YES]):
        if group.values[RULE] == "none":
            continue
        cells = group.cells
        by_vote.append(
            {
                "must change": str(group.values[RULE]).replace("_", " "),
                "the demand is": WORDS[float(str(group.values[TYPE]))],
                "expected yes share": float(str(group.values[YES])),
                "P(constitution changed)": per_cent(share(changed[cells])),
                "P(signed in full)": per_cent(share(signed[cells])),
                "P(ratified)": per_cent(share(ratified[cells])),
            }
        )
    cells_of = {
        (g.values[RULE], float(str(g.values[TYPE]))): g.cells for g in sweep.groups([RULE, TYPE])
    }
    before, after = cells_of["before_signing", 0.0], cells_of["before_ratification", 0.0]
    held = cells_of["before_signing", 1.0]
    delay = np.where(
        (weeks[before] >= 0) & (weeks[after] >= 0), weeks[before] - weeks[after], np.nan
    )
    return Findings(
        main=(
            "Asked for before the signature, the change of the constitution leaves a full "
            f"signature in {per_cent(share(signed[before]))} of the runs if the demand is meant "
            f"and in {per_cent(share(signed[held]))} if it is held out; put off until ratification "
            f"it is signed in {per_cent(share(signed[after]))}, and ratified in "
            f"{per_cent(share(ratified[after]))}."
        ),
        sentences=(
            "Where both sign, asking before the signature instead of before ratification puts it "
            f"off by {number(estimate(delay), 0)} weeks on the same shocks.",
            "The highest expected yes share instead of the lowest changes P(signed in full) by "
            f"{points(vote_effect(sweep, signed))}, the demand being meant and asked for before "
            f"the signature: it is dropped in {per_cent(share(dropped[before]))} of those runs, "
            f"where no vote decides, and met in {per_cent(share(changed[before]))}.",
            "Moving the demand behind the signature changes which gate is closed, not whether one "
            "is: the treaty then waits for its ratification.",
        ),
        tables=(
            Table("By rule and type of the demand, over all expected votes.", pl.DataFrame(rows)),
            Table("By expected yes share.", pl.DataFrame(by_vote)),
        ),
    )


def vote_effect(sweep: Results, signed: NDArray[np.float64]) -> Estimate:
    """Return how P(signed) differs between the highest and the lowest expected yes share."""
    cells = {
        float(str(g.values[YES])): g.cells
        for g in sweep.groups([RULE, TYPE, YES])
        if g.values[RULE] == "before_signing" and float(str(g.values[TYPE])) == 0.0
    }
    return paired_share(signed[cells[max(cells)]], signed[cells[min(cells)]])


STUDY = Study(
    name="constitution",
    title="The constitution: when it must change, and whether the demand is meant",
    question=(
        "Before signing, before ratification or not at all; a sincere or a hold-out type; and what "
        "do the referendum's odds change?"
    ),
    design=(
        "The default talks over six years, under each rule, with the demand surely meant or surely "
        "held out, over the expected yes share and the rate at which missing votes in parliament "
        "are found."
    ),
    parts={"sweep": Part("constitution", (f"{YES}=0.3,0.55", f"{CONSENT}=0.5", "replicates=40"))},
    analyse=analyse,
    overturn=(
        "A demander to whom dropping the demand costs more than the scenario assumes: it waits for "
        "the vote then, and after a lost one for the next."
    ),
    caveat=(
        "Whether Baku's demand is meant cannot be seen from its words; the two columns are two "
        "readings of the same words."
    ),
    reading=(
        "Cramton (1992); Abreu and Gul (2000) on obstinate types, whose play is not modelled.",
    ),
)
