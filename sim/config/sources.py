"""Configuration files: which counts, whether it can be read; and compositions that are kept.

A composition is kept by the content of all files that it was made from, and holds as long as each
of them, and each place where Hydra looked in vain, is as it was.
"""

import codecs
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.metadata import version
from itertools import accumulate
from pathlib import Path

import yaml

from sim.config import config_folder
from sim.config.messages import mistyped
from sim.config.number import SAFE_LOADER, mapping
from sim.errors import ConfigError, did_you_mean
from sim.model.identity import digest, file_digest, keep, recall

MOST_BYTES = 1_000_000
"""Size of the largest file."""
MOST_VALUES = 50_000
"""Most keys and values of a file, with what an alias stands for counted wherever it stands."""
LONGEST_OVERRIDE = 100_000
"""Most characters of one override."""
DEEPEST = 50
"""Deepest nesting of mappings and lists."""
MOST_KEPT = 400
"""Most compositions that are kept, some 10 kB each."""
COMPOSED_BY = ("sources.py", "with_hydra.py", "short.py", "number.py", "assumed.yaml")
"""Files beside this one that a composition follows from; a change of one makes all anew."""
MOST_IN_BRACKETS = 1000
"""Most commas inside of the lists and mappings of one override; Hydra takes 1 ms for each."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_READ: ContextVar[dict[Path, str] | None] = ContextVar("files read", default=None)
_ASKED: ContextVar[dict[Path, str] | None] = ContextVar("places asked for", default=None)


@contextmanager
def files_read() -> Iterator[dict[Path, str]]:
    """Note every configuration file that is read meanwhile, with its digest."""
    files: dict[Path, str] = {}
    token = _READ.set(files)
    try:
        yield files
    finally:
        _READ.reset(token)


def check_text(file: Path) -> None:
    """Check that a file can be read as YAML in little time and memory; note that it is read.

    Raises ConfigError if it is too large, not in UTF-8, nested too deeply or holds too much.
    """
    problem = _size_problem(file) or _encoding_problem(file.read_bytes())
    problem = problem or _structure_problem(file.read_text("utf-8"))
    if problem:
        raise ConfigError([f"{file.name}: {problem}"])
    noted = _READ.get()
    if noted is not None:
        noted[file] = file_digest(file)


def _size_problem(file: Path) -> str:
    size = file.stat().st_size
    most = f"{MOST_BYTES / 1e6:g} MB at most"
    return f"has {size / 1e6:.1f} MB, a configuration {most}" if size > MOST_BYTES else ""


def _encoding_problem(data: bytes) -> str:
    marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    if data.startswith(marks) or (data[:2].count(0) == 1 and len(data) % 2 == 0):
        return "is in UTF-16; save it as UTF-8"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return f"is not in UTF-8 but probably in latin-1, see line {line}; save it as UTF-8"
    found = _CONTROL.search(text)
    if found is None:
        return ""
    line = text.count("\n", 0, found.start()) + 1
    return f"line {line}: holds the control character U+{ord(found.group()):04X}"


def _structure_problem(text: str) -> str:
    """Return whether a text is too deep or too much, by its events; nothing is built yet."""
    sizes: dict[str | None, int] = {}
    inside: list[tuple[str | None, int]] = []
    count = 0
    try:
        for event in yaml.parse(text, Loader=SAFE_LOADER):
            place = f"line {event.start_mark.line + 1}" if event.start_mark else "somewhere"
            if isinstance(event, yaml.CollectionStartEvent):
                inside.append((event.anchor, count))
            elif isinstance(event, yaml.CollectionEndEvent):
                anchor, before = inside.pop()
                sizes[anchor] = count - before
            elif isinstance(event, yaml.AliasEvent):
                if any(anchor == event.anchor for anchor, _ in inside):
                    return f"{place}: *{event.anchor} stands inside of what it stands for"
                count += sizes.get(event.anchor, 0)
            count += isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent))
            if len(inside) > DEEPEST:
                return f"{place}: is nested more than {DEEPEST} deep"
            if count > MOST_VALUES:
                return f"{place}: with its aliases it holds more than {MOST_VALUES:,} values"
    except yaml.YAMLError:
        pass  # is told when it is read
    return ""


def check_overrides(overrides: Sequence[str]) -> None:
    """Check that overrides can be read in little time.

    Raises ConfigError with one line for each that is too long or nested too deeply.
    """
    problems = []
    for text in overrides:
        start = f"{text.partition('=')[0][:60]}:"
        if len(text) > LONGEST_OVERRIDE:
            problems.append(f"{start} has {len(text):,} characters, at most {LONGEST_OVERRIDE:,}")
        elif max(accumulate((c in "[{(") - (c in ")}]") for c in text), default=0) > DEEPEST:
            problems.append(f"{start} is nested more than {DEEPEST} deep")
        elif _commas_in_brackets(text) > MOST_IN_BRACKETS:
            most = f"more than {MOST_IN_BRACKETS:,} values in brackets"
            problems.append(f"{start} holds {most}, write them into a file")
    if problems:
        raise ConfigError(problems)


def _commas_in_brackets(text: str) -> int:
    depths = accumulate((c in "[{") - (c in "]}") for c in text)
    return sum(1 for c, depth in zip(text, depths, strict=True) if c == "," and depth > 0)


def search_folders(config_name: str, config_dir: str | Path | None) -> list[Path]:
    """Return the folders of configurations in the order in which files of one name count.

    The user's own folder stands before the shipped one. Raises ConfigError if there is no such
    folder, or none of them holds the primary configuration.
    """
    named = {"--config-dir": str(config_dir), "--config-name": config_name}
    wrong = [f"{option}: {text}{mistyped(text)}" for option, text in named.items() if "\0" in text]
    if wrong:
        raise ConfigError(wrong)
    own = None if config_dir is None else Path(config_dir).expanduser().resolve()
    if own is not None and not own.is_dir():
        raise ConfigError([f"--config-dir: no such folder: {config_dir}"])
    shipped = config_folder()
    folders = [shipped] if own in (None, shipped) else [own, shipped]
    files = [folder / f"{config_name}.yaml" for folder in folders]
    if ".." in Path(config_name).parts or not any(file.is_file() for file in files):
        known = [file.stem for folder in folders for file in sorted(folder.glob("*.yaml"))]
        near = did_you_mean(config_name, known)
        raise ConfigError([f"--config-name: no configuration '{config_name}'{near}"])
    return folders


Composed = tuple[dict[str, object], bool]
"""A plain configuration, and whether one of its values refers to another one."""


def note_asked(place: Path) -> None:
    """Note that a composition depends on what is at a place, and what that is now."""
    asked = _ASKED.get()
    if asked is not None:
        asked[place] = _state(place)


def _state(place: Path) -> str:
    """Return the digest of a file, and of a folder or of nothing only that it is that."""
    return file_digest(place) if place.is_file() else "folder" if place.is_dir() else ""


def note_read(files: Mapping[Path, str]) -> None:
    """Note files that were read while another `files_read` noted them, with their digests."""
    noted = _READ.get()
    if noted is not None:
        noted |= files


def _recalled(entry: object, folders: Sequence[Path]) -> dict[str, object] | None:
    """Return the composition of a kept entry, None if it depends on something that has changed."""
    if not isinstance(entry, dict):
        return None
    asked, read = (_placed(entry[kind], folders) for kind in ("asked", "read"))
    try:
        if any(_state(place) != state for place, state in asked.items()):
            return None
    except OSError:  # it can no longer be read
        return None
    note_read(read)
    plain: dict[str, object] = entry["plain"]
    return plain


def _placed(kept: Mapping[str, str], folders: Sequence[Path]) -> dict[Path, str]:
    parts = ((place.partition("/"), state) for place, state in kept.items())
    return {folders[int(number)] / inside: state for (number, _, inside), state in parts}


def _to_keep(places: Mapping[Path, str], folders: Sequence[Path]) -> dict[str, str]:
    return {
        f"{number}/{place.relative_to(folder).as_posix()}": state
        for place, state in places.items()
        for number, folder in enumerate(folders)
        if place.is_relative_to(folder)
    }


def composition(
    folders: Sequence[Path],
    temporary: Sequence[Path],
    config_name: str,
    overrides: Sequence[str],
    compose: Callable[[Sequence[Path], str, Sequence[str]], dict[str, object]],
) -> Composed:
    """Return a composition that was kept and whose files are as they were, else compose it.

    folders: where the files are looked for, in this order.
    temporary: more such folders; their content counts and not their names.
    compose: called with all folders, name and overrides.

    Kept is what neither refers to something, perhaps outside of the files, nor gave a warning.
    """
    places = [*folders, *temporary]
    contents = [
        sorted(
            (file.relative_to(folder).as_posix(), file_digest(file))
            for file in folder.rglob("*.yaml")
        )
        for folder in temporary
    ]
    own = [file_digest(Path(__file__).with_name(name)) for name in COMPOSED_BY]
    own += map(version, ("hydra-core", "omegaconf"))
    names = [str(folder).replace(str(config_folder()), "shipped") for folder in folders]
    key = digest([own, config_name, list(overrides), names, contents])
    found = _recalled(recall("compositions", key), places)
    if found is not None:
        return found, False
    asked: dict[Path, str] = {}
    token = _ASKED.set(asked)
    try:
        with files_read() as read, warnings.catch_warnings(record=True) as said:
            plain = compose(places, config_name, overrides)
    finally:
        _ASKED.reset(token)
    note_read(read)
    for warning in said:
        warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
    texts = [*overrides, *(file.read_text("utf-8") for file in read)]
    refers = any("${" in text for text in texts)
    if not refers and not said:
        entry = {
            "plain": plain,
            "asked": _to_keep(asked, places),
            "read": _to_keep(read, places),
        }
        keep("compositions", key, entry, MOST_KEPT)
    return plain, refers


def merged(base: object, more: object) -> object:
    """Return `more` merged into `base` as OmegaConf does; TypeError for a mapping and a list."""
    if isinstance(base, dict) and isinstance(more, dict):
        return base | {key: merged(base.get(key), value) for key, value in more.items()}
    kinds = {kind for kind in (dict, list) for node in (base, more) if isinstance(node, kind)}
    if len(kinds) == 2:
        raise TypeError
    return more


# --- the conduct that a scenario carries

CONDUCT = {"strategy": "linear", "acceptance": "ac_next", "opponent_model": "none"}
"""How a party conducts itself where the scenario's conduct does not say."""
OF_TALKS = ("agenda", "bargaining", "precondition", "mediator", "public")
"""Groups of the rules of the talks."""
NUMBERS = ("horizon", "seed")
"""Numbers that a scenario's conduct may set."""
RULES = {"precondition": "none", "mediator": "none", "public": "none"}
"""Rules of the talks where it does not say; others are those of the shipped configuration."""


