"""The engine against the same rules uncompiled, the Mesa driver, and a Mesa toy.

All in one go, as runs a second on one core, in interleaved rounds of which the best counts.
Weeks played stand beside the speeds, because runs of the default talks may end early.
"""

from benchmarks.batches import prepare
from benchmarks.figures import Figure, best_of_rounds
from benchmarks.mesa_toy import AGENTS, ARTICLES, STEPS, play_toys
from benchmarks.uncompiled import measure
from sim.config.compose import compose
from sim.runs.play import run_mesa

NO_PUBLIC = ["public=none"]


def main(*, tiny: bool = False) -> list[Figure]:
    """Measure and return the table.

    Parameters
    ----------
    tiny : bool
        As few runs and rounds as show that the benchmark works.
    """
    rounds, runs, bare_runs, toys, watched = (1, 4, 4, 1, 1) if tiny else (5, 600, 6000, 60, 8)
    settings = compose(["horizon=8"] if tiny else [])
    bare_settings = compose([*NO_PUBLIC, *(["horizon=8"] if tiny else [])])
    full = prepare(settings, runs)
    bare = prepare(bare_settings, bare_runs)
    for batch in (full, bare):
        batch.draw_and_play()  # compiles, and touches the memory

    def play_watched() -> None:
        for _ in range(watched):
            run_mesa(settings)

    play_watched()
    play_toys(1)
    best = best_of_rounds(
        {
            "full": full.play,
            "full with tape": full.draw_and_play,
            "bare": bare.play,
            "bare with tape": bare.draw_and_play,
            "watched": play_watched,
            "toy": lambda: play_toys(toys, agent_reporter=False),
            "toy with agents": lambda: play_toys(toys, agent_reporter=True),
        },
        rounds,
    )
    counts = {
        "full": runs,
        "full with tape": runs,
        "bare": bare_runs,
        "bare with tape": bare_runs,
        "watched": watched,
        "toy": toys,
        "toy with agents": toys,
    }
    speed = {name: counts[name] / time for name, time in best.items()}
    few = ["horizon=8"] if tiny else []
    plain = measure(1 if tiny else 3, few)
    plain_bare = measure(1 if tiny else 20, [*NO_PUBLIC, *few])
    speed["plain"] = plain["runs"] / plain["seconds"]
    speed["plain bare"] = plain_bare["runs"] / plain_bare["seconds"]

    horizon, citizens = settings.horizon, full.citizens
    weeks, bare_weeks = full.mean_weeks(), bare.mean_weeks()
    talks = f"default talks, {horizon} weeks, {citizens} citizens, mean {weeks:.1f} weeks played"
    without = f"the same without a public, mean {bare_weeks:.1f} weeks played"
    toy = f"{AGENTS} agents x {ARTICLES} articles x {STEPS} steps"
    best_of = f"best of {rounds}"
    return [
        _line("engine", speed["full"], "runs/s", f"{talks}; {best_of} x {runs} runs"),
        _line("engine and its tape", speed["full with tape"], "runs/s", "chance drawn as well"),
        _line("engine, per week", speed["full"] * weeks, "weeks/s", talks),
        _line("engine, public off", speed["bare"], "runs/s", f"{without}; {bare_runs} runs"),
        _line("engine and its tape, public off", speed["bare with tape"], "runs/s", without),
        _line("engine, public off, per week", speed["bare"] * bare_weeks, "weeks/s", without),
        _line("Mesa driver", speed["watched"], "runs/s", "compiled rules, called agent by agent"),
        _line(
            "rules uncompiled",
            speed["plain"],
            "runs/s",
            f"{plain['runs']:.0f} runs, mean {plain['weeks']:.1f} weeks",
        ),
        _line(
            "rules uncompiled, public off",
            speed["plain bare"],
            "runs/s",
            f"{plain_bare['runs']:.0f} runs, mean {plain_bare['weeks']:.1f} weeks",
        ),
        _line("Mesa toy", speed["toy"], "runs/s", f"{toy}, 3 model reporters"),
        _line(
            "Mesa toy, agents collected",
            speed["toy with agents"],
            "runs/s",
            f"{toy}, 3 model reporters and 1 agent reporter",
        ),
        _line(
            "engine / rules uncompiled, per week",
            speed["full"] * weeks / (speed["plain"] * plain["weeks"]),
            "times",
            "weeks a second against weeks a second",
        ),
        _line(
            "engine / rules uncompiled, public off, per week",
            speed["bare"] * bare_weeks / (speed["plain bare"] * plain_bare["weeks"]),
            "times",
            "weeks a second against weeks a second",
        ),
        _line("engine / Mesa toy", speed["full"] / speed["toy"], "times", "run against run"),
        _line(
            "engine / Mesa toy, agents collected",
            speed["full"] / speed["toy with agents"],
            "times",
            "run against run",
        ),
        _line("engine, public off / Mesa toy", speed["bare"] / speed["toy"], "times", without),
        _line("engine / Mesa driver", speed["full"] / speed["watched"], "times", "same rules"),
    ]


def _line(what: str, figure: float, unit: str, note: str) -> Figure:
    """Return one line of the table."""
    return {"what": what, "figure": figure, "unit": unit, "note": note}
