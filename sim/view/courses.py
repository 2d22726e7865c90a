"""Many courses of the same settings: bands of what is charted, and how they end.

They are played by the compiled engine in a thread that holds no lock while it plays, so the page
goes on. Course `n` is replicate `n` of the seed: what `sim sweep` plays.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event, Lock, Thread

import numpy as np
from numba import config
from numpy.typing import NDArray

from sim.config.settings import Settings
from sim.model.codes import Treaty
from sim.model.records import STATE
from sim.runs.opening import Cells, open_batch, societies_of
from sim.runs.outcomes import outcomes
from sim.runs.play import weekly_states

COURSES = 200
"""Courses that are played."""
SHOWN = (40, 100)
"""Numbers of courses after which what there is so far is shown."""
LOW, HIGH = 0.1, 0.9
"""Quantiles between which a band lies."""
CHARTED = ("target", "deal", "approval", "opinion", "protest")
"""Fields of the weekly state, one value a side, that have a band."""

Bands = Mapping[str, NDArray[np.float64]]
"""Band of each field of `CHARTED`, shape (weeks, 2 sides, 2 ends); nan where there is no value."""


@dataclass(frozen=True, eq=False)
class Courses:
    """What so many courses came to."""

    count: int = 0
    bands: Bands = field(default_factory=dict)
    endings: Mapping[Treaty, int] = field(default_factory=dict)  # courses by their final status
    signed_weeks: tuple[int, ...] = ()  # weeks of the first signature, of those that signed
    signed: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))  # of each course
    problem: str = ""  # why there are none


class Ensemble:
    """The courses of one run's settings, played in a thread of their own.

    `courses` is what there is so far; `tell` is called in that thread whenever it has changed. Of
    all tabs' courses one is played at a time, so that their number does not slow down the weeks.
    """

    _one = Lock()

    def __init__(self, settings: Settings, tell: Callable[[], None]) -> None:
        self.courses = Courses()
        self._settings, self._tell = settings, tell
        self._stop = Event()
        Thread(target=self._play, daemon=True, name="courses").start()

    def close(self) -> None:
        """Play no further course and tell nothing more."""
        self._stop.set()

    def _play(self) -> None:
        try:
            if getattr(config, "DISABLE_JIT", False):
                raise RuntimeError("the rules are not compiled")
            self._play_all()
        except Exception as error:  # noqa: BLE001 - a user's plug-in may raise anything; it is shown
            self.courses = Courses(problem=str(error))
        if not self._stop.is_set():
            self._tell()

    def _play_all(self) -> None:
        settings = self._settings
        cells = Cells.of(range(1), [(settings, 1)])
        batch = open_batch(settings.seed, cells, societies_of(settings), range(COURSES))
        weekly = {name: np.full((COURSES, settings.horizon, 2), np.nan) for name in CHARTED}
        finals = np.zeros(COURSES, STATE).view(np.recarray)
        for course in range(COURSES):
            if self._stop.is_set():
                return
            with self._one:
                history = weekly_states(batch, 0, course)
            if history is None:
                self.courses = Courses(problem="the rules raised an error in one of them")
                return
            finals[course] = history[-1]
            for name, values in weekly.items():
                values[course, : len(history)] = history[name]
            closed = history["text_week"] >= 0
            weekly["target"][course, : len(history)][closed] = np.nan
            done = course + 1
            if done in SHOWN:
                self.courses = counted(batch.cells.params[:, 0], finals[:done], weekly)
                self._tell()
        self.courses = counted(batch.cells.params[:, 0], finals, weekly)


def counted(params: NDArray[np.void], finals: NDArray[np.void], weekly: Bands) -> Courses:
    """Return what courses came to from their final states and weekly values."""
    count = len(finals)
    found = outcomes(np.broadcast_to(params, finals.shape), finals)
    statuses, counts = np.unique(found["status"], return_counts=True)
    endings = {Treaty(int(code)): int(n) for code, n in zip(statuses, counts, strict=True)}
    weeks = np.asarray(found["signed_week"], np.int64)
    return Courses(
        count,
        {name: band(values[:count]) for name, values in weekly.items()},
        endings,
        tuple(int(week) for week in weeks[weeks >= 0]),
        found["signed"] != 0,
    )


def band(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the ends of the middle 80 % of courses, shape (weeks, sides, 2).

    values: shape (courses, weeks, sides), nan where a course has none.
    """
    ordered = np.sort(values, axis=0)  # nan last
    known = np.sum(~np.isnan(ordered), axis=0)
    ends = []
    for quantile in (LOW, HIGH):
        at = np.maximum(np.rint(quantile * (known - 1)).astype(np.int64), 0)
        ends.append(np.take_along_axis(ordered, at[None], axis=0)[0])
    return np.stack(ends, axis=-1)