def with_conduct(
    file: Path, folders: Sequence[Path], overrides: Sequence[str]
) -> dict[str, object] | None:
    """Return the shipped primary configuration with the conduct of the scenario that is chosen.

    None if `file` is another one, or the scenario carries no conduct. Raises ConfigError if the
    conduct cannot be used.
    """
    chosen = [o.partition("=")[2] for o in overrides if o.startswith("scenario=")]
    if not chosen or file != config_folder() / "config.yaml":
        return None
    parties, conduct = _conduct_of(chosen[-1].strip("'\""), folders)
    if not conduct:
        return None
    problems = conduct_problems(parties, conduct, folders)
    if problems:
        raise ConfigError(problems)
    primary = read_mapping(file)
    listed = primary.pop("defaults", [])
    shipped = [mapping(entry) for entry in listed] if isinstance(listed, list) else []
    known = {key: value for entry in shipped for key, value in entry.items() if "@" not in key}
    rules = {**known, **RULES}
    rules |= {key: value for key, value in conduct.items() if key in OF_TALKS}
    choices: dict[str, object] = {"scenario": chosen[-1]}
    for party in parties:
        for group, choice in {**CONDUCT, **mapping(conduct.get(party))}.items():
            choices[f"{group}@{party}"] = choice
    choices |= {key: value for key, value in rules.items() if key != "scenario"}
    primary |= {key: value for key, value in conduct.items() if key in primary}
    return {"defaults": [*({key: value} for key, value in choices.items()), "_self_"], **primary}


