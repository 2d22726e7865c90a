"""Everything one run is told: the scenario, both parties' conduct, the rules of the talks."""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, InstanceOf, ValidationError

from sim.config.decisions import decision_problems
from sim.config.messages import mistyped, problem_lines
from sim.config.scenario import Scenario, build_scenario
from sim.errors import ConfigError, did_you_mean
from sim.model.plugins import FIXED, PLUGINS_VARIABLE, registry

MAX_WEEKS = 1040
"""Longest horizon, 20 years."""
CHOICES: Mapping[str, str] = {
    "strategy": "concession",
    "acceptance": "acceptance",
    "opponent_model": "opponent_model",
}
"""What a party's node holds, and the registry's kind of plug-in for it."""

WORDS: Mapping[str, str] = {
    "concession": "concession strategy",
    "acceptance": "acceptance condition",
    "opponent_model": "opponent model",
}
"""The same in words."""


class Setting(BaseModel):
    """Base of the settings: unchangeable, no unknown keys, no silent conversion."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, strict=True)


class Choice(Setting):
    """A plug-in and its parameters, complete with defaults, in the registry's order."""

    name: str
    parameters: dict[str, float]

    @property
    def values(self) -> tuple[float, ...]:
        """Parameters in the order of the registry's declaration."""
        return tuple(self.parameters.values())


class Conduct(Setting):
    """How one party conducts itself."""

    strategy: Choice
    acceptance: Choice
    opponent_model: Choice


class AgendaSetting(Setting):
    """How articles are bargained over and what may be signed."""

    rule: Literal["issue_by_issue", "single_undertaking", "interim_allowed"]


class BargainingSetting(Setting):
    """How a draft is answered, and the noise of the answer to one article, in utility."""

    rule: Literal["packages", "articles"] = "articles"
    noise: float = Field(default=0.02, ge=0.0, le=1.0)


class PreconditionSetting(Setting):
    """When an unmet precondition stands in the way."""

    rule: Literal["none", "before_signing", "before_ratification"]


class MediatorSetting(Setting):
    """Style of mediation, and the solution at which a single text aims."""

    style: Literal["none", "facilitation", "formulation", "manipulation"]
    solution: Literal["nash", "kalai_smorodinsky"] = "nash"


class PublicSetting(Setting):
    """How citizens' opinions move, and on which graph."""

    rule: Literal["none", "degroot", "friedkin_johnsen", "bounded_confidence"]
    graph: Literal["small_world", "complete", "scale_free", "block_model"] = "small_world"


class Rules(Setting):
    """The root keys other than the scenario and the two parties."""

    agenda: AgendaSetting
    precondition: PreconditionSetting
    bargaining: BargainingSetting = BargainingSetting()
    mediator: MediatorSetting
    public: PublicSetting
    horizon: int = Field(default=156, ge=1, le=MAX_WEEKS)
    seed: int = Field(default=1, ge=0, lt=2**63)
    replicate: int = Field(default=0, ge=0)
    plugins: list[str] = Field(default_factory=list)
    decisions: list[str] = Field(default_factory=list)


WHOLE_RULES = {key for key, field in Rules.model_fields.items() if field.annotation is int}
"""Root keys that take whole numbers only."""


class Settings(Rules):
    """All that a run depends on, validated.

    Attributes
    ----------
    scenario : Scenario
        The negotiation.
    parties : dict
        Conduct of each party by its id, the first party first.
    horizon : int
        Weeks, 1 to 1040.
    seed, replicate : int
        Which run of which set of runs.
    plugins : list of str
        Files with strategies of the user's own.
    decisions : list of str
        What persons decide who sit at the table, see `sim.config.decisions`.
    """

    scenario: InstanceOf[Scenario]
    parties: dict[str, Conduct]


def build_settings(plain: Mapping[str, object], valid: Scenario | None = None) -> Settings:
    """Validate a composed configuration.

    plain: root keys `scenario`, the ids of its two parties, `agenda`, `precondition`, `mediator`,
        `public`, `horizon`, `seed`, `replicate`, `plugins`, `decisions`.
    valid: the scenario in `plain`, if it has been validated already.

    Raises ConfigError with one line for each problem in all parts together.
    """
    problems: list[str] = []
    raw_scenario = plain.get("scenario")
    scenario = valid if valid is not None else _scenario(raw_scenario, problems)
    party_ids = _party_ids(raw_scenario)
    rules = _rules({k: v for k, v in plain.items() if k in Rules.model_fields}, problems)
    known = ["scenario", *party_ids, *Rules.model_fields]
    problems += [
        f"{key}: unknown key '{key}'" + did_you_mean(str(key), known)
        for key in plain
        if key not in known
    ]
    if rules is not None and rules.plugins:
        try:
            use_plugins(rules.plugins)
        except ConfigError as error:
            raise ConfigError([*problems, *error.problems]) from error
    parties = {party: _conduct(party, plain.get(party), problems) for party in party_ids}
    if scenario is not None and rules is not None:
        problems += _absent_problems(scenario, rules)
        problems += decision_problems(rules.decisions, scenario, rules.horizon)
    if problems or scenario is None or rules is None:
        raise ConfigError(problems)
    complete = {party: conduct for party, conduct in parties.items() if conduct is not None}
    return Settings(scenario=scenario, parties=complete, **dict(rules))


def _scenario(raw: object, problems: list[str]) -> Scenario | None:
    if not isinstance(raw, Mapping):
        problems.append("scenario: must be a mapping, choose one with scenario=NAME")
        return None
    try:
        return build_scenario(raw, "scenario")
    except ConfigError as error:
        problems += error.problems
        return None


