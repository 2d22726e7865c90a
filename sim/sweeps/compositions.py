"""From the terms of a line to the composed configuration of each cell, quickly.

Hydra takes 0.2 to 0.4 s to compose one configuration, too long for one composition a cell. What
it composes is a merge of files in a fixed order, so a choice among files that only hold values
can be exchanged afterwards: Hydra composes once with a marked stand-in for the chosen file, and
where nothing else has touched the mark, each file's content is put in its place. Single values
are set afterwards in the same way. Whatever is not as simple as that - a file with a defaults
list or a package of its own, two choices that meet in one node, interpolations, added or deleted
keys - is composed by Hydra, once for each distinct combination.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from pathlib import Path

import yaml

from sim.config.compose import compose_plain, mark_settings
from sim.config.short import ONLY_HERE
from sim.config.sources import check_text, search_folders
from sim.config.with_hydra import unknown_key
from sim.errors import ConfigError
from sim.sweeps.overrides import Choices, Term
from sim.sweeps.plan import at, changed, has
from sim.sweeps.request import read_yaml

MARK = "_swept_"
"""Name of the stand-in files, and of the mark inside them."""


@dataclass(frozen=True)
class StandIn:
    """A choice among files that only hold values."""

    package: str  # path of the node that receives the content
    contents: dict[str, dict[str, object]]  # content of each file by its name
    mark: dict[str, object]  # what stands in for it during the composition

    def holds(self, base: Mapping[str, object]) -> bool:
        """Return whether nothing else in a composition has touched the mark or its place."""
        node = at(base, self.package)
        if not isinstance(node, Mapping):
            return False
        added = {key for content in self.contents.values() for key in content} - set(self.mark)
        untouched = all(node.get(key) == mark for key, mark in self.mark.items())
        return untouched and not any(key in node for key in added)


class Compositions:
    """Composes the configurations of a line's cells; each of its `terms` has a value at least."""

    def __init__(
        self, terms: Sequence[Term], config_name: str, config_dir: str | Path | None
    ) -> None:
        self._name, self._dir = config_name, config_dir
        self._folders = search_folders(config_name, config_dir)
        self._terms = list(terms)
        self.interpolated = self._has_interpolations()  # whether a value refers to another one
        # What is set afterwards would not reach the values that refer to it.
        simple = [] if self.interpolated else self._terms
        self._stand_ins = self._simple_choices(simple)
        self._late = {term.key: term for term in simple if _may_be_late(term)}
        self._bases: dict[tuple[str, ...], dict[str, object] | ConfigError] = {}

    def base(self, choices: Choices) -> dict[str, object]:
        """Return the composition that `choices` share with others, stand-ins still in place."""
        key = self._base_key(choices)
        while key not in self._bases:
            self._bases[key] = self._compose_base(choices)
            key = self._base_key(choices)  # composing may have given up stand-ins
        found = self._bases[key]
        if isinstance(found, ConfigError):
            raise ConfigError(found.problems)
        return found

    def changes(self, choices: Choices) -> dict[str, object]:
        """Return what a cell changes in its base, by path; ConfigError if one is missing."""
        base = self.base(choices)
        found: dict[str, object] = {}
        for key, stand_in in self._stand_ins.items():
            for name, content in stand_in.contents[choices[key].text].items():
                found[f"{stand_in.package}.{name}"] = content
        node = changed(base, found) if self._late else base
        problems = [unknown_key(key, node) for key in self._late if not has(node, key)]
        if problems:
            raise ConfigError(problems)
        found |= {key: choices[key].value for key in self._late}
        return found | self._marks(base, found)

    def check_alone(self, choices: Choices, error: ConfigError) -> None:
        """Raise ConfigError if a key fails by itself for that reason: then all cells do."""
        for term in self._terms:
            if term.key in self._late:
                continue
            try:
                compose_plain([term.override(choices[term.key])], self._name, self._dir)
            except ConfigError as alone:
                shared = [line for line in alone.problems if line in error.problems]
                if shared:
                    raise ConfigError(shared) from alone

    def _base_key(self, choices: Choices) -> tuple[str, ...]:
        """Return the overrides that Hydra composes for a cell."""
        return tuple(
            term.override(choices[term.key])
            for term in self._terms
            if term.key not in self._stand_ins and term.key not in self._late
        )

    def _marks(
        self, base: Mapping[str, object], changes: Mapping[str, object]
    ) -> dict[str, object]:
        """Return the numbers whose stated basis `mark_settings` replaces, by their paths."""
        keys = [key for key in self._late if key.startswith("scenario.") and key.endswith(".value")]
        if not keys:
            return {}
        node = changed(base, changes)
        numbers = {path: at(node, path) for path in (key.removesuffix(".value") for key in keys)}
        before = {path: dict(n) for path, n in numbers.items() if isinstance(n, Mapping)}
        mark_settings(node, [f"{key}=" for key in self._late])
        return {path: at(node, path) for path, n in before.items() if at(node, path) != n}

    def _simple_choices(self, terms: Sequence[Term]) -> dict[str, StandIn]:
        found: dict[str, StandIn] = {}
        for term in terms:
            if term.group and term.swept and not term.prefix:
                stand_in = self._stand_in(term, f"{MARK}{len(found)}")
                if stand_in is not None:
                    found[term.key] = stand_in
        return found

    def _has_interpolations(self) -> bool:
        texts = (option.text for term in self._terms for option in term.options)
        patterns = product(self._folders, ("*.yaml", "*/**/*.yaml"))
        files = (file for folder, pattern in patterns for file in folder.glob(pattern))
        contents = (file.read_text("utf-8", errors="replace") for file in files)
        return any("${" in text for text in chain(texts, contents))

    def _stand_in(self, term: Term, name: str) -> StandIn | None:
        """Return what stands in for a choice, None if its files do more than hold values."""
        group, _, package = term.key.partition("@")
        contents: dict[str, dict[str, object]] = {}
        for option in term.options:
            content = self._content(group, option.text)
            if content is None:
                return None
            contents[option.text] = content
        mark: dict[str, object] = {}
        for key in set.intersection(*(set(content) for content in contents.values())):
            nested = {isinstance(content[key], dict) for content in contents.values()}
            if len(nested) > 1:
                return None
            mark[key] = {name: key} if nested == {True} else name
        return StandIn(package or group.replace("/", "."), contents, mark) if mark else None

    def _content(self, group: str, name: str) -> dict[str, object] | None:
        files = [folder / group / f"{name}.yaml" for folder in self._folders]
        file = next((file for file in files if file.is_file()), None)
        if file is None:
            return None
        check_text(file)
        if "@package" in file.read_text("utf-8"):
            return None
        content = read_yaml(file)
        if not isinstance(content, dict) or {"defaults", *ONLY_HERE} & content.keys():
            return None
        return {str(key): value for key, value in content.items()}

    def _compose_base(self, choices: Choices) -> dict[str, object] | ConfigError:
        """Let Hydra compose with stand-ins; give up those that do not hold, and errors."""
        overrides = list(self._base_key(choices))
        overrides += [f"{key}={MARK}{n}" for n, key in enumerate(self._stand_ins)]
        try:
            base = self._with_stand_ins(overrides)
        except ConfigError as error:
            # A message may name the stand-in; without any, Hydra names the real choice.
            self._stand_ins = {}
            return error
        for key in [k for k, stand_in in self._stand_ins.items() if not stand_in.holds(base)]:
            del self._stand_ins[key]
        # A value inside a list, or one that another override sets too, is left to Hydra.
        early = [t.key for t in self._terms if t.key not in self._late and not t.group]
        for key in list(self._late):
            if any(_overlap(key, other) for other in early) or _meets_list(base, key):
                del self._late[key]
        return base

    def _with_stand_ins(self, overrides: list[str]) -> dict[str, object]:
        with tempfile.TemporaryDirectory(prefix="sim-compose-") as folder:
            for n, (key, stand_in) in enumerate(self._stand_ins.items()):
                file = Path(folder, key.partition("@")[0], f"{MARK}{n}.yaml")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(yaml.safe_dump(stand_in.mark), "utf-8")
            more = [Path(folder)] if self._stand_ins else []
            return compose_plain(overrides, self._name, self._dir, more)


def _may_be_late(term: Term) -> bool:
    """Return whether a key sets single values, which Hydra need not compose."""
    return (
        not term.group
        and not term.prefix
        and all(part.isidentifier() for part in term.key.split("."))
        and all(option.scalar for option in term.options)
    )


def _overlap(one: str, other: str) -> bool:
    """Return whether two paths are the same, or one lies below the other."""
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


def _meets_list(node: Mapping[str, object], path: str) -> bool:
    parts = path.split(".")
    above = (".".join(parts[:n]) for n in range(1, len(parts)))
    return any(isinstance(at(node, each), list) for each in above)
