"""Minimal talks: parameters with everything switched off, for limiting cases and scripted play.

Two parties, one article or a few, no politics, no mediator, no chance: what is left is the part
of the model that a published result is about. The talks are played by the engine or, phase by
phase, as the Mesa model plays them.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.model.codes import Actor, Agenda, PublicRule
from sim.model.plugins import registry
from sim.model.records import EVENT, EVENTS, ISSUES, NO_DECISIONS, PARAMS, STATE, Public, Publics
from sim.model.rules.week import ARGUMENTS, PHASES, asked_for
from sim.model.shocks import SHOCK, Tape, draw_tape
from sim.model.society import GraphPool, graph_pool, new_public, no_public
from sim.runs.opening import opening_state

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Drive = Literal["engine", "phases"]


@dataclass(frozen=True)
class Played:
    """What minimal talks came to."""

    params: np.record
    state: np.record
    history: NDArray[np.void]  # shape (weeks played,), or (0,) when none was kept
    events: NDArray[np.void]  # shape (moves,)
    public: Public  # at the first party's home


def minimal_talks(**changes: ArrayLike) -> np.record:
    """Return the PARAMS record of one linear article between two firm sides.

    Position 0 is the first side's ideal and 1 the second's; both answer every draft at once, the
    first moves first, the status quo is worth nothing and nothing happens by chance.

    **changes: fields of PARAMS; a value for one entry fills all entries of the field.

    Raises ValueError if PARAMS has no field of that name.
    """
    params: np.record = np.zeros(1, PARAMS).view(np.recarray)[0]
    params.horizon = 104
    params.articles = 1
    params.agenda = Agenda.SINGLE_UNDERTAKING
    params.tolerance = params.half_tolerance = 1e-12
    params.weight[:, 0] = 1.0
    params.ideal[1] = 1.0
    params.curvature = 1.0
    params.discount = 0.99
    params.deadline = params.reopening_cost = params.again_weeks = math.inf
    params.settlement_weeks = 1.0
    params.reply_rate = 1.0
    params.belief_b = 1.0
    params.odds = 1.0
    params.approval = 1.0
    params.parliament_seats = params.government_seats = 100.0
    params.attention = 1.0
    params.shuttle_weeks = 1.0
    params.patience_weeks = math.inf
    params.date_side = Actor.FIRST
    params.fall_protest_share = math.inf
    params.fall_odds = params.potential = 1.0
    params.edges = 1
    params.edge[0] = [0, 1]
    for name, value in changes.items():
        if name not in (PARAMS.names or ()):
            raise ValueError(f"PARAMS has no field {name!r}")
        params[name] = value
    if "opening" not in changes:
        params.opening = params.ideal[:2]
    later = params.discount**params.settlement_weeks
    params.settlement_discount = later
    params.settlement_annuity = (1.0 - later) / (1.0 - params.discount)
    for side in range(2):
        if "strategy" not in changes:
            set_rule(params, side, "concession", "firm")
        if "acceptance" not in changes:
            set_rule(params, side, "acceptance", "ac_next")
        if "opponent_model" not in changes:
            set_rule(params, side, "opponent_model", "none")
    return params


def set_rule(
    params: np.record, side: int, kind: str, name: str, values: Mapping[str, float] | None = None
) -> None:
    """Give `side` a plug-in; parameters that are not in `values` keep their defaults.

    Raises KeyError if there is no such plug-in, or it takes no parameter of that name.
    """
    field = {"concession": "strategy", "acceptance": "acceptance"}.get(kind, "opponent_model")
    prefix = {"opponent_model": "opponent"}.get(field, field)
    entry = registry().get(kind, name)
    given = dict(values or {})
    params[field][side] = entry.code
    for at, parameter in enumerate(entry.parameters):
        params[f"{prefix}_value"][side, at] = given.pop(parameter.name, parameter.default)
    if kind == "concession":
        params.proposes_interim[side] = entry.proposes_interim
    if given:
        raise KeyError(f"{name} takes no parameter {', '.join(given)}")


def set_articles(
    params: np.record, first: Sequence[float], second: Sequence[float], levels: int = 0
) -> None:
    """Make the text of articles with these weights, all opposed, continuous or of `levels`."""
    params.articles = len(first)
    params["weight"] = 0.0
    params["weight"][0, : len(first)] = first
    params["weight"][1, : len(second)] = second
    params.levels[: len(first)] = levels


def quiet_tape(weeks: int, citizens: int = 0) -> Tape:
    """Return the tape of one replicate in which nothing happens by chance."""
    return Tape(
        weekly=np.zeros((1, weeks), SHOCK).view(np.recarray),
        types=np.ones((1, 2)),
        errors=np.zeros((1, 2, ISSUES)),
        citizens=np.zeros((1, 3, citizens)),
        second_citizens=np.zeros((1, 3, 0)),
    )


def play_talks(
    params: np.record,
    *,
    tape: Tape | None = None,
    pool: GraphPool | None = None,
    second_pool: GraphPool | None = None,
    prepare: Callable[[Public], None] | None = None,
    keep_history: bool = True,
    drive: Drive = "engine",
) -> Played:
    """Play minimal talks once.

    tape: chance of one replicate; none happens without it.
    pool, second_pool: their first graphs are those of the parties' publics; needed if there are
        citizens.
    prepare: changes the citizens after week 0 has been set up.
    keep_history: whether to keep the state of every week.
    drive: the compiled loop, or the same phases called one by one.
    """
    from sim.model.engine import play

    citizens = int(params.citizens[0])
    chance = tape or quiet_tape(int(params.horizon), citizens)
    nobody = graph_pool("complete", 0, 0, 0.0, 0)
    publics = (
        new_public(citizens, pool or nobody, 0),
        new_public(int(params.citizens[1]), second_pool or nobody, 0),
    )
    state = opening_state(params, publics, chance, 0)
    if prepare is not None:
        prepare(publics[0])
    weekly = chance.weekly.view(np.recarray)[0]
    events = np.zeros(EVENTS, EVENT).view(np.recarray)
    history = np.zeros(int(params.horizon) if keep_history else 0, STATE).view(np.recarray)
    if drive == "engine":
        play(alone(params), state, weekly, publics, events, history, NO_DECISIONS)
    else:
        _walk(params, state, weekly, publics, events, history)
    kept = history[: int(state.week)]
    return Played(params, state, kept, events[: int(state.events)], publics[0])


def alone(params: np.record) -> NDArray[np.void]:
    """Return parameters that hold whoever governs, shape (4,)."""
    rows = np.zeros(4, PARAMS).view(np.recarray)
    rows[:] = params
    return rows


def _walk(
    params: np.record,
    state: np.record,
    shocks: NDArray[np.void],
    publics: Publics,
    events: NDArray[np.void],
    history: NDArray[np.void],
) -> None:
    given = dict(
        zip(ARGUMENTS, (params, state, shocks, publics, events, NO_DECISIONS), strict=True)
    )
    for week in range(int(params.horizon)):
        for phase in PHASES:
            asked, side = asked_for(phase.rule), int(phase.actor)
            own: dict[str, object] = {"actor": side}
            if "public" in asked:
                if params.citizens[side] == 0:
                    continue
                own["public"] = publics[side]
            phase.rule(*({**given, **own}[name] for name in asked))
        if week < len(history):
            history[week] = state
        if state.ended:
            return


def play_sample(params: np.record, runs: int, seed: int) -> NDArray[np.void]:
    """Play replicates 0 to `runs` - 1 of talks without a public; return the final states."""
    from sim.model.engine import play_many

    tape = draw_tape(seed, range(runs), int(params.horizon), 0)
    tape = tape._replace(weekly=tape.weekly.view(np.recarray))
    pool = graph_pool("complete", 0, 0, 0.0, 0)
    state = np.zeros(runs, STATE).view(np.recarray)
    none, graph = np.zeros(runs, np.int64), np.zeros((runs, 2), np.int64)
    rows = np.arange(runs)
    events = np.zeros(0, EVENT).view(np.recarray)
    publics = (no_public(), no_public())
    working = ((pool, pool), publics, events, NO_DECISIONS)
    play_many(alone(params)[np.newaxis], none, rows, graph, state, tape, *working)
    return state


def set_public(params: np.record, rule: PublicRule, citizens: int) -> None:
    """Give the first party so many citizens, who never bring its government down."""
    params.public_rule = rule
    params.citizens[0] = citizens


# ---- A strategy against a script: its demands when the other side's offers are written down.

STEPS = 26
"""Drafts of each side in the scripts below: a year of weekly drafts in turn."""

OPPONENTS: Mapping[str, tuple[float, ...]] = {
    "never moves": (0.0,) * STEPS,
    "concedes steadily": tuple(0.6 * n / (STEPS - 1) for n in range(STEPS)),
    "concedes late": tuple(0.6 * (n / (STEPS - 1)) ** 5 for n in range(STEPS)),
    "gives and takes back": tuple(0.2 * (n % 4 in (1, 2)) for n in range(STEPS)),
}
"""Worth of the scripted side's offers to the side under test, one after the other."""


