"""From a results folder to answers: tables, statistics, figures, one page.

`load` opens the folder of a sweep, `load_run` that of a single run; each function takes what they
return and gives a frozen object with `to_frame()` (Polars), `plot()` (Altair) and `notes`. Only
files are read: nothing here plays a run, but for `past_cases`, which plays some of a case's again
with something changed.

>>> from sim.analysis import load, signing_rates                        # doctest: +SKIP
>>> signing_rates(load("results/sweep-1a2b3c4d5e")).to_frame()          # doctest: +SKIP
"""

from sim.analysis.assumptions import AssumptionLedger, assumption_ledger
from sim.analysis.charts import Result, TableResult
from sim.analysis.compare import Comparison, compare
from sim.analysis.drivers import Importance, boosted_importance, sobol_indices
from sim.analysis.game import StrategyGame, strategy_game
from sim.analysis.incidence import Incidence, incidence
from sim.analysis.inputs import Input, boxes, inputs
from sim.analysis.loading import load
from sim.analysis.nulls import constant_hazard, salience_compromise
from sim.analysis.outcomes import ledger, ledger_over_time, signing_rates, terms
from sim.analysis.paired import Differences, paired_differences
from sim.analysis.results import Group, NotInResults, Results
from sim.analysis.robustness import information, robustness
from sim.analysis.single_run import (
    SingleRun,
    load_run,
    run_demands,
    run_home,
    run_ledger,
    run_text,
    run_timeline,
    run_wants,
)
from sim.analysis.turning import TurningPoints, turning_points
from sim.runs.intervals import Estimate, estimate, paired_estimate

__all__ = [
    "AssumptionLedger", "Comparison", "Differences",
    "Estimate", "Group", "Importance", "Incidence", "Input", "NotInResults", "Result", "Results",
    "SingleRun", "StrategyGame", "TableResult", "TurningPoints",
    "assumption_ledger", "boosted_importance", "boxes", "compare", "constant_hazard", "estimate",
    "incidence", "information", "inputs", "ledger", "ledger_over_time", "load", "load_run",
    "paired_differences", "paired_estimate", "robustness", "run_demands", "run_home",
    "run_ledger", "run_text", "run_timeline", "run_wants", "salience_compromise", "signing_rates",
    "sobol_indices", "strategy_game", "terms", "turning_points",
]  # fmt: skip
