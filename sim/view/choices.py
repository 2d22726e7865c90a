"""What a visitor has set, the settings that follow, and what is kept on disk for a quick start.

Hydra takes longer to compose than the page may take to open, and Solara longer to be imported. A
file is named by a digest of everything that its content was made of, so what is out of date is
never found. If the disk is full nothing is kept, and the next start takes longer.
"""

import contextlib
import hashlib
import json
import os
import re
import shlex
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from urllib.parse import parse_qsl, quote

import yaml

from sim.config import config_folder
from sim.config.settings import CHOICES, Settings, build_settings
from sim.errors import SimError
from sim.model.identity import cache_folder

MOST_COMPOSITIONS = 200
COMPOSED_BY = ("hydra-core", "omegaconf", "peace-talks-sim")


def config_folders(config_dir: str | None) -> list[Path]:
    """Return the folders that are searched for configurations, the user's own first."""
    own = [] if config_dir is None else [Path(config_dir).expanduser().resolve()]
    return [*own, config_folder()]


def files_of(group: str, config_dir: str | None) -> dict[str, Path]:
    """Return the files of a group by name, the user's own before those of the package."""
    found: dict[str, Path] = {}
    for folder in config_folders(config_dir):
        for file in sorted((folder / group).glob("*.yaml")):
            found.setdefault(file.stem, file)
    return found


@lru_cache(maxsize=64)
def options(group: str, config_dir: str | None) -> dict[str, object]:
    """Return the content of each file of a group by name."""
    return {name: content_of(file) for name, file in files_of(group, config_dir).items()}


def content_of(file: Path) -> object:
    """Return what a YAML file holds, None if it cannot be read."""
    try:
        return yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None


def composition_file(overrides: Sequence[str], config_name: str, config_dir: str | None) -> Path:
    """Return where the composition of some overrides is kept, or would be."""
    made_of = [*overrides, config_name, *(f"{name} {version(name)}" for name in COMPOSED_BY)]
    parts = [json.dumps(made_of).encode()]
    for folder in config_folders(config_dir):
        # A missing folder differs from an empty one: composing from it is an error.
        parts.append(b"folder" if folder.is_dir() else b"missing")
        for file in sorted(folder.rglob("*.yaml")):
            parts += [file.relative_to(folder).as_posix().encode(), file.read_bytes()]
    return cache_file("compositions", parts, ".json")


def read_composition(file: Path) -> dict[str, object] | None:
    """Return a kept composition, not yet validated; None if there is none that can be read."""
    try:
        content = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def keep_composition(file: Path, plain: dict[str, object]) -> None:
    """Keep a composition, unless JSON would change it."""
    text = json.dumps(plain)
    if json.loads(text) == plain:
        keep_whole(file, text.encode(), MOST_COMPOSITIONS)


def cache_file(folder: str, parts: Iterable[bytes], suffix: str) -> Path:
    """Return where what is made of some parts is kept, or would be."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(part)
    return cache_folder() / folder / f"{digest.hexdigest()}{suffix}"


def keep_whole(file: Path, content: bytes, most: int) -> None:
    """Write a file whole, and remove the oldest of its kind beyond `most`."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".part", delete=False) as part:
            part.write(content)
        os.replace(part.name, file)
        others = [other for other in file.parent.glob(f"*{file.suffix}") if other != file]
        others.sort(key=lambda other: other.stat().st_mtime, reverse=True)
        for other in others[most - 1 :]:
            other.unlink(missing_ok=True)


# --- what a visitor has set: in the page's address, as overrides, and the settings that follow

WHOLE = ("scenario", "preset")
"""Choices that set many others; those are dropped with them."""
RULES = ("agenda", "bargaining", "precondition", "mediator", "public")
NUMBERS = ("horizon", "seed", "replicate")
"""Whole numbers at the root of the settings; a new scenario or preset leaves them alone."""

