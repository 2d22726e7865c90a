"""How the time of a run grows with its weeks, its citizens and its articles.

The slope of log time on log size: 1 is linear, below 1 better. Runs are kept from ending early,
so that every week is played: firm strategies, drafts answered as a whole, no incident that ends the
talks, no election, no fall by the street, endless patience. Packages over which sides would agree
too early for that are drafted without talks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numba as nb
import numpy as np

from benchmarks.batches import Batch, prepare
from benchmarks.figures import Figure, best_of_rounds
from sim.config.compose import compose
from sim.model.codes import Article
from sim.model.records import ARTICLES, Params, State
from sim.model.rules.bid import draft_package

ENDLESS = (
    "strategy@armenia=firm",
    "strategy@azerbaijan=firm",
    "precondition=none",
    "bargaining=packages",
)
MOVING = ("strategy@armenia=linear", "strategy@azerbaijan=linear")
WEEKS = (64, 128, 256, 512, 1024)
CITIZENS = (100, 200, 400, 800, 1600)
TEXT = (4, 8, 16, 32)


class Drafts(NamedTuple):
    """What whole packages are drafted of, anew every week."""

    levels: int = 0  # wordings of each article, 0 for any share
    curvature: float = 1.0  # of both sides' losses
    shares: int = 0  # articles among them that take any share


def endless_batch(
    runs: int,
    weeks: int,
    citizens: int,
    articles: int | None = None,
    drafts: Drafts | None = None,
) -> Batch:
    """Return a batch whose runs last to the horizon.

    Parameters
    ----------
    runs, weeks, citizens : int
    articles : int, optional
        Provisions, all open, weights alike and ideals opposed; the scenario's text by default.
    drafts : Drafts, optional
        For sides that demand less every week, and have conceded half of what they might when the
        runs end; else both stay at what they began with.
    """
    strategies = MOVING if drafts else ()
    batch = prepare(compose([*ENDLESS, *strategies, f"horizon={weeks}"]), runs, citizens)
    params = batch.params[0]
    params.collapse_odds = 0.0
    params.patience_weeks = np.inf
    params.fall_protest_share = 2.0
    params.dates = 0
    if articles is not None:
        _write_text(params, articles)
    if drafts:
        params.deadline[:] = 2.0 * weeks
        params.levels[drafts.shares : ARTICLES] = drafts.levels
        params.curvature[:] = drafts.curvature
    batch.draw_and_play()
    if batch.mean_weeks() != weeks:
        raise RuntimeError("a run ended before the horizon; its time would mislead")
    return batch


def _write_text(params: np.record, articles: int) -> None:
    """Replace the text by `articles` open provisions; both sides weigh them a little apart."""
    params.articles = articles
    params.preconditions = 0
    params.start_status[:ARTICLES] = Article.OPEN
    params.levels[:ARTICLES] = 0
    rising = np.linspace(1.0, 2.0, articles)
    params.weight[:] = 0.0
    params.weight[0, :articles] = rising / rising.sum()
    params.weight[1, :articles] = rising[::-1] / rising.sum()
    params.ideal[0, :articles] = params.opening[0, :articles] = 0.0
    params.ideal[1, :articles] = params.opening[1, :articles] = 1.0


class Timed(Protocol):
    """What is timed at one size."""

    @property
    def runs(self) -> int:
        """How many it plays at once."""

    def play(self) -> None:
        """Play them."""


@nb.njit(nogil=True, error_model="numpy")
def _draft(params: Params, state: State, count: int) -> None:
    """Draft packages of both sides by turns, at demands spread over .05 to .95."""
    for n in range(count):
        side = n % 2
        target = 0.05 + 0.9 * ((n * 0.6180339887498949) % 1.0)
        draft_package(params, state, side, target, params.weight[1 - side])


@dataclass
class DraftsAlone:
    """Packages drafted over a text that is all open, without talks."""

    params: Params
    state: State
    runs: int

    def play(self) -> None:
        """Draft them."""
        _draft(self.params, self.state, self.runs)


def drafts_alone(count: int, articles: int, drafts: Drafts) -> DraftsAlone:
    """Return so many drafts over a text of `articles` provisions."""
    batch = endless_batch(1, 2, 0, articles)
    params = batch.params[0]
    params.levels[drafts.shares : ARTICLES] = drafts.levels
    params.curvature[:] = drafts.curvature
    if batch.states is None:
        raise RuntimeError("nothing was played")
    alone = DraftsAlone(params, batch.states[0], count)
    alone.play()  # compiles
    return alone


def slope(sizes: Sequence[int], times: Sequence[float]) -> float:
    """Return the least-squares slope of log time on log size."""
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def growth(
    name: str,
    sizes: Sequence[int],
    batch_of: Callable[[int], Timed],
    rounds: int,
    note: str,
    what: str = "run",
) -> list[Figure]:
    """Time one run, or one of `what`, at each size; return the slope, then the times."""
    batches = {str(size): batch_of(size) for size in sizes}
    best = best_of_rounds({size: batch.play for size, batch in batches.items()}, rounds)
    each = [best[str(size)] / batches[str(size)].runs for size in sizes]
    lines: list[Figure] = [
        {
            "what": f"growth with {name}",
            "figure": slope(sizes, each),
            "unit": "log-log slope",
            "note": f"{sizes[0]} to {sizes[-1]} {name}; {note}; 1 is linear",
        },
        {
            "what": f"growth with {name}, largest doubling",
            "figure": max(slope(sizes[n : n + 2], each[n : n + 2]) for n in range(len(sizes) - 1)),
            "unit": "log-log slope",
            "note": "steepest step between neighbouring sizes",
        },
    ]
    lines += [
        {
            "what": f"{what} of {size} {name}",
            "figure": 1e6 * t,
            "unit": "microseconds",
            "note": note,
        }
        for size, t in zip(sizes, each, strict=True)
    ]
    return lines


def main(*, tiny: bool = False) -> list[Figure]:
    """Measure and return the table.

    Parameters
    ----------
    tiny : bool
        Few small runs, to show that the benchmark works.
    """
    rounds = 1 if tiny else 5
    runs = 2 if tiny else 48
    weeks = (4, 8) if tiny else WEEKS
    citizens = (10, 20) if tiny else CITIZENS
    articles = (2, 4) if tiny else TEXT
    base_weeks, base_citizens = (4, 10) if tiny else (104, 300)
    bare_runs = 2 if tiny else 480
    return [
        *growth(
            "weeks",
            weeks,
            lambda n: endless_batch(runs, n, base_citizens),
            rounds,
            f"{base_citizens} citizens",
        ),
        *growth(
            "citizens",
            citizens,
            lambda n: endless_batch(runs, base_weeks, n),
            rounds,
            f"{base_weeks} weeks",
        ),
        *growth(
            "articles",
            articles,
            lambda n: endless_batch(bare_runs, base_weeks, 0, n),
            rounds,
            f"{base_weeks} weeks, no public, all articles open",
        ),
        *(
            line
            for name, few, drafts in (
                ("articles drafted anew", bare_runs, Drafts()),
                ("articles of five wordings", -(-bare_runs // 10), Drafts(5)),
                ("articles of five wordings, losses curved", -(-bare_runs // 80), Drafts(5, 2.0)),
            )
            for line in growth(
                name,
                articles,
                lambda n, few=few, drafts=drafts: endless_batch(few, base_weeks, 0, n, drafts),
                rounds,
                f"{base_weeks} weeks, no public, whole packages drafted by falling demands",
            )
        ),
        *(
            line
            for name, drafts in (
                ("articles in a draft", Drafts()),
                ("articles in a draft, losses curved", Drafts(0, 2.0)),
                ("articles in a draft, all of five wordings", Drafts(5)),
                ("articles in a draft, all of five wordings, losses curved", Drafts(5, 2.0)),
                ("articles in a draft, all but one of five wordings", Drafts(5, 1.0, 1)),
                (
                    "articles in a draft, all but one of five wordings, losses curved",
                    Drafts(5, 2.0, 1),
                ),
            )
            for line in growth(
                name,
                articles,
                lambda n, drafts=drafts: drafts_alone(bare_runs, n, drafts),
                rounds,
                f"demands of .05 to .95, {bare_runs} drafts",
                "one",
            )
        ),
    ]
