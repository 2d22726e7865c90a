"""A scenario as text in the short form: written from one that exists, or begun anew."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date

import yaml

from sim.config import config_folder
from sim.config.conduct import Precondition, Provision
from sim.config.number import (
    ASSUMPTION,
    EACH,
    LEAN,
    Cast,
    Classes,
    Plain,
    assumed,
    cast_of,
    mapping,
    named,
    rounded,
)
from sim.config.scenario import Scenario
from sim.config.short import on_scale
from sim.config.sources import CONDUCT

WIDTH = 120
"""Columns of a line of a file; a text in quotes may be longer."""
COMMENTS = {
    "parties": "Position 0 is the first party's wording, 1 the second's.",
    "classes": "Words for weights and positions, and ranges, beside those of the package.",
    "conduct": "How `sim run scenario=NAME` plays it; each choice can be set on the line.",
    "preamble": "--- the text",
    "preconditions": "--- demands outside the text",
    "status_quo": "Worth of the present state a year, the treaty at the own ideals being worth 1.",
    "beliefs": "Each side's prior about the other's unilateral concessions.",
    "holdout_odds": "Odds that a side's demands outside the text are a hold-out.",
    "politics": "--- politics at home",
    "mediation": "--- the third party, channels, incidents",
    "timeline": "What happened, for overlay in figures only. No rule reads it.",
}
"""What is said above a key."""
LAST = ("calendar", "timeline", "sources")
"""What a file ends with."""
ONE_LINE = ("sources",)
"""Parts whose entries stand on a line each, however long."""


# --- from a validated scenario to the short form


def shortened(scenario: Scenario, classes: Mapping[str, object] | None = None) -> Plain:
    """Return a scenario in the short form; expanded again it is the same scenario.

    classes: words of its own, as under the key `classes` of a file.
    """
    plain = _plain(scenario)
    cast, own = cast_of(plain), {"classes": dict(classes or {})}
    known = Classes.of(own)
    found: Plain = {}
    for key in Scenario.model_fields:
        if key == "articles":
            found |= {"preamble": _row(scenario.preamble, cast, known)}
        if key in ("articles", "preconditions"):
            rows = getattr(scenario, key)
            found |= {key: {name: _row(item, cast, known) for name, item in rows.items()}}
        elif key in plain and key != "preamble":
            found[key] = _compact(plain[key])
        if key == "parties":
            found |= own
    for key, template in mapping(assumed()["numbers"]).items():
        found[key] = _once(found[key], template)
    order = [*(key for key in found if key not in LAST), *LAST]
    return {key: found[key] for key in order if found.get(key, {}) != {} or key in own}


def _plain(model: Scenario | Provision | Precondition) -> Plain:
    return model.model_dump(mode="json", by_alias=True, exclude_defaults=True)


def _row(item: Provision | Precondition, cast: Cast, known: Classes) -> Plain:
    """Return an article or a demand with one text of stakes an actor, as far as words go."""
    plain = _plain(item)
    weights, ideals = mapping(plain.pop("weights")), mapping(plain.pop("ideals"))
    ends, note = plain.get("ends"), plain.pop("note", None)
    stakes: Plain = {}
    left: dict[str, Plain] = {"weights": {}, "ideals": {}}
    for actor, weight in weights.items():
        word = _said(weight, known.weights, known.weight)
        place = _position(ideals[actor], actor, cast, known) if ends is None else None
        if word is not None and place is not None:
            stakes[actor] = f"{word} {place}"
        else:
            left["weights"][actor] = _compact(weight) if word is None else _typed(word)
            ideal = _in_unit(ideals[actor], ends) if place is None else _typed(place)
            left["ideals"][actor] = ideal
    stakes = _once(stakes, {"each_party": ""}) if [*stakes] == [*cast.sided] else stakes
    if "position" in plain:
        place = _position(plain["position"], "", cast, known) if ends is None else None
        plain["position"] = _in_unit(plain["position"], ends) if place is None else _typed(place)
    if "opening" in plain:
        places = mapping(plain["opening"])
        plain["opening"] = {party: _in_unit(raw, ends) for party, raw in places.items()}
    made = {key: _compact(value) for key, value in plain.items()} | {"stakes": stakes, **left}
    made |= {} if note is None else {"note": note}
    return {key: value for key, value in made.items() if value != {}}


def _in_unit(raw: object, ends: object) -> object:
    """Return a position in the unit of its article, if it is read as this number again."""
    number = _compact(raw)
    if not isinstance(ends, (list, tuple)) or not isinstance(number, list):
        return number
    first, second = ends
    value, *span = (rounded(first + part * (second - first)) for part in number)
    placed = [_compact(figure) for figure in (value, *sorted(span))]
    return placed if _compact(on_scale(placed, ends)) == number else raw


def _position(raw: object, actor: str, cast: Cast, known: Classes) -> str | None:
    words = [*known.positions, *cast.parties, *(LEAN + party for party in cast.parties)]
    return _said(raw, words, lambda word: known.position(word, actor, cast))


def _said(
    raw: object, words: Sequence[str] | Mapping[str, object], read: Callable[[object], object]
) -> str | None:
    """Return the word or the bare number that is read as this number, None if nothing is."""
    number = mapping(raw)
    for word in words:
        if _alike(read(word), number):
            return word
    bare = number.get("value")
    return f"{bare:g}" if isinstance(bare, float) and _alike(read(bare), number) else None


def _alike(read: object, number: Mapping[str, object]) -> bool:
    return isinstance(read, dict) and read == dict(number)


def _typed(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def _compact(raw: object) -> object:
    """Return the numbers in a part as ``[value, low, high]`` where that says all."""
    if isinstance(raw, list):
        return [_compact(part) for part in raw]
    if not isinstance(raw, Mapping):
        return int(raw) if isinstance(raw, float) and raw.is_integer() else raw
    if raw.get("basis") == ASSUMPTION and {"low", "high"} < raw.keys():
        row = [_compact(raw[key]) for key in ("value", "low", "high")]
        rest = {key: _compact(value) for key, value in raw.items() if key != "basis"}
        return row if len(raw) == 4 else rest
    return {str(key): _compact(value) for key, value in raw.items()}


def _once(found: object, template: object) -> Plain:
    """Return entries that are the same for every party or actor as one for `each`."""
    entries, shape = dict(mapping(found)), mapping(template)
    if {"each_party", "each_actor"} & shape.keys():
        values = list(entries.values())
        same = len(values) > 1 and all(value == values[0] for value in values)
        return {EACH: values[0]} if same and values[0] is not None else entries
    return entries | {k: _once(entries[k], shape[k]) for k in shape if _is_row(shape[k])}


def _is_row(template: object) -> bool:
    return bool({"each_party", "each_actor"} & mapping(template).keys())


# --- from the short form to text


def written(plain: Mapping[str, object], header: str = "", comments: bool = True) -> str:
    """Return a mapping as YAML that people read: a line an entry where it fits.

    header: said at the top, one comment a line.
    comments: whether `COMMENTS` are said above their keys.
    """
    lines = [f"# {line}".rstrip() for line in header.splitlines()]
    for key, value in plain.items():
        if comments and key in COMMENTS:
            lines += ["", f"# {COMMENTS[key]}"]
        lines += _lines(key, value, "")
    return "\n".join(lines).lstrip("\n") + "\n"


def _lines(key: str, value: object, pad: str) -> Iterator[str]:
    """Yield one entry: on one line where it fits, or is a number, or belongs to a long list."""
    start, inside = f"{pad}{_flow(key)}: ", f"{pad}  "
    fits = len(start) + len(_flow(value)) <= WIDTH
    if fits or not isinstance(value, (dict, list)) or "value" in value:
        yield start + _flow(value)
    elif isinstance(value, list):
        yield start.rstrip()
        yield from (f"{inside}- {_flow(part)}" for part in value)
    elif pad and not any("value" in mapping(part) for part in value.values()):
        yield from _wrapped(start, value, inside)
    else:
        yield start.rstrip()
        for inner, part in value.items():
            row = f"{inside}{_flow(inner)}: {_flow(part)}"
            yield from [row] if key in ONE_LINE else _lines(inner, part, inside)


def _wrapped(start: str, value: Mapping[str, object], pad: str) -> Iterator[str]:
    """Yield a mapping in braces over several lines."""
    line = start
    for text in _pieces("", value):
        fresh = line in (start, pad)
        if not fresh and len(line) + 1 + len(text) > WIDTH:
            yield line
            line, fresh = pad, True
        line += text if fresh else f" {text}"
    yield line


def _pieces(start: str, value: Mapping[str, object]) -> Iterator[str]:
    """Yield the entries of a mapping in braces, of one inside that is long likewise."""
    opening, last = start + "{", list(value)[-1]
    for key, part in value.items():
        end = "}" if key == last else ","
        word = f"{opening}{_flow(key)}: "
        if isinstance(part, dict) and len(_flow(part)) > WIDTH // 2 and "value" not in part:
            *inner, final = _pieces(word, part)
            yield from (*inner, final + end)
        else:
            yield word + _flow(part) + end
        opening = ""


def _flow(value: object) -> str:
    """Return a value on one line, texts in quotes unless they cannot be mistaken."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_flow(part) for part in value) + "]"
    if not isinstance(value, str):
        return yaml.safe_dump(value).removesuffix("\n").removesuffix("\n...")
    plain = re.fullmatch(r"[A-Za-z][\w .()/+%-]*", value) and yaml.safe_load(value) == value
    dated = re.fullmatch(r"\d{4}-\d\d-\d\d", value)
    return value if plain or dated else json.dumps(value, ensure_ascii=False)