_NAME = r"[A-Za-z0-9_]+"
_NODES = "|".join(CHOICES)
_GROUP = re.compile(rf"({'|'.join((*WHOLE, *RULES))})|({_NODES})@{_NAME}")
_NUMBER = re.compile(
    rf"({'|'.join(NUMBERS)})"
    rf"|{_NAME}\.({_NODES})\.{_NAME}"
    rf"|scenario(\.{_NAME})+\.(value|low|high)"
)
_FIGURE = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d{1,3})?")
"""A number that YAML, Hydra and JSON read alike."""
_WORD = re.compile(r"(?!(?i:null|true|false|nan|inf|yes|no|on|off)$)[A-Za-z]+")
"""A word that they read as a word; where a number should stand it is an error."""
_TRACKER = re.compile(r"utm_\w+|fbclid|gclid|msclkid|igshid|mc_[ce]id|ref")
"""Keys that mailers and other sites append to a link; they ask for nothing."""
_VALUE = re.compile(r"[A-Za-z0-9_.+-]{1,60}")
"""No brackets, quotes, commas, blanks or ``$``: nothing that Hydra reads as more than a word."""
_PLAIN = re.compile(rf"(?!(hydra|plugins|executor|experiment)\.){_NAME}(\.{_NAME})+")

_ASIDE = ("kept", "seat", "table", "decisions")  # keys of an address that set nothing
_VARIABLE = "SIM_VIEW"
"""Environment variable that hands the command line's settings to the pages, as JSON."""
_COMPOSING = Lock()
"""Hydra composes for one thread at a time."""


def split(word: str) -> tuple[str, str]:
    """Return key and value of an override."""
    key, _, value = word.partition("=")
    return key, value


def is_allowed(key: str, value: str) -> bool:
    """Return whether a link may set this key to this value."""
    if _GROUP.fullmatch(key):
        return re.fullmatch(_NAME, value) is not None
    return _NUMBER.fullmatch(key) is not None and _VALUE.fullmatch(value) is not None


def is_key(key: str) -> bool:
    """Return whether a link may set this key to anything."""
    return bool(_GROUP.fullmatch(key) or _NUMBER.fullmatch(key))


def is_plain(key: str, value: str) -> bool:
    """Return whether a folder of results may set this key to this value.

    That is one word at a place within the settings, which names no code, folder or file.
    """
    return _PLAIN.fullmatch(key) is not None and _VALUE.fullmatch(value) is not None


def refusal(key: str, value: str) -> str:
    """Return why a link may not set this key to this value."""
    if is_key(key):
        return f"{key}: '{value}' is neither a name nor a number"
    if key.lstrip("+~") == "plugins":
        return (
            "plugins: a link cannot load code; name plug-ins on the command line that starts "
            "the server"
        )
    return f"{key}: cannot be set from the page or from a link"


def makes_void(key: str, other: str) -> bool:
    """Return whether the choice of `key` makes what was chosen for `other` void."""
    if key in WHOLE:
        return other not in (*WHOLE, *NUMBERS)
    node, at, party = key.partition("@")
    return bool(at) and node in CHOICES and other.startswith(f"{party}.{node}.")


@dataclass(frozen=True)
class Choices:
    """Overrides that a visitor has chosen, value by key."""

    values: Mapping[str, str] = field(default_factory=dict)
    # overrides of a stored run that no link may set; a scenario or a preset ends them
    fixed: tuple[str, ...] = ()
    cell: int | None = None  # the sweep's cell that they are from, None without any

    def but(self, key: str, value: str) -> "Choices":
        """Return the choices after one more, without those that it makes void."""
        kept = {k: v for k, v in self.values.items() if k != key and not makes_void(key, k)}
        after = {**kept, key: value}
        return Choices(after) if key in WHOLE else replace(self, values=after)

    def without(self, key: str) -> "Choices":
        """Return the choices without one."""
        return replace(self, values={k: v for k, v in self.values.items() if k != key})

    def over(self, values: Mapping[str, str]) -> "Choices":
        """Return the choices after several more, in order; an empty value undoes a choice."""
        after = self
        for key, value in values.items():
            after = after.but(key, value) if value else after.without(key)
        return after

    def words(self) -> list[str]:
        """Return the choices as overrides."""
        return [*self.fixed, *(f"{key}={value}" for key, value in self.values.items())]


@dataclass(frozen=True)
class Start:
    """What the command line that started the server gave."""

    overrides: tuple[str, ...] = ()
    config_name: str = "config"
    config_dir: str | None = None
    results: str | None = None  # folder of a sweep
    outcome: str = "signed"  # what the list of its cells is about

    @property
    def fixed(self) -> tuple[str, ...]:
        """Overrides that no link may set, such as plug-ins; they hold for every visitor."""
        return tuple(word for word in self.overrides if not is_allowed(*split(word)))

    @property
    def choices(self) -> Choices:
        """Overrides that a visitor may change."""
        pairs = (split(word) for word in self.overrides)
        return Choices({key: value for key, value in pairs if is_allowed(key, value)})