def conduct_problems(
    parties: Sequence[str], conduct: Mapping[str, object], folders: Sequence[Path]
) -> list[str]:
    """Return what is wrong with the conduct of a scenario, one line a problem."""
    problems = []
    for key, value in conduct.items():
        own = value if isinstance(value, Mapping) else None
        if key in parties and own is None:
            problems.append(f"conduct.{key}: must be a mapping, such as {{strategy: linear}}")
        elif key in parties:
            problems += [
                problem
                for group, choice in mapping(own).items()
                for problem in _choice_problems(f"conduct.{key}.{group}", group, choice, folders)
            ]
        elif key not in NUMBERS:
            problems += _choice_problems(f"conduct.{key}", key, value, folders, parties)
        elif isinstance(value, bool) or not isinstance(value, int):
            problems.append(f"conduct.{key}: must be a whole number, got {value}")
    return problems


def _choice_problems(
    place: str,
    group: str,
    choice: object,
    folders: Sequence[Path],
    parties: Sequence[str] = (),
) -> list[str]:
    """Return what is wrong with one choice of a group; `parties` are given where rules stand."""
    groups = [*OF_TALKS, *NUMBERS] if parties else list(CONDUCT)
    if group not in groups:
        return [f"{place}: unknown key '{group}'{did_you_mean(group, [*parties, *groups])}"]
    known = [file.stem for folder in folders for file in sorted((folder / group).glob("*.yaml"))]
    return (
        []
        if choice in known
        else [f"{place}: no choice '{choice}'{did_you_mean(str(choice), known)}"]
    )


