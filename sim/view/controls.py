"""The controls of the page: label, value, range, and what waits for Reset.

The first half finds out what there is to choose from in each configuration group, and which of
it describes given settings; the second half makes the controls.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from sim.config.homes import Home
from sim.config.number import Number
from sim.config.scenario import BY_PARTY
from sim.config.settings import CHOICES, Settings
from sim.model.plugins import registry
from sim.view.board.markup import SIGNS
from sim.view.choices import (
    RULES,
    WHOLE,
    Choices,
    Start,
    State,
    config_folders,
    content_of,
    files_of,
    options,
)

Kind = TypeVar("Kind", list[object], dict[str, object])

LABELS = {
    "bargaining": "Way of bargaining",
    "precondition": "Precondition rule",
    "mediator": "Mediator style",
    "acceptance": "Acceptance condition",
    "horizon": "Weeks",
}
"""Labels that are not the key itself."""
WORDS = {
    "ac_combi": "beats the next demand; late, the best so far",
    "ac_const": "gives a constant share",
    "ac_next": "beats the own next demand",
    "ac_time": "beats the status quo, once it is late",
}
"""Options in words, where their name says nothing to who has not read the papers."""
HELP = {
    "scenario": "another one drops what is set below, but for chance and length",
    "preset": "a whole reading: drops what is set below, but for chance and length",
    "seed": "the same seed gives the same course of chance",
    "replicate": "which course of chance of that seed",
    "horizon": "1 to 1040",
}
FOLDED = ("acceptance", "opponent_model")
"""What stands below a fold, to keep the column short."""
SLIDER_SPAN = 1.0
"""A number whose range is no wider than this is set with a slider, others in a field."""
FEWEST_STEPS = 30
"""Steps that a slider has at least; they are powers of ten."""


@lru_cache(maxsize=256)
def option_help(file: Path) -> str:
    """Return what a file of a group says of itself: the first paragraph of its comment."""
    lines: list[str] = []
    for line in file.read_text("utf-8").splitlines():
        if line.startswith("# @package"):
            continue
        if not line.startswith("# "):
            break
        lines.append(line.removeprefix("# ").strip())
    return " ".join(lines)


def option_words(name: str) -> str:
    """Return an option as it is written for readers."""
    return WORDS.get(name, name.replace("_", " "))


def _at(content: object, key: str, kind: type[Kind]) -> Kind:
    """Return what a file has at a key, empty if that is not of this kind."""
    node = content.get(key) if isinstance(content, Mapping) else None
    return node if isinstance(node, kind) else kind()


@lru_cache(maxsize=64)
def default_of(group: str, config_name: str, config_dir: str | None) -> str:
    """Return the name that the primary configuration chooses for a group, empty if none."""
    files = (folder / f"{config_name}.yaml" for folder in config_folders(config_dir))
    content = content_of(next((file for file in files if file.is_file()), Path()))
    chosen = (
        entry.get(group) for entry in _at(content, "defaults", list) if isinstance(entry, Mapping)
    )
    return next((name for name in chosen if isinstance(name, str)), "")


def with_parties(scenarios: Mapping[str, object], parties: tuple[str, str]) -> list[str]:
    """Return the scenarios of these parties, and those that do not say whose talks they are.

    `scenarios` are the `options` of the group.
    """
    return [name for name in scenarios if _parties(scenarios, name) in (None, list(parties))]


def _parties(scenarios: Mapping[str, object], name: str) -> object:
    """Return the parties that a scenario states, or the one that it is based on; None if none."""
    seen: set[str] = set()
    while name not in seen:
        seen.add(name)
        content = scenarios.get(name)
        if isinstance(content, Mapping) and "parties" in content:
            return content["parties"]
        bases = [str(base) for base in _at(content, "defaults", list) if base != "_self_"]
        name = bases[-1] if bases else name
    return None


def for_parties(presets: Mapping[str, object], parties: tuple[str, str]) -> list[str]:
    """Return the presets that choose nothing for anyone but these parties.

    `presets` are the `options` of the group.
    """
    return [name for name, content in presets.items() if _chosen_for(content) <= set(parties)]


def _chosen_for(preset: object) -> set[str]:
    entries = (entry for entry in _at(preset, "defaults", list) if isinstance(entry, Mapping))
    keys = [str(key) for entry in entries for key in entry]
    named = {key.partition("@")[2] for key in keys if "@" in key}
    scenario = preset.get("scenario") if isinstance(preset, Mapping) else None
    own = {party for name in BY_PARTY for party in _at(scenario, name, dict)}
    return named | own | _home_named(preset)


def _home_named(preset: object) -> set[str]:
    """Return the party whose home a preset is about, if it says so."""
    found = preset
    for key in ("scenario", "opposition", "home"):
        found = found.get(key) if isinstance(found, Mapping) else None
    return {found} if isinstance(found, str) else set()


def chosen_rule(settings: Settings, group: str, found: Mapping[str, object]) -> str:
    """Return the option among `found` that describes a rule of the talks, empty if none does."""
    rule = getattr(settings, group).model_dump(mode="json")
    for name, content in found.items():
        if isinstance(content, Mapping) and content and content.items() <= rule.items():
            return name
    return ""


def chosen_plugin(settings: Settings, group: str, party: str, found: Mapping[str, object]) -> str:
    """Return the option among `found` that describes what a party has chosen, empty if none does.

    That is the option with exactly these values; if there is none, one that names the same
    plug-in.
    """
    choice = getattr(settings.parties[party], group)
    nodes = {name: _at(content, group, dict) for name, content in found.items()}
    exact = {"name": choice.name, **choice.parameters}
    for name, node in nodes.items():
        if node == exact:
            return name
    same = [name for name, node in nodes.items() if node.get("name") == choice.name]
    # The option of the plug-in's own name takes any parameters: 'polynomial', not 'boulware'.
    return choice.name if choice.name in same else next(iter(same), "")


def chosen(start: Start, state: State, group: str, party: str = "") -> str:
    """Return the option that is chosen in a group, a party's or one of the rules of the talks."""
    key = f"{group}@{party}" if party else group
    if key in state.choices.values:
        return state.choices.values[key]
    if group in WHOLE:
        return default_of(group, start.config_name, start.config_dir)
    found = options(group, start.config_dir)
    if not party:
        return chosen_rule(state.settings, group, found)
    if party not in state.settings.parties:
        return ""
    return chosen_plugin(state.settings, group, party, found)


