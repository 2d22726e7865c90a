"""Many runs at once: some cells, each with the same replicates, through the compiled engine."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.parameters import citizens, parameters
from sim.records import EVENT, PARAMS, STATE
from sim.settings import Settings
from sim.shocks import draw_tape
from sim.society import POOL, graph_pool, new_public


def play_batch(cells: Sequence[Settings], replicates: range) -> NDArray[np.void]:
    """Play every cell with every replicate on common random numbers.

    Parameters
    ----------
    cells : sequence of Settings
        With the same seed, horizon, graph and number of citizens; their `replicate` is not read.
    replicates : range
        Replicate numbers, step 1.

    Returns
    -------
    recarray of STATE, shape (cells, replicates)
        Final states.

    Raises
    ------
    ValueError
        If the cells cannot share chance.
    """
    from sim.engine import play_many

    first = cells[0]
    opinion = first.scenario.public
    shared = {
        (c.seed, c.horizon, c.public.graph, citizens(c), c.scenario.public.degree.value)
        for c in cells
    }
    if len(shared) > 1:
        raise ValueError("cells of a batch must share seed, horizon, graph and citizens")
    size = citizens(first)
    params = np.zeros(len(cells), PARAMS).view(np.recarray)
    for row, cell in enumerate(cells):
        params[row] = parameters(cell)
    drawn = draw_tape(first.seed, replicates, first.horizon, size)
    tape = drawn._replace(weekly=drawn.weekly.view(np.recarray))
    family, degree = first.public.graph, int(opinion.degree.value)
    pool = graph_pool(family, size, degree, opinion.rewiring.value, first.seed)
    count = len(replicates)
    states = np.zeros(len(cells) * count, STATE).view(np.recarray)
    graphs = np.arange(replicates.start, replicates.stop) % POOL if size else np.zeros(count, int)
    play_many(
        params,
        np.repeat(np.arange(len(cells)), count),
        np.tile(np.arange(count), len(cells)),
        np.tile(graphs, len(cells)),
        states,
        tape,
        pool,
        new_public(size, pool, 0),
        np.zeros(0, EVENT).view(np.recarray),
    )
    return states.reshape(len(cells), count)
