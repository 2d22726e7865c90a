"""The controls of the page: label, value, range, and what waits for Reset."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path

import yaml

from sim.config.number import Number
from sim.config.settings import CHOICES, Settings
from sim.model.plugins import registry
from sim.view.board.markup import SIGNS
from sim.view.choices import Choices, Start
from sim.view.composition_cache import folders

LABELS = {
    "scenario": "Scenario",
    "preset": "Preset",
    "agenda": "Agenda",
    "precondition": "Precondition rule",
    "mediator": "Mediator style",
    "public": "Public",
    "strategy": "Strategy",
    "acceptance": "Acceptance condition",
    "opponent_model": "Opponent model",
    "seed": "Seed",
    "replicate": "Replicate",
    "horizon": "Weeks",
}
HELP = {
    "scenario": "another one drops what is set below, but for chance and length",
    "preset": "a whole reading: drops what is set below, but for chance and length",
    "discount_rate": "a year",
    "effort": "mobilising effort, a share",
    "seed": "the same seed gives the same course of chance",
    "replicate": "which course of chance of that seed",
    "horizon": "1 to 1040",
}


# ---- What there is to choose from in each group, and which of it describes given settings.


def files_of(group: str, config_dir: str | None) -> dict[str, Path]:
    """Return the files of a group by name, the user's own before those of the package."""
    found: dict[str, Path] = {}
    for folder in folders(config_dir):
        for file in sorted((folder / group).glob("*.yaml")):
            found.setdefault(file.stem, file)
    return found


@lru_cache(maxsize=64)
def options(group: str, config_dir: str | None) -> dict[str, object]:
    """Return the content of each file of a group by name."""
    files = files_of(group, config_dir)
    return {name: _content(file) for name, file in files.items()}


def _content(file: Path) -> object:
    try:
        return yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None


def default_of(group: str, config_name: str, config_dir: str | None) -> str:
    """Return the name that the primary configuration chooses for a group, empty if none."""
    names = (folder / f"{config_name}.yaml" for folder in folders(config_dir))
    content = _content(next((file for file in names if file.is_file()), Path()))
    defaults = content.get("defaults", []) if isinstance(content, Mapping) else []
    for entry in defaults:
        if isinstance(entry, Mapping) and isinstance(entry.get(group), str):
            return str(entry[group])
    return ""


def with_parties(scenarios: Mapping[str, object], parties: tuple[str, str]) -> list[str]:
    """Return the scenarios of these parties, and those that do not say whose talks they are.

    Parameters
    ----------
    scenarios : mapping
        Content of the group's files, of `options`.
    parties : tuple of str
        Their ids, the first party first.
    """
    return [name for name in scenarios if _parties(scenarios, name) in (None, list(parties))]


def for_parties(presets: Mapping[str, object], parties: tuple[str, str]) -> list[str]:
    """Return the presets that choose nothing for anyone but these parties.

    Parameters
    ----------
    presets : mapping
        Content of the group's files, of `options`.
    parties : tuple of str
        Their ids.
    """
    return [name for name, content in presets.items() if _chosen_for(content) <= set(parties)]


def _chosen_for(preset: object) -> set[str]:
    entries = preset.get("defaults") if isinstance(preset, Mapping) else None
    listed = entries if isinstance(entries, list) else []
    keys = [str(key) for entry in listed if isinstance(entry, Mapping) for key in entry]
    return {key.partition("@")[2] for key in keys if "@" in key}


def _parties(scenarios: Mapping[str, object], name: str) -> object:
    """Return the parties that a scenario states, or the one that it is based on; None if none."""
    seen: set[str] = set()
    while name not in seen:
        seen.add(name)
        content = scenarios.get(name)
        if not isinstance(content, Mapping):
            return None
        if "parties" in content:
            return content["parties"]
        bases = content.get("defaults")
        named = [base for base in bases if base != "_self_"] if isinstance(bases, list) else []
        name = str(named[-1]) if named else name
    return None