def announce(start: Start) -> None:
    """Set what the pages of this process start from."""
    os.environ[_VARIABLE] = json.dumps(asdict(start))


def started() -> Start:
    """Return what the server was started with; the defaults if nothing was announced."""
    plain = json.loads(os.environ.get(_VARIABLE, "{}"))
    return Start(**{**plain, "overrides": tuple(plain.get("overrides", ()))})


def settings_of(start: Start, choices: Choices) -> Settings:
    """Return the settings that follow from the choices, or raise `ConfigError`."""
    written = {k: v for k, v in choices.values.items() if _is_number(k, v)}
    rest = replace(choices, values={k: v for k, v in choices.values.items() if k not in written})
    where = start.config_name, start.config_dir
    with _COMPOSING:
        plain = _substituted(start, rest) or deepcopy(
            _composed((*start.fixed, *rest.words()), *where)
        )
        if all(_put(plain, key.split("."), value) for key, value in written.items()):
            if any(key.startswith("scenario.") for key in written):
                from sim.config.compose import mark_settings

                mark_settings(plain, (*start.fixed, *choices.words()))
            return build_settings(plain)
        return build_settings(_composed((*start.fixed, *choices.words()), *where))


def _is_number(key: str, value: str) -> bool:
    """Return whether an override puts a plain number or word where only a number can stand."""
    return bool(_NUMBER.fullmatch(key) and (_FIGURE.fullmatch(value) or _WORD.fullmatch(value)))


def _put(plain: dict[str, object], path: Sequence[str], value: str) -> bool:
    """Put a number where one stands; False where none does, and Hydra says what is wrong."""
    node: object = plain
    for part in path[:-1]:
        node = node.get(part) if isinstance(node, dict) else None
    if not isinstance(node, dict) or isinstance(node.get(path[-1], {}), (dict, list)):
        return False
    node[path[-1]] = value if _WORD.fullmatch(value) else json.loads(value)
    return True


@lru_cache(maxsize=16)
def _composed(
    overrides: Sequence[str], config_name: str, config_dir: str | None
) -> dict[str, object]:
    """Return what overrides compose to, not yet validated and not to be changed."""
    file = composition_file(overrides, config_name, config_dir)
    plain = read_composition(file)
    if plain is not None:
        return plain
    from sim.config.compose import compose_plain

    plain = compose_plain(overrides, config_name, config_dir)
    with contextlib.suppress(SimError):  # what is not valid is told by who asked, and not kept
        build_settings(plain)
        keep_composition(file, plain)
    return plain


def _substituted(start: Start, choices: Choices) -> dict[str, object] | None:
    """Return the composition without Hydra, which takes it seconds on a busy machine.

    Where a group's node is, value for value, one of the group's files, another of its files can
    take its place. Returns None where that does not hold, and Hydra must compose.
    """
    given = choices.values
    groups = {k: v for k, v in given.items() if k in RULES or k.partition("@")[0] in CHOICES}
    rest = replace(choices, values={k: v for k, v in given.items() if k not in groups})
    if not groups or "preset" in rest.values:
        return None
    plain = deepcopy(_composed((*start.fixed, *rest.words()), start.config_name, start.config_dir))
    fixed = [split(word.lstrip("+~"))[0] for word in (*start.fixed, *rest.fixed)]
    for key, option in groups.items():
        group, _, party = key.partition("@")
        if "preset" in fixed or any(f"{word}.".startswith(f"{party or group}.") for word in fixed):
            return None
        parent, name = (plain.get(party), group) if party else (plain, group)
        files = files_of(group, start.config_dir)
        found = {other: _node(files[other], group if party else "") for other in files}
        if not isinstance(parent, dict) or not found.get(option):
            return None
        if parent.get(name) not in found.values():
            return None
        parent[name] = deepcopy(found[option])
    return plain


