"""The validated settings of a plan's cells."""

import json
from collections.abc import Mapping

from sim.errors import ConfigError
from sim.scenario import Scenario
from sim.settings import Settings, build_settings
from sim.sweeps.paths import changed
from sim.sweeps.plan import Combination, Plan
from sim.sweeps.variation import with_values

KEPT_SCENARIOS = 64
"""Validated scenarios that are kept for further cells."""


class CellSettings:
    """Validated settings of a plan's cells, made on demand.

    Scenarios are validated once for all cells that share them.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._scenarios: dict[tuple[int, str], Scenario] = {}

    def __call__(self, cell: int) -> Settings:
        """Return the settings of one cell.

        Raises
        ------
        ConfigError
            With one line a problem.
        """
        combination, point = self._plan.parts(cell)
        plain = self._plan.plain(cell)
        if point < 0:
            return build_settings(plain, self._scenario(combination, plain))
        drawn = dict(zip(self._plan.point_keys, self._plan.points[point], strict=True))
        if not all(_assumed(self._plan, combination, key) for key in drawn if _of_scenario(key)):
            return build_settings(plain)
        shared = changed(self._plan.bases[combination.base], combination.changes)
        scenario = self._scenario(combination, shared)
        if scenario is None:
            return build_settings(plain)
        values = {
            key.removeprefix("scenario.").removesuffix(".value"): value
            for key, value in drawn.items()
            if _of_scenario(key)
        }
        return build_settings(plain, with_values(scenario, values))

    def _scenario(self, combination: Combination, plain: Mapping[str, object]) -> Scenario | None:
        """Return the validated scenario of a combination, None if it is not valid."""
        own = {k: v for k, v in combination.changes.items() if k.partition(".")[0] == "scenario"}
        key = (combination.base, json.dumps(own, sort_keys=True))
        if key not in self._scenarios:
            try:
                valid = build_settings(plain).scenario
            except ConfigError:
                return None
            if len(self._scenarios) >= KEPT_SCENARIOS:
                self._scenarios.pop(next(iter(self._scenarios)), None)
            self._scenarios[key] = valid
        return self._scenarios[key]


def _of_scenario(key: str) -> bool:
    """Return whether a path leads into the scenario."""
    return key.startswith("scenario.")


def _assumed(plan: Plan, combination: Combination, key: str) -> bool:
    """Return whether a sampled key is an assumption drawn inside its own range."""
    kept = plan.design.get("assumed", [])
    return isinstance(kept, list) and key in kept and key not in combination.changes
