"""Overrides under which drafts are answered as a whole, by sides that perceive deadlines.

Strategies, agendas and demands differ much there within few runs, as tests of tables need.
"""

AS_A_WHOLE = (
    "bargaining=packages",
    "scenario.deadline_weeks.armenia={value:90,low:8,high:156,basis:assumption}",
    "scenario.deadline_weeks.azerbaijan={value:156,low:52,high:1040,basis:assumption}",
    "scenario.coercion.armenia.hazard_per_year.value=0",
    "scenario.coercion.azerbaijan.hazard_per_year.value=0",
    "scenario.dropping.azerbaijan.cost.value=0",
    "scenario.dropping.azerbaijan.restated.value=0",
    "scenario.holdout_odds.azerbaijan.value=0.3",
    "~scenario.successors.armenia",
)
