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
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from urllib.parse import parse_qsl, quote

from sim.config import config_folder
from sim.config.settings import CHOICES, Settings, build_settings
from sim.errors import SimError
from sim.model.identity import cache_folder

VIEW = Path(__file__).parent
MOST_COMPOSITIONS = 200
COMPOSED_BY = ("hydra-core", "omegaconf", "peace-talks-sim")
DRAWN_BY = ("solara-server", "solara-ui", "solara-assets", "ipyvue", "ipyvuetify", "ipywidgets")
"""Distributions that the page's HTML depends on, beside this package's templates and styles."""


def config_folders(config_dir: str | None) -> list[Path]:
    """Return the folders that are searched for configurations, the user's own first."""
    own = [] if config_dir is None else [Path(config_dir).expanduser().resolve()]
    return [*own, config_folder()]


def composition_file(overrides: Sequence[str], config_name: str, config_dir: str | None) -> Path:
    """Return where the composition of some overrides is kept, or would be."""
    made_of = [*overrides, config_name, *(f"{name} {version(name)}" for name in COMPOSED_BY)]
    parts = [json.dumps(made_of).encode()]
    for folder in config_folders(config_dir):
        # A missing folder differs from an empty one: composing from it is an error.
        parts.append(b"folder" if folder.is_dir() else b"missing")
        for file in sorted(folder.rglob("*.yaml")):
            parts += [file.relative_to(folder).as_posix().encode(), file.read_bytes()]
    return _cache_file("compositions", parts, ".json")


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
        _keep(file, text.encode(), MOST_COMPOSITIONS)


def page_file() -> Path:
    """Return where the page's HTML is kept, or would be."""
    parts = [" ".join([sys.prefix, *(version(name) for name in DRAWN_BY)]).encode()]
    for file in sorted([*VIEW.glob("templates/*"), *VIEW.glob("assets/*")]):
        parts += [file.name.encode(), file.read_bytes()]
    return _cache_file("page", parts, ".html")


def read_page(file: Path) -> bytes | None:
    """Return the kept HTML, None if there is none that is whole."""
    try:
        html = file.read_bytes()
    except OSError:
        return None
    return html if html.rstrip().endswith(b"</html>") else None


def keep_page(file: Path, html: bytes) -> None:
    """Keep the page's HTML in place of older ones."""
    _keep(file, html, most=1)


def _cache_file(folder: str, parts: Iterable[bytes], suffix: str) -> Path:
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        digest.update(part)
    return cache_folder() / folder / f"{digest.hexdigest()}{suffix}"


def _keep(file: Path, content: bytes, most: int) -> None:
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
RULES = ("agenda", "precondition", "mediator", "public")
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
_VALUE = re.compile(r"[A-Za-z0-9_.+-]{1,60}")
"""No brackets, quotes, commas, blanks or ``$``: nothing that Hydra reads as more than a word."""
_PLAIN = re.compile(rf"(?!(hydra|plugins|executor|experiment)\.){_NAME}(\.{_NAME})+")

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
    # overrides of a stored run that no link may set; they hold until a scenario or a preset
    # is chosen
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
    overrides = (*start.fixed, *choices.words())
    with _COMPOSING:
        return _composed(overrides, start.config_name, start.config_dir)


@lru_cache(maxsize=4)
def _composed(overrides: Sequence[str], config_name: str, config_dir: str | None) -> Settings:
    file = composition_file(overrides, config_name, config_dir)
    plain = read_composition(file)
    if plain is not None:
        return build_settings(plain)
    from sim.config.compose import compose_plain

    plain = compose_plain(overrides, config_name, config_dir)
    settings = build_settings(plain)
    keep_composition(file, plain)
    return settings


def command_line(start: Start, choices: Choices) -> str:
    """Return the `sim run` line that plays what the choices describe."""
    words = ["sim", "run"]
    if start.config_dir is not None:
        words += ["--config-dir", start.config_dir]
    if start.config_name != "config":
        words += ["--config-name", start.config_name]
    return shlex.join([*words, *start.fixed, *choices.words()])


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
    # cell of the sweep whose run is to be replayed; `values` then holds its replicate
    cell: int | None
    problems: list[str]  # what it asks for and may not, one line each


def read_address(query: str | None) -> Address:
    """Return what an address's query string asks for, with or without its question mark."""
    values: dict[str, str] = {}
    places: dict[str, int | None] = {"week": None, "cell": None}
    problems: list[str] = []
    for key, value in parse_qsl((query or "").lstrip("?"), keep_blank_values=True):
        if key in places:
            if re.fullmatch(r"\d{1,9}", value):
                places[key] = int(value)
            else:
                problems.append(f"{key}: must be a whole number, got {value}")
        elif is_allowed(key, value) or (not value and is_key(key)):
            values[key] = value
        else:
            problems.append(refusal(key, value))
    return Address(values, places["week"], places["cell"], problems)


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
