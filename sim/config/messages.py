"""From the reports of pydantic, Hydra and YAML to one plain line a problem, all of them at once."""

import os
import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError

from sim.config import config_folder
from sim.errors import did_you_mean

Location = tuple[int | str, ...]


def problem_lines(error: ValidationError, model: type[BaseModel], prefix: str = "") -> list[str]:
    """Return one line a problem.

    error: what pydantic found.
    model: the model that was to be built; its fields give the suggestions.
    prefix: put before each path, e.g. ``"scenario"``.

    Returns lines of the form ``path: what is wrong; did you mean ...``, without repetition.
    """
    lines = []
    for item in error.errors(include_url=False):
        path = item["loc"][:-2] if item["loc"][-1:] == ("[key]",) else item["loc"]
        place = dotted((prefix, *path) if prefix else path)
        said = _wording(item["type"], item["msg"], item["loc"], item.get("input"), model)
        lines.append(f"{place}: {said}" if place else said)
    return list(dict.fromkeys(lines))


def dotted(location: Location) -> str:
    """Return a location as ``articles.VII.weights.armenia`` or ``channels[0].between``."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part not in ("[key]",):
            text += f".{part}" if text else part
    return text


def _wording(kind: str, message: str, location: Location, value: object, model: object) -> str:
    if kind == "extra_forbidden":
        return f"unknown key '{location[-1]}'" + did_you_mean(
            str(location[-1]), fields_at(model, location[:-1])
        )
    if kind == "missing":
        return "is missing"
    if kind in ("value_error", "assertion_error"):
        return message.split(", ", 1)[1] if message.startswith("Value error, ") else message
    if kind in ("literal_error", "enum"):
        choices = [c.strip().strip("'") for c in message.split("be ", 1)[1].split(",")]
        choices = [part.strip().strip("'") for c in choices for part in c.split("' or '")]
        return f"'{_shown(value)}' is not one of its values" + did_you_mean(str(value), choices)
    if kind in ("model_type", "model_attributes_type", "dict_type", "mapping_type"):
        return f"must be a mapping of keys to values, got {_shown(value)}"
    if kind in ("list_type", "tuple_type"):
        return f"must be a list, got {_shown(value)}"
    if kind in ("string_type",) and isinstance(value, (bool, int, float)):
        return f"must be text, was read as {str(value).lower()}; put quotes around it as written"
    if kind in ("float_type", "float_parsing", "int_type", "int_parsing", "finite_number"):
        noun = "whole number" if kind.startswith("int") else "finite number"
        return f"must be a {noun}, got {_shown(value)}{mistyped(str(value))}"
    if kind == "int_from_float":
        return f"must be a whole number, got {_shown(value)}"
    if kind == "string_type":
        return f"must be text, got {_shown(value)}"
    if kind == "bool_type":
        return f"must be true or false, got {_shown(value)}"
    said = message.replace("Input should", "must", 1)
    return f"{said}, got {_shown(value)}"


MISTYPED = {
    r"[\x00-\x1f\x7f-\x9f]": ("the control character", "leave it out"),
    r"[\u2010-\u2015\u2212]": ("the dash", "write the minus sign -"),
    r"[\u00a0\u2000-\u200b\u202f\u2060\u3000\ufeff]": (
        "the blank",
        "leave it out or type a plain one",
    ),
    r"[\u2018-\u201f]": ("the curly quote", "write ' or a straight double one"),
}
"""Characters that word processors put in place of those that are meant, and what to do."""


def mistyped(text: str) -> str:
    """Return ``"; holds the dash U+2212, write .."`` for what is easily mistaken, or nothing."""
    for pattern, (what, instead) in MISTYPED.items():
        if found := re.search(pattern, text):
            return f"; holds {what} U+{ord(found.group()):04X}, {instead}"
    return ""


def _shown(value: object) -> str:
    if value is None or value == "":
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "a list"
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def fields_at(model: object, location: Location) -> list[str]:
    """Return the keys that are known at one place of a model.

    model: a pydantic model, or an annotation made of models, mappings and lists.
    location: path from the root of `model`.

    Returns names as they are written in YAML; empty where any key is allowed.
    """
    found = _descend(model, location)
    if isinstance(found, type) and issubclass(found, BaseModel):
        return [field.alias or name for name, field in found.model_fields.items()]
    return []


def _descend(annotation: object, location: Location) -> object:
    current = _plain(annotation)
    for part in location:
        if isinstance(current, type) and issubclass(current, BaseModel):
            by_key = {f.alias or n: f.annotation for n, f in current.model_fields.items()}
            current = _plain(by_key.get(str(part)))
        else:
            inner = [a for a in get_args(current) if a is not Ellipsis]
            current = _plain(inner[-1]) if inner else None
    return current


def _plain(annotation: object) -> object:
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, types.UnionType):
            kept = [a for a in get_args(annotation) if a is not type(None)]
            annotation = kept[0]
        else:
            return annotation


# ---- As much of a scenario as is valid, so that all problems of a file are told at once.

Made = TypeVar("Made", bound=BaseModel)

STRUCTURE = ("parties", "actors", "mediator", "opposition", "homes", "politics", "sources")
"""Fields without which it cannot be told who is there, and what is missing."""
NOT_THERE = (AttributeError, KeyError, TypeError, ValueError, StopIteration)
"""What a check raises that comes upon a part that is not there."""


def valid_parts(model: type[Made], plain: Mapping[str, object]) -> tuple[Made, list[str]]:
    """Return a model of the valid fields alone, and the paths of what was left out.

    Mappings keep their valid entries. Fields that are left out or missing are no attributes of
    it, unless they have a default.
    """
    values: dict[str, object] = {}
    dropped: list[str] = []
    for name, field in model.model_fields.items():
        if name not in plain:
            dropped += [name] if field.is_required() else []
            continue
        kind: Any = field.annotation
        for mark in field.metadata:
            kind = Annotated[kind, mark]
        adapter: TypeAdapter[object] = TypeAdapter(kind)
        try:
            values[name] = adapter.validate_python(plain[name])
        except ValidationError:
            kept, without = _entries(adapter, field.annotation, plain[name])
            dropped += [f"{name}.{key}" for key in without] or [name]
            if kept:
                values[name] = kept
    made: Made = model.model_construct(None, **values)
    return made, dropped


def _entries(
    adapter: TypeAdapter[object], kind: object, raw: object
) -> tuple[dict[str, object], list[str]]:
    """Return the valid entries of a mapping and the keys of the others; none of any other kind."""
    kept: dict[str, object] = {}
    without: list[str] = []
    if get_origin(kind) is dict and isinstance(raw, Mapping):
        for key, entry in raw.items():
            try:
                found = adapter.validate_python({key: entry})
            except ValidationError:
                without.append(str(key))
            else:
                assert isinstance(found, dict)
                kept |= found
    return kept, without


def further_problems(
    scenario: Made, dropped: list[str], checks: Iterable[Callable[[Made], Iterable[str]]]
) -> Iterator[str]:
    """Yield what the checks find wrong with the valid parts of a scenario.

    What only follows from a part that was left out is not told: nothing if it settles who is
    there, and otherwise no line about such a part.
    """
    if any(path.partition(".")[0] in STRUCTURE for path in dropped):
        return
    for check in checks:
        for line in _told(check, scenario):
            place = line.partition(":")[0]
            if not any(
                place == path or place.startswith((f"{path}.", f"{path}[")) for path in dropped
            ):
                yield line


def _told(check: Callable[[Made], Iterable[str]], scenario: Made) -> list[str]:
    lines: list[str] = []
    try:
        lines.extend(check(scenario))
    except NOT_THERE:
        return []
    return lines


# --- what Hydra and YAML find wrong


def malformed(override: str, form: str = "KEY=VALUE") -> str:
    """Return the message for an override that cannot be read, with its right form."""
    key, sign, value = override.partition("=")
    if sign and re.search(r"\[\d+\]", key):
        dotted = re.sub(r"\[(\d+)\]", r".\1", key)
        return f"{override}: an entry of a list is written with dots, {dotted}=.."
    reason = mistyped(override)
    if not reason and "=" in value:
        quoted = value.lstrip("=").replace("'", "\\'")
        reason = f"; a value with = in it takes two pairs of quotes, \"{key}='{quoted}'\""
    return f"{override}: is not of the form {form}{reason}"


def groups() -> list[str]:
    """Return the names of the groups that come with the package."""
    return sorted(folder.name for folder in config_folder().iterdir() if folder.is_dir())


def group_with_a_value(overrides: Sequence[str]) -> str:
    """Return the override that gives a group something that is no name."""
    for override in overrides:
        key = override.split("=", 1)[0].lstrip("+")
        if not key or key.split("@", 1)[0] in groups():
            value = override.split("=", 1)[-1]
            if not key or not re.fullmatch(r"[A-Za-z_]\w*", value):
                return override
    return "overrides"


def group_with_a_list(overrides: Sequence[str]) -> str:
    """Return the problem of an override that gives a group a list; empty if there is none."""
    for override in overrides:
        key, _, value = override.partition("=")
        if value[:1] == "[" and key.lstrip("+").split("@", 1)[0] in groups():
            return f"{key}: a group takes names, written {value.strip('[]')}"
    return ""


def culprit(overrides: Sequence[str], text: str) -> str:
    """Return the override that a text of Hydra's speaks of."""
    named = [o for o in overrides if o in text or o.split("=", 1)[0] in text]
    return max(named, key=len) if named else "overrides"


