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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from sim.config.compose import compose_plain, mark_settings, search_folders, unknown_key
from sim.errors import ConfigError
from sim.sweeps.overrides import Option, Term
from sim.sweeps.paths import at, changed, has, related

MARK = "_swept_"
"""Name of the stand-in files, and of the mark inside them."""

Choices = Mapping[str, Option]
"""The value of each key of the line, for one cell."""


@dataclass(frozen=True)
class StandIn:
    """A choice among files that only hold values."""

    package: tuple[str, ...]  # path of the node that receives the content
    contents: dict[str, dict[str, object]]  # content of each file by its name
    mark: dict[str, object]  # what stands in for it during the composition


class Compositions:
    """Composes the configurations of one line's cells.

    Parameters
    ----------
    terms : sequence of Term
        All keys of the line, fixed and swept.
    config_name : str
        Name of the primary configuration.
    config_dir : str or Path, optional
        Folder of the user's own configurations.

    Attributes
    ----------
    composed : int
        How often Hydra has composed so far.
    interpolated : bool
        Whether some value refers to another one, as ``${horizon}``.
    """

    def __init__(
        self, terms: Sequence[Term], config_name: str, config_dir: str | Path | None
    ) -> None:
        primary, others = search_folders(config_name, config_dir)
        self._name, self._dir = config_name, config_dir
        self._folders = [primary, *others]
        self._terms = list(terms)
        self.interpolated = self._has_interpolations()
        # What is set afterwards would not reach the values that refer to it.
        simple = not self.interpolated
        self._stand_ins = self._simple_choices() if simple else {}
        self._late = {t.key: t for t in terms if simple and self._may_be_late(t)}
        self._bases: dict[tuple[str, ...], dict[str, object] | ConfigError] = {}
        self.composed = 0

    def base(self, choices: Choices) -> dict[str, object]:
        """Return the composition that `choices` share with others, stand-ins still in place.

        Raises
        ------
        ConfigError
            If these choices cannot be composed.
        """
        while True:
            key = self.base_key(choices)
            if key not in self._bases:
                self._bases[key] = self._compose_base(choices)
                if self.base_key(choices) != key:
                    continue
            found = self._bases[key]
            if isinstance(found, ConfigError):
                raise ConfigError(found.problems)
            return found

    def base_key(self, choices: Choices) -> tuple[str, ...]:
        """Return what tells this cell's composition by Hydra from another's."""
        return tuple(
            term.override(choices[term.key])
            for term in self._terms
            if term.key not in self._stand_ins and term.key not in self._late
        )

    def changes(self, choices: Choices) -> dict[str, object]:
        """Return what a cell changes in its base: dotted path and new value, in order.

        Raises
        ------
        ConfigError
            If a key is not there in this cell.
        """
        base = self.base(choices)
        found: dict[str, object] = {}
        for key, stand_in in self._stand_ins.items():
            for name, content in stand_in.contents[choices[key].text].items():
                found[".".join((*stand_in.package, name))] = content
        node = changed(base, found) if self._late else base
        problems = []
        for key in self._late:
            if has(node, key):
                found[key] = choices[key].value
            else:
                problems.append(unknown_key(key, node))
        if problems:
            raise ConfigError(problems)
        return found | self._marks(base, found)

    def blame(self, choices: Choices, error: ConfigError) -> None:
        """Find what is wrong with the line whatever the cell.

        Parameters
        ----------
        choices : mapping
            Of a cell that cannot be composed.
        error : ConfigError
            Why.

        Raises
        ------
        ConfigError
            If a key of the line fails by itself for the same reason: then all cells do.
        """
        for term in self._terms:
            if term.key in self._late:
                continue
            try:
                self._hydra([term.override(choices[term.key])], stand_ins=False)
            except ConfigError as alone:
                shared = [line for line in alone.problems if line in error.problems]
                if shared:
                    raise ConfigError(shared) from alone

    def plain(self, choices: Choices) -> dict[str, object]:
        """Return a cell's configuration as a plain mapping, not yet validated.

        Mappings that no change touches are shared between cells.
        """
        return changed(self.base(choices), self.changes(choices))

    def _marks(
        self, base: Mapping[str, object], changes: Mapping[str, object]
    ) -> dict[str, object]:
        keys = [key for key in self._late if key.startswith("scenario.") and key.endswith(".value")]
        if not keys:
            return {}
        node = changed(base, changes)
        before = {path: at(node, path) for path in (key.removesuffix(".value") for key in keys)}
        before = {path: dict(n) for path, n in before.items() if isinstance(n, Mapping)}
        mark_settings(node, [f"{key}=" for key in self._late])
        return {path: at(node, path) for path, n in before.items() if at(node, path) != n}

    def _simple_choices(self) -> dict[str, StandIn]:
        found: dict[str, StandIn] = {}
        for term in self._terms:
            if term.group and term.swept and not term.prefix and term.interval is None:
                stand_in = self._stand_in(term, len(found))
                if stand_in is not None:
                    found[term.key] = stand_in
        return found

    def _has_interpolations(self) -> bool:
        texts = (option.text for term in self._terms for option in term.options)
        files = (file.read_text("utf-8", errors="replace") for file in self._yaml_files())
        return any("${" in text for text in chain(texts, files))

    def _yaml_files(self) -> Iterator[Path]:
        for folder in self._folders:
            yield from folder.glob("*.yaml")
            yield from folder.glob("*/**/*.yaml")

    def _stand_in(self, term: Term, number: int) -> StandIn | None:
        group, _, package = term.key.partition("@")
        contents: dict[str, dict[str, object]] = {}
        for option in term.options:
            content = self._content(group, option.text)
            if content is None:
                return None
            contents[option.text] = content
        mark: dict[str, object] = {}
        for name in set.intersection(*(set(content) for content in contents.values())):
            values = [content[name] for content in contents.values()]
            if all(isinstance(value, dict) for value in values):
                mark[name] = {f"{MARK}{number}": name}
            elif not any(isinstance(value, dict) for value in values):
                mark[name] = f"{MARK}{number}"
            else:
                return None
        path = tuple((package or group.replace("/", ".")).split("."))
        return StandIn(path, contents, mark) if mark else None

    def _content(self, group: str, name: str) -> dict[str, object] | None:
        for folder in self._folders:
            file = folder / group / f"{name}.yaml"
            if not file.is_file():
                continue
            if "@package" in file.read_text("utf-8"):
                return None
            try:
                content = OmegaConf.to_container(OmegaConf.load(file))
            except (OmegaConfBaseException, yaml.YAMLError, OSError, ValueError):
                return None
            if not isinstance(content, dict) or "defaults" in content:
                return None
            return {str(key): value for key, value in content.items()}
        return None

    @staticmethod
    def _may_be_late(term: Term) -> bool:
        return (
            not term.group
            and not term.prefix
            and all(part.isidentifier() for part in term.key.split("."))
            and all(option.scalar for option in term.options)
        )

    def _compose_base(self, choices: Choices) -> dict[str, object] | ConfigError:
        """Let Hydra compose with stand-ins; give up those that do not hold, and errors."""
        overrides = list(self.base_key(choices))
        overrides += [f"{key}={MARK}{n}" for n, key in enumerate(self._stand_ins)]
        try:
            base = self._hydra(overrides)
        except ConfigError as error:
            if not self._stand_ins:
                return error
            # The message would speak of the stand-in; Hydra's own words about the real choice.
            self._stand_ins = {}
            return error
        broken = [key for key, entry in self._stand_ins.items() if not _holds(base, entry)]
        for key in broken:
            del self._stand_ins[key]
        # A value inside a list, or one that another override sets too, is left to Hydra.
        early = [t.key for t in self._terms if t.key not in self._late and not t.group]
        for key in list(self._late):
            if any(related(key, other) for other in early) or _meets_list(base, key):
                del self._late[key]
        return base

    def _hydra(self, overrides: list[str], stand_ins: bool = True) -> dict[str, object]:
        self.composed += 1
        if not (stand_ins and self._stand_ins):
            return compose_plain(overrides, self._name, self._dir)
        with tempfile.TemporaryDirectory(prefix="sim-compose-") as folder:
            for n, (key, stand_in) in enumerate(self._stand_ins.items()):
                file = Path(folder, key.partition("@")[0], f"{MARK}{n}.yaml")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(yaml.safe_dump(stand_in.mark), "utf-8")
            return compose_plain(overrides, self._name, self._dir, [Path(folder)])


def _holds(base: Mapping[str, object], stand_in: StandIn) -> bool:
    node = at(base, ".".join(stand_in.package))
    if not isinstance(node, Mapping):
        return False
    added = {key for content in stand_in.contents.values() for key in content} - set(stand_in.mark)
    untouched = all(node.get(key) == mark for key, mark in stand_in.mark.items())
    return untouched and not any(key in node for key in added)


def _meets_list(node: Mapping[str, object], path: str) -> bool:
    found: object = node
    for part in path.split("."):
        if isinstance(found, list):
            return True
        found = found.get(part) if isinstance(found, Mapping) else None
    return False