def chosen(settings: Settings, group: str, party: str, found: Mapping[str, object]) -> str:
    """Return the option that describes the settings, empty if none does.

    Parameters
    ----------
    settings : Settings
    group : str
        A group of a party, or one of the rules of the talks.
    party : str
        Empty for the rules of the talks.
    found : mapping
        Content of the group's files, of `options`.

    Returns
    -------
    str
        The option with exactly these values; if there is none, one that names the same plug-in.
    """
    if not party:
        rule = getattr(settings, group).model_dump(mode="json")
        return next(
            (
                name
                for name, content in found.items()
                if isinstance(content, Mapping) and content and content.items() <= rule.items()
            ),
            "",
        )
    choice = getattr(settings.parties[party], group)
    wanted: object = {group: {"name": choice.name, **choice.parameters}}
    for name, content in found.items():
        if _with_defaults(content, group, choice.parameters) == wanted:
            return name
    same = [name for name, content in found.items() if _named(content, group) == choice.name]
    # The option of the plug-in's own name takes any parameters: 'polynomial', not 'boulware'.
    return choice.name if choice.name in same else next(iter(same), "")


def _named(content: object, group: str) -> object:
    node = content.get(group) if isinstance(content, Mapping) else None
    return node.get("name") if isinstance(node, Mapping) else None


def _with_defaults(content: object, group: str, parameters: Mapping[str, float]) -> object:
    node = content.get(group) if isinstance(content, Mapping) else None
    if not isinstance(node, Mapping) or not set(parameters) <= set(node):
        return None
    values = {key: node[key] for key in node if key != "name"}
    if not all(isinstance(value, (int, float)) for value in values.values()):
        return None
    return {group: {"name": node.get("name"), **{k: float(v) for k, v in values.items()}}}


# ---- The controls of the page: label, value, range, and what waits for Reset.

RULES = ("agenda", "precondition", "mediator", "public")
WHOLE = ("scenario", "preset")
FOLDED = ("acceptance", "opponent_model")
"""What stands below a fold, to keep the column short."""
_OF_PARTIES = {"scenario": with_parties, "preset": for_parties}
"""Strategies belong to parties: other parties need a configuration of their own."""
SLIDER_SPAN = 1.0
"""A number whose range is no wider than this is set with a slider, others in a field."""
FEWEST_STEPS = 30
"""Steps that a slider has at least; they are powers of ten."""


@dataclass(frozen=True)
class Control:
    """One control."""

    key: str  # the override that it sets
    label: str
    kind: str
    value: str  # as it is set now
    running: str  # as it is in the run that is shown
    options: list[str] = field(default_factory=list)  # of a select
    # low, high, step: of a number, empty where nothing bounds it
    low: str = ""
    high: str = ""
    step: str = "any"
    note: str = ""  # unit and range, or what the choice does
    folded: bool = False  # true if it stands below a fold

    @property
    def waits(self) -> bool:
        """True if the value is not the one that the run shown was started with."""
        return self.value != self.running and not _same_number(self.value, self.running)


@dataclass(frozen=True)
class Fieldset:
    """Controls under one heading."""

    title: str
    controls: list[Control]

    def plain(self) -> dict[str, object]:
        """Return dictionaries and lists, ready for the page."""
        return {
            "title": self.title,
            "controls": [{**asdict(entry), "waits": entry.waits} for entry in self.controls],
        }


@dataclass(frozen=True)
class State:
    """Choices and the settings that follow from them."""

    choices: Choices
    settings: Settings


def fieldsets(start: Start, draft: State, running: State) -> list[Fieldset]:
    """Return all controls.

    Parameters
    ----------
    start : Start
        Of the server.
    draft : State
        What is set now.
    running : State
        What the run shown was started with.
    """
    build = _Builder(start, draft, running)
    scenario = draft.settings.scenario
    talks = [build.group(group) for group in (*WHOLE, *RULES)]
    sides = [
        Fieldset(f"{SIGNS[side]} {scenario.actors[party].name}", list(build.party(party)))
        for side, party in enumerate(scenario.parties)
    ]
    home = [build.scenario_number("public.effort", "Opposition strength")]
    chance = [build.whole(key) for key in ("seed", "replicate", "horizon")]
    return [
        Fieldset("Rules of the talks", talks),
        *sides,
        Fieldset(f"At home in {scenario.actors[scenario.opposition.home].name}", home),
        Fieldset("Chance and length", chance),
    ]


def other_choices(choices: Choices, shown: list[Fieldset]) -> str:
    """Return the choices that no control shows, as overrides, one a line."""
    keys = {entry.key for group in shown for entry in group.controls}
    return "\n".join(f"{key}={value}" for key, value in choices.values.items() if key not in keys)


