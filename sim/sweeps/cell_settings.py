"""The validated settings of a plan's cells."""

import json
from collections.abc import Sequence

from sim.scenario import Scenario
from sim.settings import Settings, build_settings
from sim.sweeps.paths import changed
from sim.sweeps.plan import Combination, Plan
from sim.sweeps.variation import with_values

KEPT_SCENARIOS = 64
"""Validated scenarios that are kept for further cells."""


def scenario_key(combination: Combination) -> str:
    """Return what combinations with the same scenario have in common."""
    own = {k: v for k, v in combination.changes.items() if k.partition(".")[0] == "scenario"}
    return f"{combination.base} {json.dumps(own, sort_keys=True)}"


class Scenarios:
    """Settings of combinations; a scenario that several share is validated once.

    Parameters
    ----------
    bases : sequence of dict
        Composed configurations that the combinations start from; may grow.
    """

    def __init__(self, bases: Sequence[dict[str, object]]) -> None:
        self._bases = bases
        self._valid: dict[str, Scenario] = {}

    def settings(self, combination: Combination) -> Settings:
        """Return the settings of one combination.

        Raises
        ------
        ConfigError
            With one line a problem.
        """
        plain = changed(self._bases[combination.base], combination.changes)
        key = scenario_key(combination)
        settings = build_settings(plain, self._valid.get(key))
        if key not in self._valid:
            while len(self._valid) >= KEPT_SCENARIOS:
                self._valid.pop(next(iter(self._valid)), None)
            self._valid[key] = settings.scenario
        return settings


class CellSettings:
    """Settings of a plan's cells, made on demand.

    Parameters
    ----------
    plan : Plan
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._scenarios = Scenarios(plan.bases)
        assumed = plan.design.get("assumed", [])
        self._assumed = set(assumed) if isinstance(assumed, list) else set()
        self._kept: tuple[Combination, Settings] | None = None

    def __call__(self, cell: int) -> Settings:
        """Return the settings of one cell.

        Raises
        ------
        ConfigError
            With one line a problem.
        """
        combination, point = self._plan.parts(cell)
        if point < 0:
            return self._scenarios.settings(combination)
        drawn = dict(zip(self._plan.point_keys, self._plan.points[point], strict=True))
        values = {
            key.removeprefix("scenario.").removesuffix(".value"): value
            for key, value in drawn.items()
            if key.startswith("scenario.")
        }
        # Drawn inside the ranges of the very scenario that was validated; else all anew.
        inside = {key for key in drawn if key.startswith("scenario.")} <= self._assumed
        if not inside or any(key in combination.changes for key in drawn if key in self._assumed):
            return build_settings(self._plan.plain(cell))
        kept = self._kept
        if kept is None or kept[0] is not combination:
            kept = self._kept = (combination, self._scenarios.settings(combination))
        scenario = with_values(kept[1].scenario, values)
        if len(values) == len(drawn):
            return kept[1].model_copy(update={"scenario": scenario})
        return build_settings(self._plan.plain(cell), scenario)
