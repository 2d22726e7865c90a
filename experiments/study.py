"""What a study is: a question, sweeps that answer it, and the analysis of their results."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

import experiments
from sim.analysis import Results
from sim.errors import ConfigError, did_you_mean


@dataclass(frozen=True)
class Part:
    """One sweep of a study.

    Attributes
    ----------
    experiment : str
        Name under `configs/experiment/`.
    small : tuple of str
        Overrides that make it small enough for a test.
    config_name : str
        Primary configuration.
    line : tuple of str
        Overrides beside the experiment's own.
    zipped : tuple of str
        Keys that go together instead of being crossed, as for `--zip`.
    """

    experiment: str
    small: tuple[str, ...]
    config_name: str = "config"
    line: tuple[str, ...] = ()
    zipped: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """A table of a summary, with the sentence that says how to read it."""

    caption: str
    frame: pl.DataFrame


@dataclass(frozen=True)
class Findings:
    """What a study found.

    Attributes
    ----------
    main : str
        The finding in one sentence, with its interval.
    sentences : tuple of str
        Further ones.
    tables : tuple of Table
    """

    main: str
    sentences: tuple[str, ...]
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True)
class Study:
    """A named study.

    Attributes
    ----------
    name, title, question : str
    design : str
        What is varied and what is held, and why.
    parts : mapping of str to Part
    analyse : callable
        From the results of each part, by its name, to findings. Reads results only.
    overturn : str
        What would overturn the findings.
    caveat : str
        The chief reason not to take them for more than they are.
    """

    name: str
    title: str
    question: str
    design: str
    parts: Mapping[str, Part]
    analyse: Callable[[Mapping[str, Results]], Findings]
    overturn: str
    caveat: str
    reading: tuple[str, ...] = field(default=())


def names() -> list[str]:
    """Return the names of all studies."""
    found = []
    for module in pkgutil.iter_modules([str(Path(experiments.__file__).parent)]):
        if module.name.startswith("_"):
            continue
        if hasattr(importlib.import_module(f"experiments.{module.name}"), "STUDY"):
            found.append(module.name)
    return found


def find(name: str) -> Study:
    """Return a study by its name.

    Raises
    ------
    ConfigError
        If there is none of that name.
    """
    known = names()
    if name not in known:
        raise ConfigError([f"no study '{name}'{did_you_mean(name, known)}"])
    study: Study = importlib.import_module(f"experiments.{name}").STUDY
    return study
