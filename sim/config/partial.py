"""As much of a scenario as is valid, so that all problems of a file are told at once."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, TypeVar, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

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
