"""A tour through talks: stops that a YAML file names, each a run, a week of it and what to see.

The tour of a scenario is the file of its name in the folder ``tour`` of the configuration, the
user's own before that of the package. It is read as data: no stop can set what a link could not.
"""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sim.config.messages import problem_lines
from sim.config.scenario import Scenario
from sim.errors import ConfigError
from sim.view.choices import config_folders, is_allowed, refusal

Words = Annotated[str, Field(min_length=1)]


class Part(BaseModel):
    """A part of a tour; keys that it does not know are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Guess(Part):
    """What a visitor is asked before the text of a stop is shown."""

    question: Words
    answers: Annotated[list[Words], Field(min_length=2)]
    right: Annotated[int, Field(ge=0)]  # place of the right answer, from 0

    @model_validator(mode="after")
    def _has_a_right_answer(self) -> "Guess":
        if self.right >= len(self.answers):
            raise ValueError(f"right: there are answers 0 to {len(self.answers) - 1}")
        return self


class Stop(Part):
    """One stop: which run, which week of it, what to look at, and what is said about it."""

    title: Words
    settings: dict[str, str | int | float] = {}  # over those of the command line
    week: Annotated[int, Field(ge=0)] = 0  # weeks played
    panel: Literal[
        "path", "text", "preconditions", "parties", "channels", "home", "public", "moves"
    ]
    text: Words
    guess: Guess | None = None
    record: str = ""  # what the record of the real talks says
    source: str = ""  # key of the scenario's source of the record
    overlay: bool = False  # whether the real talks are shown beside the run

    @model_validator(mode="after")
    def _is_allowed(self) -> "Stop":
        for key, value in self.settings.items():
            if not is_allowed(key, str(value)):
                raise ValueError(refusal(key, str(value)))
        return self


class Tour(Part):
    """A tour through one scenario."""

    title: Words
    settings: dict[str, str | int | float] = {}  # of every stop, over its own
    stops: Annotated[list[Stop], Field(min_length=1)]

    def settings_of(self, stop: int) -> dict[str, str]:
        """Return the overrides of a stop's run; a preset stands before what it would drop."""
        own = self.stops[stop].settings
        found = {"preset": own.get("preset", "none"), **self.settings, **own}
        return {key: str(value) for key, value in found.items()}


def shown_stop(tour: Tour | None, number: int, scenario: Scenario) -> dict[str, object]:
    """Return what the page shows of a tour: its title, and a stop; empty without a tour."""
    if tour is None:
        return {}
    if number < 0:
        return {"title": tour.title, "stop": -1}
    stop = tour.stops[number]
    source = scenario.sources.get(stop.source)
    return {
        **stop.model_dump(include={"text", "guess", "record", "panel"}),
        "title": f"{number + 1} of {len(tour.stops)}: {stop.title}",
        "source": stop.source if source is None else source.title,
        "stop": number,
        "last": number == len(tour.stops) - 1,
    }


def tour_of(scenario: str, config_dir: str | None) -> Tour | None:
    """Return the tour of a scenario, None if there is none.

    Raises `ConfigError` with one line a problem if its file cannot be used.
    """
    files = (folder / "tour" / f"{scenario}.yaml" for folder in config_folders(config_dir))
    file = next((file for file in files if file.is_file()), None)
    return None if file is None else _read(file)


def _read(file: Path) -> Tour:
    place = f"tour/{file.name}"
    try:
        plain = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError([f"{place}: is not YAML: {str(error).splitlines()[0]}"]) from error
    try:
        return Tour.model_validate(plain)
    except ValidationError as error:
        lines = problem_lines(error, Tour)
        raise ConfigError([f"{place}: {line}" for line in lines]) from error