class _Builder:
    """Makes controls from what is set and what runs."""

    def __init__(self, start: Start, draft: State, running: State) -> None:
        self.start, self.draft, self.running = start, draft, running

    def group(self, group: str, party: str = "") -> Control:
        """Return the control of a group."""
        key = f"{group}@{party}" if party else group
        value, running = (self._chosen(state, group, party) for state in (self.draft, self.running))
        names = list(files_of(group, self.start.config_dir))
        if group in _OF_PARTIES:
            names = _OF_PARTIES[group](
                options(group, self.start.config_dir), self.draft.settings.scenario.parties
            )
        if value not in names:
            names.insert(0, value)
        if group == "preset":
            names.sort(key=lambda name: name != "none")
        return Control(
            key,
            LABELS[group],
            "select",
            value,
            running,
            names,
            note=HELP.get(group, ""),
            folded=group in FOLDED,
        )

    def _chosen(self, state: State, group: str, party: str) -> str:
        key = f"{group}@{party}" if party else group
        if key in state.choices.values:
            return state.choices.values[key]
        if group in WHOLE:
            return default_of(group, self.start.config_name, self.start.config_dir)
        if party and party not in state.settings.parties:
            return ""
        return chosen(state.settings, group, party, options(group, self.start.config_dir))

    def party(self, party: str) -> Iterator[Control]:
        """Yield the controls of one party: what it chooses, with parameters, and its patience."""
        for node in CHOICES:
            yield self.group(node, party)
            yield from self._parameters(party, node)
        yield self.scenario_number(f"discount_rate.{party}", "Discount rate")

    def _parameters(self, party: str, node: str) -> Iterator[Control]:
        choice = getattr(self.draft.settings.parties[party], node)
        declared = registry().get(CHOICES[node], choice.name).parameters
        for parameter in declared:
            yield self._number(
                f"{party}.{node}.{parameter.name}",
                parameter.name.replace("_", " "),
                choice.parameters[parameter.name],
                _parameter(self.running.settings, party, node, parameter.name),
                parameter.low,
                parameter.high,
                parameter.unit,
                node in FOLDED,
            )

    def scenario_number(self, path: str, label: str) -> Control:
        """Return the control of one number of the scenario."""
        now = _at(self.draft.settings, path)
        before = _at(self.running.settings, path)
        assert now is not None
        low = now.low if now.low is not None else 0.0
        high = now.high if now.high is not None else max(1.0, now.value)
        return self._number(
            f"scenario.{path}.value",
            label,
            now.value,
            None if before is None else before.value,
            low,
            high,
            HELP.get(path.partition(".")[0], HELP.get(path.rpartition(".")[2], "")),
        )

    def _number(
        self,
        key: str,
        label: str,
        value: float,
        running: float | None,
        low: float,
        high: float,
        unit: str,
        folded: bool = False,
    ) -> Control:
        """Return the control of a number; a choice that is not composed yet is shown as it is."""
        step = slider_step(low, high, value)
        return Control(
            key,
            label,
            "number" if step is None else "range",
            self.draft.choices.values.get(key, f"{value:g}"),
            self.running.choices.values.get(key, "" if running is None else f"{running:g}"),
            low=f"{low:g}",
            high=f"{high:g}",
            step="any" if step is None else f"{step:g}",
            note=f"{unit}, {low:g} to {high:g}",
            folded=folded,
        )

    def whole(self, key: str) -> Control:
        """Return the control of a whole number at the root of the settings."""
        return Control(
            key,
            LABELS[key],
            "number",
            self.draft.choices.values.get(key, str(getattr(self.draft.settings, key))),
            self.running.choices.values.get(key, str(getattr(self.running.settings, key))),
            step="1",
            note=HELP[key],
        )


def slider_step(low: float, high: float, value: float) -> float | None:
    """Return the step of a slider on which ends and value lie, None if a field serves better."""
    span = high - low
    if not 0.0 < span <= SLIDER_SPAN:
        return None
    step = 10.0 ** math.floor(math.log10(span / FEWEST_STEPS))
    whole = (abs(place / step - round(place / step)) < 1e-6 for place in (low, high, value))
    return step if all(whole) else None


def _same_number(one: str, other: str) -> bool:
    try:
        return float(one) == float(other)
    except ValueError:
        return False


def _parameter(settings: Settings, party: str, node: str, name: str) -> float | None:
    conduct = settings.parties.get(party)
    found = getattr(conduct, node).parameters.get(name) if conduct is not None else None
    return None if found is None else float(found)


def _at(settings: Settings, path: str) -> Number | None:
    node: object = settings.scenario
    for part in path.split("."):
        node = node.get(part) if isinstance(node, dict) else getattr(node, part, None)
    return node if isinstance(node, Number) else None
