"""The engine: the week compiled into one loop, for one run with its history or for many.

No Python runs inside the loops and the interpreter lock is released, so threads use all cores.
"""

import numpy as np
from numpy.typing import NDArray

from sim.model.compiled import entry_rule, rule
from sim.model.records import Events, History, Indices, Numbers, Params, Public, Shocks, State
from sim.model.rules.opening import begin
from sim.model.rules.week import play_week
from sim.model.shocks import Tape
from sim.model.society import GraphPool


@entry_rule
def play(
    params: Params, state: State, shocks: Shocks, public: Public, events: Events, history: History
) -> None:
    """Play one run from its opening state to its end.

    state: as `sim.model.rules.opening.begin` left it; holds the final state afterwards.
    shocks: shape (horizon or more,).
    events: shape (EVENTS,).
    history: the state after each week played; no history is kept when empty, shape (horizon,).
    """
    for week in range(params.horizon):
        play_week(params, state, shocks, public, events)
        if week < history.shape[0]:
            history[week] = state
        if state.ended:
            return


@rule
def with_graph(public: Public, start: Indices, tie: Indices, tie_weight: Numbers) -> Public:
    """Return `public` with another graph."""
    return Public(
        public.innate,
        public.opinion,
        public.next_opinion,
        public.susceptibility,
        public.threshold,
        public.exposure,
        public.active,
        public.queue,
        start,
        tie,
        tie_weight,
    )


@entry_rule
def play_many(
    params: NDArray[np.void],
    cell: NDArray[np.int64],
    row: NDArray[np.int64],
    graph: NDArray[np.int64],
    state: NDArray[np.void],
    tape: Tape,
    pool: GraphPool,
    public: Public,
    events: Events,
) -> None:
    """Play many runs, one after the other, without history.

    params: shape (cells,).
    cell, row, graph: for each run the row of `params`, of the tape and of the graph pool, shape
        (runs,).
    state: all zero at the start; the final states afterwards, shape (runs,).
    public: working space of this call for the citizens of one run.
    events: no moves are written down here, shape (0,).
    """
    for run in range(cell.shape[0]):
        here = params[cell[run]]
        r = row[run]
        g = graph[run]
        society = with_graph(public, pool.start[g], pool.tie[g], pool.tie_weight[g])
        begin(here, state[run], society, tape.types[r], tape.errors[r], tape.citizens[r])
        play(here, state[run], tape.weekly[r], society, events, state[:0])