def _conduct_of(name: str, folders: Sequence[Path]) -> tuple[list[str], dict[str, object]]:
    """Return the parties of a scenario and the conduct that it carries, or its bases carry.

    Both are empty if the scenario cannot be read, which is told where it is composed.
    """
    parties: list[str] = []
    conduct: dict[str, object] = {}
    for plain in _with_bases(name, folders, frozenset()):
        given = plain.get("parties")
        parties = [str(party) for party in given] if isinstance(given, list) else parties
        own = plain.get("conduct")
        conduct = mapping(own) if isinstance(own, dict) else conduct
    return parties, conduct


def _with_bases(
    name: str, folders: Sequence[Path], above: frozenset[str]
) -> Iterator[Mapping[str, object]]:
    """Yield a scenario's file after those that it starts from."""
    if name in above:
        return
    for file in (folder / "scenario" / f"{name}.yaml" for folder in folders):
        note_asked(file)
        if file.is_file():
            break
    else:
        return
    plain = read_mapping(file)
    listed = plain.get("defaults")
    for base in listed if isinstance(listed, list) else []:
        if isinstance(base, str) and base != "_self_":
            yield from _with_bases(base, folders, above | {name})
    yield plain


def read_mapping(file: Path) -> dict[str, object]:
    """Return a file's mapping, empty if it holds none or cannot be read."""
    try:
        check_text(file)
        return mapping(yaml.load(file.read_text("utf-8"), SAFE_LOADER))  # noqa: S506 - a safe loader
    except (yaml.YAMLError, OSError, ValueError, ConfigError):
        return {}