# --- a scenario begun anew


def begun(
    name: str,
    parties: tuple[str, str],
    articles: int,
    start: date,
    mediator: str | None = None,
    oppositions: Mapping[str, str] | None = None,
) -> Plain:
    """Return a whole scenario in the short form, with wide ranges and nothing decided.

    articles: number of articles, 1 to 31.
    oppositions: the party at whose home each opposition sits, by its id.
    """
    found: Plain = {"id": name, "title": named(name), "start": start.isoformat()}
    found["parties"] = list(parties)
    if mediator is not None:
        found["mediator"] = {"id": mediator, "name": named(mediator)}
    homes: Plain = {
        home: {"politics": {}, "opposition": {"id": actor, "name": named(actor)}}
        for actor, home in (oppositions or {}).items()
    }
    found["classes"] = {}
    style = {} if mediator is None else {"mediator": "facilitation"}
    found["conduct"] = {p: {"strategy": "linear"} for p in parties} | style
    stakes = dict.fromkeys(parties, "of_note own")
    found["articles"] = {
        f"a{n}": {"title": f"Article {n}", "status": "open", "stakes": dict(stakes)}
        for n in range(1, articles + 1)
    }
    wide = mapping(assumed()["numbers"])
    for key in ("status_quo", "discount_rate", "deadline_weeks"):
        numbers = mapping(wide[key])["each_party"]
        found[key] = dict.fromkeys(parties, numbers)
    return found | ({"homes": homes} if homes else {})


