"""Figures of the strategy game: which pairs are equilibria, and where replicators drift."""

from typing import TYPE_CHECKING

from sim.analysis.equilibria import best_replies

if TYPE_CHECKING:
    from sim.analysis.game import StrategyGame
    from sim.analysis.result import Chart

MOST_GAMES = 24


def payoff_map(game: "StrategyGame") -> "Chart":
    """Return a map of the pairs of strategies: payoffs, best replies, share of resamples.

    The number of the party whose best reply it is stands under a payoff; a pair with both is an
    equilibrium in pure strategies.
    """
    import altair as alt

    from sim.analysis.charts import chooser, data, finished

    first, second = game.parties
    games = game.games[:MOST_GAMES]
    rows = []
    for number, played in enumerate(games):
        by_row, by_column = best_replies(played.payoffs[0], played.payoffs[1])
        for i, row in enumerate(played.rows):
            for j, column in enumerate(played.columns):
                marks = ["1" if by_row[i, j] else "", "2" if by_column[i, j] else ""]
                payoffs = [f"{played.payoffs[side, i, j]:.3f}" for side in (0, 1)]
                rows.append(
                    {
                        "game": number,
                        "row": row,
                        "column": column,
                        "share": float(played.pure[i, j]),
                        "payoffs": " / ".join(payoffs),
                        "best": " and ".join(filter(None, marks)),
                        "told": "equilibrium" if all(marks) else "",
                    }
                )
    base = alt.Chart(data(rows)).encode(
        x=alt.X("column:N", sort=list(games[0].columns), title=second,
                axis=alt.Axis(labelAngle=-30)),
        y=alt.Y("row:N", sort=list(games[0].rows), title=first),
    )  # fmt: skip
    if len(games) > 1:
        shown = chooser("game_shown", [played.context for played in games], "other keys")
        base = base.add_params(shown).transform_filter("datum.game == game_shown")
    share = alt.Color(
        "share:Q",
        title="share of resamples in which the pair is an equilibrium",
        scale=alt.Scale(domain=[0, 1], interpolate="rgb"),
        legend=alt.Legend(format=".0%", gradientLength=200),
    )
    tips = [
        alt.Tooltip("row:N", title=first),
        alt.Tooltip("column:N", title=second),
        alt.Tooltip("payoffs:N", title=f"payoffs {first} / {second}"),
        alt.Tooltip("best:N", title="best reply of"),
        alt.Tooltip("share:Q", title="equilibrium in resamples", format=".0%"),
    ]
    ink = alt.condition(
        "dark ? datum.share < 0.55 : datum.share > 0.745",
        alt.value("#ffffff"),
        alt.value("#000000"),
    )
    boxes = base.mark_rect(stroke="#8b93a0", strokeWidth=0.5).encode(color=share, tooltip=tips)
    numbers = base.mark_text(fontSize=11, dy=-6).encode(text="payoffs:N", color=ink)
    labels = base.transform_calculate(
        line="datum.told ? '● ' + datum.told : (datum.best ? 'best reply of ' + datum.best : '')"
    )
    marks_below = labels.mark_text(fontSize=10, dy=8).encode(text="line:N", color=ink)
    title = f"Payoffs {first} / {second}; 1 is {first}, 2 {second}"
    return finished(alt.layer(boxes, numbers, marks_below), title, {"step": 42})


def replicator_lines(game: "StrategyGame") -> "Chart":
    """Return the shares of strategies under replicator dynamics, with bootstrap bands."""
    import altair as alt

    from sim.analysis.charts import chooser, data, finished, told_apart
    from sim.analysis.game import TIMES

    games = game.games[:MOST_GAMES]
    rows: list[dict[str, object]] = []
    choices: list[str] = []
    for played in games:
        for side, party in enumerate(game.parties):
            label = party if len(games) == 1 else f"{party}, {played.context}"
            names = (played.rows, played.columns)[side]
            for at, time in enumerate(TIMES):
                if at % 2:
                    continue
                for k, name in enumerate(names):
                    rows.append(
                        {
                            "side": len(choices),
                            "time": float(time),
                            "strategy": name,
                            "share": round(float(played.shares[side][at, k]), 4),
                            "low": round(float(played.bands[side][0, at, k]), 4),
                            "high": round(float(played.bands[side][1, at, k]), 4),
                        }
                    )
            choices.append(label)
    base = (
        alt.Chart(data(rows))
        .add_params(chooser("side_shown", choices, "strategies of"))
        .transform_filter("datum.side == side_shown")
        .encode(
            x=alt.X(
                "time:Q",
                title="time (1: a gain of the whole range of payoffs)",
            )
        )
    )
    axis = alt.Axis(format=".0%", title="share of the strategy")
    scale = alt.Scale(domain=[0, 1])
    bands = base.mark_area(opacity=0.15).encode(
        y=alt.Y("low:Q", axis=axis, scale=scale),
        y2="high:Q",
        color=alt.Color("strategy:N", legend=None, scale=alt.Scale(domain=names_of(game))),
    )
    lines = base.mark_line(strokeWidth=2.2).encode(
        y=alt.Y("share:Q", axis=axis, scale=scale),
        **told_apart("strategy", "strategy", names_of(game)),
        tooltip=[
            "strategy:N",
            *(alt.Tooltip(f"{k}:Q", format=".1%") for k in ("share", "low", "high")),
        ],
    )
    both = alt.layer(bands, lines).resolve_legend(color="independent", strokeDash="independent")
    return finished(both, "Replicator dynamics from even mixtures", 260)


def names_of(game: "StrategyGame") -> list[str]:
    """Return the names of both sides' strategies, each once."""
    return list(dict.fromkeys(n for played in game.games for n in (*played.rows, *played.columns)))
