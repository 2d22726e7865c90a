"""What stood in the way: the weeks charged to each gate, by cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from sim.analysis.intervals import Estimate, estimate
from sim.analysis.result import Result
from sim.analysis.results import Group, Results, word
from sim.codes import Gate
from sim.outcomes import LEDGER_COLUMNS
from sim.story import gate_words

if TYPE_CHECKING:
    from sim.analysis.result import Chart


@dataclass(frozen=True, eq=False, kw_only=True)
class Charge:
    """Share of weeks charged to one gate in one group of cells."""

    group: Group
    gate: Gate
    words: str
    share: Estimate


@dataclass(frozen=True, eq=False, kw_only=True)
class Ledger(Result):
    """Mean shares of weeks by gate, one set a group of cells.

    Attributes
    ----------
    keys : tuple of str
        Keys whose values tell the groups apart.
    charges : tuple of Charge
        Shares of a group sum to 1.
    """

    keys: tuple[str, ...]
    charges: tuple[Charge, ...]

    def to_frame(self) -> pl.DataFrame:
        """Return one line a group and gate: share of weeks with its 95 % interval."""
        return pl.DataFrame(
            [
                {key: word(v) for key, v in c.group.values.items()}
                | {
                    "gate": c.words,
                    "share": c.share.value,
                    "low": c.share.low,
                    "high": c.share.high,
                    "runs": c.share.runs,
                }
                for c in self.charges
            ],
            infer_schema_length=None,
        )

    def largest(self, group: Group | None = None) -> list[Charge]:
        """Return the charges of one group, the first by default, largest first."""
        of = (group or self.charges[0].group).label
        found = [c for c in self.charges if c.group.label == of and c.gate != Gate.SIGNED]
        return sorted(found, key=lambda c: -c.share.value)

    def plot(self) -> "Chart":
        """Return stacked shares, one bar a group of cells."""
        import altair as alt

        from sim.analysis.charts import MOST_LINES, STEP, data, finished, thinned

        labels = list(dict.fromkeys(c.group.label for c in self.charges if c.share.runs))
        shown = {labels[n] for n in thinned(len(labels))}
        rows = [
            {"label": c.group.label, "gate": c.words, "order": int(c.gate), "share": c.share.value}
            for c in self.charges
            if c.group.label in shown and c.share.value > 0
        ]
        words = list({c.gate: c.words for c in self.charges}.values())
        there = [word for word in words if any(row["gate"] == word for row in rows)]
        chart = (
            alt.Chart(data(rows))
            .mark_bar(stroke="white", strokeWidth=1)
            .encode(
                y=alt.Y("label:N", sort=labels, title=None),
                x=alt.X(
                    "share:Q",
                    title="share of the weeks played",
                    axis=alt.Axis(format=".0%"),
                    scale=alt.Scale(domain=[0, 1]),
                ),
                color=alt.Color(
                    "gate:N",
                    scale=alt.Scale(domain=words),
                    title="charged to",
                    legend=alt.Legend(values=there),
                ),
                order=alt.Order("order:Q"),
                tooltip=["label:N", "gate:N", alt.Tooltip("share:Q", format=".1%")],
            )
        )
        title = "What kept each week from being the week of the full signature"
        if len(labels) > MOST_LINES:
            title += f" ({len(shown)} of {len(labels)} lines)"
        return finished(chart, title, {"step": STEP})


def ledger(results: Results, by: Sequence[str] | None = None) -> Ledger:
    """Return which gates the weeks are charged to.

    Parameters
    ----------
    results : Results
    by : sequence of str, optional
        Keys whose values are told apart; all by default.

    Raises
    ------
    NotInResults
        If the table lacks the ledger.
    """
    results.check_columns(*LEDGER_COLUMNS)
    words = gate_words(results.scenario)
    groups = results.groups(by)
    charges = []
    for gate, column in zip(Gate, LEDGER_COLUMNS, strict=True):
        values = results.numbers(column)
        for group in groups:
            points = results.clusters_of(group.cells)
            share = estimate(values[group.cells], points)
            charges.append(Charge(group=group, gate=gate, words=words[gate], share=share))
    order = {group.label: n for n, group in enumerate(groups)}
    charges.sort(key=lambda c: (order[c.group.label], c.gate))
    notes = (
        "A week with several closed gates is shared equally among them. The gates are those of "
        "the full signature, so weeks of an interim deal in force are charged as well.",
    )
    return Ledger(keys=tuple(groups[0].values), charges=tuple(charges), notes=notes)