def demands_against(
    script: Sequence[float],
    strategy: str,
    values: Mapping[str, float] | None = None,
    *,
    deadline: float = 2.0 * STEPS,
    reservation: float = 0.0,
    stance: float = 0.5,
) -> NDArray[np.float64]:
    """Return what a strategy demands, draft by draft, against scripted offers.

    script: shares that the other side's drafts give to the side under test, below 1.
    strategy: name of a concession strategy.
    values: its parameters; the others keep their defaults.
    deadline: perceived deadline in weeks; a draft of each side takes two weeks.
    reservation: share that the status quo is worth.
    stance: the weekly uniform of strategies that draw.

    Returns the demand before the first scripted offer and after each one (shape (len(script)).
    """
    from sim.model.rules.offers import offer
    from sim.model.rules.responses import respond

    params = minimal_talks(horizon=2 * len(script) + 2, deadline=deadline)
    set_articles(params, [1.0], [1.0])
    params.flow[0] = reservation * (1.0 - params.discount[0])
    set_rule(params, 0, "concession", strategy, values)
    set_rule(params, 0, "acceptance", "ac_const", {"level": 1.0})
    tape = quiet_tape(int(params.horizon))
    tape.weekly["stance"] = stance
    state = opening_state(params, (no_public(), no_public()), tape, 0)
    state.channel_open = 1
    shocks = tape.weekly.view(np.recarray)[0]
    events = np.zeros(0, EVENT).view(np.recarray)
    demands = []
    for share in (*script, None):
        state.tabled = -1
        offer(params, state, shocks, events, 0)
        demands.append(float(state.demanded[0, 0]))
        state["week"] += 1
        if share is None:
            break
        state.offer[1, 0] = 1.0 - share
        state.tabled = 1
        state["drafts"][1] += 1
        respond(params, state, shocks, events, 0)
        state.turn = 0
        state["week"] += 1
    return np.array(demands)