def conduct_words(start: Start, state: State) -> dict[str, str]:
    """Return in words how each party bargains, by its id, and the rules, by the empty string."""
    told = {}
    for party in state.settings.scenario.parties:
        words = option_words(chosen(start, state, "strategy", party))
        own = f"{party}.strategy."
        given = [
            f"{key.removeprefix(own).replace('_', ' ')} {value}"
            for key, value in state.choices.values.items()
            if key.startswith(own)
        ]
        told[party] = f"{words} ({', '.join(given)})" if given else words
    rules = [f"{_label(g).lower()} {option_words(chosen(start, state, g))}" for g in RULES]
    settings = state.settings
    told[""] = f"{', '.join(rules)}; seed {settings.seed}, replicate {settings.replicate}"
    return told


def differing(start: Start, one: State, other: State) -> list[tuple[str, str, str]]:
    """Return what two runs have set differently: its name, and its value in words in each."""
    scenario = other.settings.scenario
    pairs = [("", group) for group in ("scenario", "preset", *RULES)]
    pairs += [(party, "strategy") for party in scenario.parties]
    found = []
    for party, group in pairs:
        values = [option_words(chosen(start, state, group, party)) for state in (one, other)]
        name = f"{scenario.actors[party].name}: strategy" if party else _label(group)
        found.append((name, *values))
    keys = [key for state in (one, other) for key in state.choices.values if "." in key]
    for key in dict.fromkeys(keys):
        values = [state.choices.values.get(key, "as it stands") for state in (one, other)]
        found.append((key.removeprefix("scenario.").removesuffix(".value"), *values))
    found += [
        (_label(key), str(getattr(one.settings, key)), str(getattr(other.settings, key)))
        for key in ("seed", "replicate", "horizon")
    ]
    return [(name, first, second) for name, first, second in found if first != second]


@dataclass(frozen=True)
class Control:
    """One control."""

    key: str  # the override that it sets
    label: str
    kind: str  # select, number or range
    value: str  # as it is set now
    running: str  # as it is in the run that is shown
    options: list[str] = field(default_factory=list)  # of a select
    low: str = ""  # of a number, empty where nothing bounds it
    high: str = ""
    step: str = "any"
    note: str = ""  # unit and range, or what the choice does
    folded: bool = False  # true if it stands below a fold
    words: Mapping[str, str] = field(default_factory=dict)  # of the options, where not the same
    told: list[tuple[str, str]] = field(default_factory=list)  # what each option does

    @property
    def waits(self) -> bool:
        """True if the value is not the one that the run shown was started with."""
        return self.value != self.running and not _same_number(self.value, self.running)


def _same_number(one: str, other: str) -> bool:
    try:
        return float(one) == float(other)
    except ValueError:
        return False


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


def fieldsets(start: Start, draft: State, running: State) -> list[Fieldset]:
    """Return all controls for what is set now (`draft`), beside the run shown (`running`)."""
    build = _Builder(start, draft, running)
    scenario = draft.settings.scenario
    sides = [
        Fieldset(f"{SIGNS[side]} {scenario.actors[party].name}", list(build.party(party)))
        for side, party in enumerate(scenario.parties)
    ]
    return [
        Fieldset("Rules of the talks", [build.group(group) for group in (*WHOLE, *RULES)]),
        *sides,
        *(
            Fieldset(f"At home in {scenario.actors[home.party].name}", [build.effort(home)])
            for home in scenario.all_homes.values()
            if home.opposition is not None and home.public is not None
        ),
        Fieldset(
            "Chance and length", [build.whole(key) for key in ("seed", "replicate", "horizon")]
        ),
    ]