def _absent_problems(scenario: Scenario, rules: Rules) -> list[str]:
    """Return the rules chosen for a mediator or a public that the scenario leaves out."""
    problems = []
    if scenario.mediator is None and rules.mediator.style != "none":
        problems.append(
            f"mediator.style: '{rules.mediator.style}' and there is no mediator; set mediator=none"
        )
    publics = [home.public for home in scenario.all_homes.values()]
    if rules.public.rule != "none" and not any(publics):
        problems.append(
            f"public.rule: '{rules.public.rule}' and no home has a public; set public=none"
        )
    return problems


def _party_ids(raw_scenario: object) -> list[str]:
    found = raw_scenario.get("parties") if isinstance(raw_scenario, Mapping) else None
    return [str(party) for party in found] if isinstance(found, (list, tuple)) else []


def _rules(plain: Mapping[str, object], problems: list[str]) -> Rules | None:
    try:
        return Rules.model_validate(dict(plain))
    except ValidationError as error:
        problems += problem_lines(error, Rules)
        return None


def use_plugins(files: list[str]) -> None:
    """Make the plug-ins of a user's files known to this process and its workers.

    files: Python files; code that the user chose to run.

    Raises ConfigError if one of them cannot be used, or the rules of this process have been put
    together with other ones; the plug-ins known before stay known.
    """
    from sim.model.compiled import require_compiled

    before = os.environ.get(PLUGINS_VARIABLE, "")
    paths = [Path(file).expanduser().resolve() for file in files]
    joined = os.pathsep.join(str(path) for path in paths)
    if joined == before:
        return
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise ConfigError([f"plugins: no such file: {path}" for path in missing])
    if FIXED:
        known = before.replace(os.pathsep, ", ") or "no plug-ins"
        raise ConfigError(
            [
                f"plugins: the rules of this process are compiled with {known}; "
                f"start a new one for {', '.join(files)}"
            ]
        )
    require_compiled()
    os.environ[PLUGINS_VARIABLE] = joined
    registry.cache_clear()
    try:
        _check_plugins(paths)
    except ConfigError:
        os.environ[PLUGINS_VARIABLE] = before
        registry.cache_clear()
        raise


def _check_plugins(paths: list[Path]) -> None:
    """Load the plug-ins of these files, and compile each by itself unless that was done before.

    Raises ConfigError with one line for each thing that is wrong.
    """
    from sim.model.compiled import is_compiled, use_cache_folder

    found = registry()
    use_cache_folder()
    if is_compiled():
        return
    from sim.model.plugin_check import plugin_problems

    problems = plugin_problems(found, paths)
    if problems:
        raise ConfigError(problems)


def _conduct(party: str, raw: object, problems: list[str]) -> Conduct | None:
    if not isinstance(raw, Mapping):
        problems.append(f"{party}: is missing, choose at least strategy@{party}=NAME")
        return None
    problems += [
        f"{party}.{key}: unknown key '{key}'" + did_you_mean(str(key), CHOICES)
        for key in raw
        if key not in CHOICES
    ]
    chosen = {
        key: _choice(f"{party}.{key}", kind, raw.get(key), problems)
        for key, kind in CHOICES.items()
    }
    strategy, acceptance, model = (chosen[key] for key in CHOICES)
    if strategy is None or acceptance is None or model is None:
        return None
    return Conduct(strategy=strategy, acceptance=acceptance, opponent_model=model)


def _choice(place: str, kind: str, raw: object, problems: list[str]) -> Choice | None:
    if not isinstance(raw, Mapping) or "name" not in raw:
        problems.append(f"{place}: needs a name" + did_you_mean("", registry().names(kind)))
        return None
    name = raw["name"]
    if not isinstance(name, str) or name not in registry().names(kind):
        problems.append(
            f"{place}.name: unknown {WORDS[kind]} '{name}'"
            + did_you_mean(str(name), registry().names(kind))
        )
        return None
    declared = {p.name: p for p in registry().get(kind, name).parameters}
    before = len(problems)
    for key in raw:
        if key != "name" and key not in declared:
            known = did_you_mean(str(key), declared) or f"; '{name}' takes no parameters"
            problems.append(f"{place}.{key}: unknown parameter '{key}' of '{name}'{known}")
    values: dict[str, float] = {}
    for key, parameter in declared.items():
        value = raw.get(key, parameter.default)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            problems.append(f"{place}.{key}: must be a number, got {value}{mistyped(str(value))}")
        elif not (math.isfinite(value) and parameter.low <= value <= parameter.high):
            problems.append(
                f"{place}.{key}: {value:g} must lie between {parameter.low:g} "
                f"and {parameter.high:g}"
            )
        else:
            values[key] = float(value)
    return Choice(name=name, parameters=values) if len(problems) == before else None


def without_clock(scenario: Scenario) -> list[str]:
    """Return the parties whose clock never moves.

    A side's clock needs a deadline that it perceives, or a dated event at which a window may close;
    without either all strategies of time alone ask for the same in every week.
    """
    if any(entry.closes is not None and entry.closes.value > 0.0 for entry in scenario.calendar):
        return []
    return [party for party in scenario.parties if scenario.deadline_weeks[party] is None]


def without_effect(settings: Settings) -> list[str]:
    """Return one line for each choice of a party that goes by a clock which never moves."""
    lines = []
    for party in without_clock(settings.scenario):
        for key, kind in CHOICES.items():
            name = getattr(settings.parties[party], key).name
            if "clock" in registry().get(kind, name).uses:
                lines.append(
                    f"{key}@{party}: {name} goes by a clock that never moves; give "
                    f"scenario.deadline_weeks.{party}, or 'closes' in the calendar"
                )
    return lines