LINES = ("-", "--", "-.", ":")


def draw_curves(target: Path, strategies: Sequence[str]) -> None:
    """Draw one panel a scripted opponent and one line a strategy, with default parameters.

    target: file to write; its ending gives the format.
    strategies: names of concession strategies.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # A fixed salt and no date: the same curves give the same bytes.
    with rc_context({"svg.hashsalt": "peace-talks-sim", "svg.fonttype": "path"}):
        figure = Figure(figsize=(11.0, 8.0), layout="constrained")
        FigureCanvasAgg(figure)
        panels = figure.subplots(2, 2, sharex=True, sharey=True)
        for panel, (title, script) in zip(panels.flat, OPPONENTS.items(), strict=True):
            draw_panel(panel, title, script, strategies)
        for panel in panels[-1]:
            panel.set_xlabel("own draft")
        for panel in panels[:, 0]:
            panel.set_ylabel("share of the talks")
        handles, labels = panels.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper", fontsize="small", frameon=False)
        figure.suptitle("What each strategy demands; grey: what it is offered")
        metadata = {"Date": None} if target.suffix == ".svg" else None
        figure.savefig(target, metadata=metadata)


def draw_panel(
    panel: "Axes", title: str, script: Sequence[float], strategies: Sequence[str]
) -> None:
    """Draw the strategies against one scripted opponent."""
    panel.plot(np.arange(1, len(script) + 1), script, color="0.6", linewidth=3.0)
    for at, name in enumerate(strategies):
        demands = demands_against(script, name)
        panel.plot(
            np.arange(1, len(demands) + 1),
            demands,
            LINES[at // 10 % len(LINES)],
            color=f"C{at % 10}",
            linewidth=1.3,
            label=name,
        )
    panel.set_title(f"against one who {title}")
    panel.set_ylim(-0.02, 1.02)