@lru_cache(maxsize=256)
def _node(file: Path, key: str) -> dict[str, object] | None:
    """Return what a file puts at its group's place, None where Hydra would read more into it."""
    content = content_of(file)
    if not isinstance(content, dict) or "defaults" in content or "@package" in file.read_text():
        return None
    node = content.get(key) if key else content
    if not isinstance(node, dict) or (key and len(content) > 1):
        return None
    return None if any(_is_read_otherwise(value) for value in node.values()) else node


def _is_read_otherwise(value: object) -> bool:
    """Return whether Hydra may read a value of a YAML file otherwise than YAML does."""
    if isinstance(value, str):
        return "$" in value or _FIGURE.fullmatch(value) is not None
    return isinstance(value, (dict, list))


def command_line(start: Start, choices: Choices, decisions: Sequence[str] = ()) -> str:
    """Return the `sim run` line that plays what the choices and a person's decisions describe."""
    words = ["sim", "run"]
    if start.config_dir is not None:
        words += ["--config-dir", start.config_dir]
    if start.config_name != "config":
        words += ["--config-name", start.config_name]
    own = [f"decisions={json.dumps(list(decisions))}"] if decisions else []
    return shlex.join([*words, *start.fixed, *choices.words(), *own])


@dataclass(frozen=True)
class State:
    """Choices and the settings that follow from them."""

    choices: Choices
    settings: Settings


def state_of(start: Start, choices: Choices) -> State:
    """Return choices with the settings that follow, or raise `ConfigError`."""
    return State(choices, settings_of(start, choices))


def usable(start: Start, base: Choices, values: Mapping[str, str]) -> tuple[State, list[str]]:
    """Return the state that an address asks for, and what is wrong with it, one line each.

    `base` is what holds where the address says nothing; an empty value takes back what `base`
    sets. A value that cannot be used is left out; the others hold. Raises `ConfigError` if `base`
    cannot be used itself.
    """
    try:
        return state_of(start, base.over(values)), []
    except SimError:
        state, problems = state_of(start, base), []
    for key, value in values.items():
        try:
            state = state_of(start, state.choices.over({key: value}))
        except SimError as error:
            problems += str(error).splitlines()
    return state, problems


@dataclass(frozen=True)
class Address:
    """What an address asks for."""

    values: Mapping[str, str]  # overrides by their keys; an empty value takes back what held before
    week: int | None  # weeks played when the page was shared
    cell: int | None  # of the sweep, whose run is replayed; `values` then holds its replicate
    problems: list[str]  # what it may not ask for, one line each
    aside: Mapping[str, str]  # `kept`, a run beside it; `seat`, a party; `decisions` or `table`


def read_address(query: str | None) -> Address:
    """Return what an address's query string asks for, with or without its question mark."""
    values: dict[str, str] = {}
    places: dict[str, int | None] = {"week": None, "cell": None}
    problems: list[str] = []
    for key, value in parse_qsl((query or "").lstrip("?"), keep_blank_values=True):
        if _TRACKER.fullmatch(key):
            continue
        if key in places:
            if re.fullmatch(r"\d{1,9}", value):
                places[key] = int(value)
            else:
                problems.append(f"{key}: must be a whole number, got {value}")
        elif key in _ASIDE or is_allowed(key, value) or (not value and is_key(key)):
            values[key] = value
        else:
            problems.append(refusal(key, value))
    aside = {key: values.pop(key) for key in _ASIDE if key in values}
    return Address(values, places["week"], places["cell"], problems, aside)


def write_address(values: Mapping[str, str], cell: int | None = None) -> str:
    """Return the query string of an address, question mark included; empty for nothing."""
    pairs = ({} if cell is None else {"cell": str(cell)}) | dict(values)
    joined = "&".join(
        f"{quote(key, safe='@.')}={quote(value, safe='.')}" for key, value in pairs.items()
    )
    return f"?{joined}" if joined else ""


def address_values(base: Choices, choices: Choices) -> dict[str, str]:
    """Return the values of the address that opens given choices again.

    Of a stored run's settings it names what has changed, of others all. What `base` sets and the
    choices do not stands there without a value.
    """
    values = dict(choices.values)
    if choices.cell is not None:
        values = {k: v for k, v in values.items() if base.values.get(k) != v}
        values |= {key: choices.values[key] for key in ("seed", "replicate")}
    gone = [key for key in base.over(values).values if key not in choices.values]
    return values | dict.fromkeys(gone, "")