def other_choices(choices: Choices, shown: list[Fieldset]) -> str:
    """Return the choices that no control shows, as overrides, one a line."""
    keys = {entry.key for group in shown for entry in group.controls}
    return "\n".join(f"{key}={value}" for key, value in choices.values.items() if key not in keys)


class _Builder:
    """Makes controls from what is set and what runs."""

    def __init__(self, start: Start, draft: State, running: State) -> None:
        self.start, self.draft, self.running = start, draft, running

    def effort(self, home: Home) -> Control:
        """Return the control of how hard the opposition at a home mobilises."""
        path = f"{home.path}public.effort"
        return self.scenario_number(path, "Opposition strength", "mobilising effort, a share")

    def group(self, group: str, party: str = "") -> Control:
        """Return the control of a group; a party's, or one of the rules of the talks."""
        value, running = (
            chosen(self.start, state, group, party) for state in (self.draft, self.running)
        )
        names = self._names(group)
        if value not in names:
            names.insert(0, value)
        if group == "preset":
            names.sort(key=lambda name: name != "none")
        return Control(
            f"{group}@{party}" if party else group,
            _label(group),
            "select",
            value,
            running,
            names,
            note=HELP.get(group, ""),
            folded=group in FOLDED,
            words={name: option_words(name) for name in names},
            told=self._told(group, names),
        )

    def _told(self, group: str, names: Sequence[str]) -> list[tuple[str, str]]:
        files = files_of(group, self.start.config_dir)
        told = [(name, option_help(files[name])) for name in names if name in files]
        return [(name, words) for name, words in told if words]

    def _names(self, group: str) -> list[str]:
        """Return what can be chosen.

        Strategies belong to parties: other parties need a configuration of their own.
        """
        parties = self.draft.settings.scenario.parties
        if group == "scenario":
            return with_parties(options(group, self.start.config_dir), parties)
        if group == "preset":
            return for_parties(options(group, self.start.config_dir), parties)
        return list(files_of(group, self.start.config_dir))

    def party(self, party: str) -> Iterator[Control]:
        """Yield the controls of one party: what it chooses, with parameters, and its patience."""
        for node in CHOICES:
            yield self.group(node, party)
            yield from self._parameters(party, node)
        yield self.scenario_number(f"discount_rate.{party}", "Discount rate", "a year")

    def _parameters(self, party: str, node: str) -> Iterator[Control]:
        values, running = (
            _parameters(state.settings, party, node) for state in (self.draft, self.running)
        )
        choice = getattr(self.draft.settings.parties[party], node)
        for parameter in registry().get(CHOICES[node], choice.name).parameters:
            control = self._number(
                f"{party}.{node}.{parameter.name}",
                parameter.name.replace("_", " "),
                (values[parameter.name], running.get(parameter.name)),
                (parameter.low, parameter.high),
                f"{parameter.meaning}; {parameter.unit}",
            )
            yield replace(control, folded=node in FOLDED)

    def scenario_number(self, path: str, label: str, unit: str) -> Control:
        """Return the control of one number of the scenario."""
        now, before = (_number_at(state.settings, path) for state in (self.draft, self.running))
        assert now is not None
        low = 0.0 if now.low is None else now.low
        high = max(1.0, now.value) if now.high is None else now.high
        values = (now.value, None if before is None else before.value)
        return self._number(f"scenario.{path}.value", label, values, (low, high), unit)

    def _number(
        self,
        key: str,
        label: str,
        values: tuple[float, float | None],
        span: tuple[float, float],
        unit: str,
    ) -> Control:
        """Return the control of a number; a choice that is not composed yet is shown as it is."""
        value, running = values
        low, high = span
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
        )

    def whole(self, key: str) -> Control:
        """Return the control of a whole number at the root of the settings."""
        value, running = (
            state.choices.values.get(key, str(getattr(state.settings, key)))
            for state in (self.draft, self.running)
        )
        return Control(key, _label(key), "number", value, running, step="1", note=HELP[key])


def _label(key: str) -> str:
    return LABELS.get(key, key.replace("_", " ").capitalize())


def slider_step(low: float, high: float, value: float) -> float | None:
    """Return the step of a slider on which ends and value lie, None if a field serves better."""
    span = high - low
    if not 0.0 < span <= SLIDER_SPAN:
        return None
    step = 10.0 ** math.floor(math.log10(span / FEWEST_STEPS))
    whole = (abs(place / step - round(place / step)) < 1e-6 for place in (low, high, value))
    return step if all(whole) else None


def _parameters(settings: Settings, party: str, node: str) -> Mapping[str, float]:
    """Return the parameters of a party's choice, empty if there is no such party."""
    conduct = settings.parties.get(party)
    parameters: Mapping[str, float] = (
        getattr(conduct, node).parameters if conduct is not None else {}
    )
    return parameters


def _number_at(settings: Settings, path: str) -> Number | None:
    node: object = settings.scenario
    for part in path.split("."):
        node = node.get(part) if isinstance(node, dict) else getattr(node, part, None)
    return node if isinstance(node, Number) else None
