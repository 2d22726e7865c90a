"""Politics at home over time: approval, support for a treaty, protest, the opposition's pull."""

from collections.abc import Sequence

from sim.settings import Settings
from sim.view.board.chart import (
    Frame,
    Series,
    legend,
    line_chart,
    record_marks,
    rung_marks,
    years_of,
)
from sim.view.board.markup import panel, share, text
from sim.view.snapshot import Snapshot


def home_panel(settings: Settings, snapshots: Sequence[Snapshot], overlay: bool) -> str:
    """Return the chart of politics at home."""
    scenario = settings.scenario
    homes = [s.home for s in snapshots]
    now = homes[-1]
    ticks = ((0.0, "0"), (0.25, "25"), (0.5, "50"), (0.75, "75"), (1.0, "100"))
    years = years_of(scenario, settings.horizon)
    frame = Frame(settings.horizon, 0.0, 1.0, 178.0, ticks, years)
    danger = scenario.politics.fall_protest_share.value
    series = [
        Series("approval of the government", "line solid ink", [h.approval for h in homes]),
        Series("mean support for a treaty", "line dashed support", [h.opinion for h in homes]),
        Series("citizens protesting", "line solid opposition", [h.protest for h in homes]),
        Series("mobilisation", "line thin opposition", [h.impulse for h in homes]),
        Series("protest that endangers it", "line dotted", [danger] * len(homes)),
    ]
    figures = [
        share(value) for value in (now.approval, now.opinion, now.protest, now.impulse, danger)
    ]
    marks = rung_marks(snapshots[-1])
    if overlay:
        marks += record_marks(scenario, settings.horizon)
    name = scenario.actors[scenario.opposition.home].name
    body = line_chart(f"{name}: politics at home by week", frame, series, marks)
    seats = int(scenario.politics.parliament_seats.value)
    note = f"The government holds {now.seats} of {seats} seats."
    return panel("home", f"At home in {name}", body + legend(series, figures), text(note))
