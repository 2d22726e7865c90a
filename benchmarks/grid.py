"""The sweep that the benchmarks of sweeps and reports play: 540 cells of the default talks.

A line of its own: a study may come to have more cells, and figures of different days are to be
comparable.
"""

LINE = (
    "strategy@armenia=boulware,linear,conceder,tit_for_tat,interim_first,micro",
    "strategy@azerbaijan=boulware,linear,conceder,firm,hold_out,tit_for_tat",
    "agenda=issue_by_issue,single_undertaking,interim_allowed",
    "scenario.discount_rate.azerbaijan.value=0.05,0.1,0.2,0.3,0.4",
)
"""540 cells: 6 strategies by 6 by 3 agendas by 5 discount rates."""
