"""The controls of the page: label, value, range, and what waits for Reset."""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from sim.registry import registry
from sim.scenario.number import Number
from sim.settings import CHOICES, Settings
from sim.view.board.markup import SIGNS
from sim.view.choices import Choices, Start
from sim.view.options import chosen, default_of, files_of, for_parties, options, with_parties
from sim.view.words import HELP, LABELS

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
    """One control.

    Attributes
    ----------
    key : str
        The override that it sets.
    label : str
    kind : {'select', 'range', 'number'}
    value : str
        As it is set now.
    running : str
        As it is in the run that is shown.
    options : list of str
        Of a select.
    low, high, step : str
        Of a number, empty where nothing bounds it.
    note : str
        Unit and range, or what the choice does.
    folded : bool
        True if it stands below a fold.
    """

    key: str
    label: str
    kind: str
    value: str
    running: str
    options: list[str] = field(default_factory=list)
    low: str = ""
    high: str = ""
    step: str = "any"
    note: str = ""
    folded: bool = False

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
        """Return the name of a group's option, as chosen or as it follows from the rest."""
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
        """Yield the parameters of the plug-in that a party has chosen."""
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
    """Return whether two texts are the same number, written differently."""
    try:
        return float(one) == float(other)
    except ValueError:
        return False


def _parameter(settings: Settings, party: str, node: str, name: str) -> float | None:
    """Return a parameter of the run shown, None if its plug-in has no such one."""
    conduct = settings.parties.get(party)
    found = getattr(conduct, node).parameters.get(name) if conduct is not None else None
    return None if found is None else float(found)


def _at(settings: Settings, path: str) -> Number | None:
    """Return a number of the scenario, None if it has no such one."""
    node: object = settings.scenario
    for part in path.split("."):
        node = node.get(part) if isinstance(node, dict) else getattr(node, part, None)
    return node if isinstance(node, Number) else None