def yaml_problem(error: yaml.YAMLError) -> str:
    """Return what is wrong with a file that is no YAML, and where."""
    mark = getattr(error, "problem_mark", None)
    what = str(getattr(error, "problem", None) or first_line(error))
    if mark is None:
        return f"is not YAML: {what}"
    place = f"line {mark.line + 1}, column {mark.column + 1}"
    if os.path.isfile(mark.name):
        place = f"{os.path.basename(mark.name)}: {place}"
    if "duplicate key" in what:
        return f"{place}: {what.removeprefix('found ')}"
    return f"{place}: is not YAML: {what}"


def missing_choice(text: str, options: Sequence[str] | None) -> str:
    """Return the message for a group without the file that was chosen, with the nearest."""
    found = re.search(r"Could not find '([^']+)'", text) or re.search(
        r"Cannot find primary config '([^']+)'", text
    )
    if not found:
        return text.splitlines()[0]
    name = found.group(1)
    group, _, choice = name.rpartition("/")
    listed = re.search(r"Available options in '[^']*':\s*\n((?:\t.*\n?)+)", text)
    known = list(options or ()) or (listed.group(1).split() if listed else [])
    if not group:
        return f"no configuration or group '{choice}'" + did_you_mean(choice, known)
    return f"{group}: no choice '{choice}'" + did_you_mean(choice, known)


def first_line(error: BaseException) -> str:
    """Return the first line of an error's text, or its kind."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