# --- JSON Schema of scenario files, for editors


def json_schema() -> Plain:
    """Return the JSON Schema of scenario files in either form, and of variants.

    Nothing is required: what may be left out depends on the form, and `sim scenario check` tells.
    """
    schema: Plain = Scenario.model_json_schema(by_alias=True)
    parts = {name: mapping(part) for name, part in mapping(schema["$defs"]).items()}
    for name, part in parts.items():
        if name not in ("Source", "Dated", "Happened"):
            part.pop("required", None)
        part["properties"] = mapping(part.get("properties"))
    figures = {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3}
    words = [*Classes.of({}).weights, *Classes.of({}).positions]
    word = {"anyOf": [{"enum": words}, {"type": "string"}]}
    parts["Number"] = {"anyOf": [parts["Number"], {"type": "number"}, figures, word]}
    for name in ("Provision", "Precondition"):
        fields = mapping(parts[name]["properties"])
        texts = {"type": "object", "additionalProperties": {"type": "string"}}
        said = "weight and position of each actor, such as 'core lean_own' or '6 0.3'"
        parts[name]["properties"] = fields | {"stakes": texts | {"description": said}}
    numbered = mapping(parts["Provision"]["properties"])
    parts["Provision"]["properties"] = numbered | {"number": {"type": ["string", "integer"]}}
    parts["Actor"] = {"anyOf": [parts["Actor"], {"type": "string"}]}
    parts["Mediator"] = {"anyOf": [parts["Mediator"], {"type": "string"}]}
    schema.pop("required", None)
    own = {
        "classes": _classes_schema(),
        "conduct": _conduct_schema(),
        "defaults": {"type": "array"},
    }
    properties = {**mapping(schema["properties"]), **own}
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return head | schema | {"$defs": parts, "properties": properties}


def _classes_schema() -> Plain:
    number = {"$ref": "#/$defs/Number"}
    rows = {"type": "object", "additionalProperties": number}
    around = {"type": "object", "additionalProperties": {"type": "number"}}
    fields = {"weights": rows, "positions": rows, "spread": around}
    return {"type": "object", "properties": fields, "additionalProperties": False}


def _conduct_schema() -> Plain:
    def choice(group: str) -> Plain:
        files = sorted((config_folder() / group).glob("*.yaml"))
        return {"anyOf": [{"enum": [file.stem for file in files]}, {"type": "string"}]}

    of_party = {"type": "object", "properties": {group: choice(group) for group in CONDUCT}}
    rules = ("agenda", "bargaining", "precondition", "mediator", "public")
    fields: Plain = {group: choice(group) for group in rules}
    fields["horizon"] = {"type": "integer", "minimum": 1}
    return {"type": "object", "properties": fields, "additionalProperties": of_party}
