"""The short form of a scenario: words and rows that stand for numbers, and what is left out.

A file with the key `classes` is in the short form. In it a word such as ``core`` stands for a
weight and ``lean_own`` for a position; `stakes` gives both of an actor in one text; a bare number
and ``[value, low, high]`` are assumptions; and numbers that are left out are the assumptions of
`assumed.yaml`, all of them with wide ranges. What comes out is the long form, which alone is
validated: nothing after it knows which form a file was in.
"""

from collections.abc import Iterator, Mapping

from sim.config.number import (
    EACH,
    Cast,
    Classes,
    Plain,
    assumed,
    assumption,
    cast_of,
    is_bare,
    mapping,
    named,
    number,
    rounded,
)
from sim.errors import did_you_mean

ONLY_HERE = ("classes", "conduct")
"""Keys of a file that no validated scenario has."""
WITHOUT_SIDE = ("routine", "middle")
"""Stakes of a mediator that none are stated of."""
BY_NAMED_PARTY = ("coercion", "dropping")
"""Parts that hold only of parties that they name."""

HOME_ELSEWHERE = (
    ("incidents", "approval_effect", "incident_effect"),
    ("ratification", "majority", "ratification_majority"),
)
"""What a home at the top of a scenario holds outside of its politics, and its template."""


# --- from the short form to the long one


def expanded(plain: Mapping[str, object], stem: str = "") -> Plain:
    """Return a whole file of the short form in the long one, its classes kept for variants.

    plain: the mapping of one file; without `classes` or `parties` it is given back as it is.
    stem: name of the file, for an id that is left out.
    """
    if "classes" not in plain or "parties" not in plain:
        return dict(plain)
    cast = cast_of(plain)
    template = mapping(assumed()["numbers"])
    found = {"id": stem, "title": named(stem), **_all_numbers(plain)}
    found["actors"] = _actors(plain, cast)
    if cast.mediator is not None:
        found["mediator"] = _with_name(plain.get("mediator"), cast.mediator)
    if isinstance(found.get("opposition"), Mapping):
        found["opposition"] = _opposition(found["opposition"])
    for key, part in template.items():
        found[key] = _filled(found.get(key, ...), part, cast)
    if cast.parties:
        found["drafts"] = {"first_mover": cast.parties[0], **mapping(found["drafts"])}
    found |= _beside(found, cast)
    found |= {
        key: _where_stated(found[key], part, cast)
        for key, part in mapping(assumed()["where_stated"]).items()
        if key in found
    }
    found.setdefault("sources", {})
    found.setdefault("preamble", {"title": "Preamble", "status": "agreed", "position": "middle"})
    return with_words(found, complete=True)


def with_words(plain: Mapping[str, object], complete: bool = False) -> Plain:
    """Return a scenario with the words and stakes of its text replaced by numbers.

    complete: whether stakes that are left out and bare numbers are filled in, too; a variant or an
        override may only use words.
    """
    found = dict(plain)
    if "classes" not in plain:
        return found
    cast, classes = cast_of(plain), Classes.of(plain)
    for part in ("articles", "preconditions"):
        if isinstance(raw := found.get(part), Mapping):
            found[part] = {
                key: _provision(str(key), item, cast, classes, complete)
                for key, item in raw.items()
            }
    if "preamble" in found:
        found["preamble"] = _provision("preamble", found["preamble"], cast, classes, complete)
    return found


def long_form(plain: Mapping[str, object]) -> Plain:
    """Return a scenario as it is validated: words replaced, keys of files alone left out."""
    return {key: value for key, value in with_words(plain).items() if key not in ONLY_HERE}


def _all_numbers(plain: Mapping[str, object]) -> Plain:
    """Return a mapping with every ``[value, low, high]`` in it as an assumption."""

    def walk(node: object) -> object:
        made = number(node)
        if isinstance(made, Mapping):
            return {key: walk(value) for key, value in made.items()}
        return [walk(part) for part in made] if isinstance(made, list) else made

    kept = (*ONLY_HERE, "articles")  # an article's figures may be in a unit of its own
    return {key: value if key in kept else walk(value) for key, value in mapping(plain).items()}


def _actors(plain: Mapping[str, object], cast: Cast) -> Plain:
    raw = plain.get("actors")
    given = mapping(raw)
    if raw is not None and not isinstance(raw, Mapping):
        return {"actors": raw}
    names = dict(given)
    for source in (plain.get("mediator"), plain.get("opposition")):
        beside = mapping(source)
        if "id" in beside and "name" in beside:
            names.setdefault(str(beside["id"]), {"name": beside["name"]})
    ids = dict.fromkeys((*given, *cast.parties, *cast.everyone))
    return {actor: _named_actor(actor, names.get(actor)) for actor in ids}


def _named_actor(actor: str, raw: object) -> object:
    if raw is None or isinstance(raw, str):
        return {"name": raw or named(actor)}
    return {"name": named(actor), **raw} if isinstance(raw, Mapping) else raw


def _with_name(raw: object, actor: str) -> object:
    return {"id": actor, "name": named(actor), **mapping(raw)}


def _opposition(raw: object) -> object:
    return _with_name(raw, str(mapping(raw).get("id"))) if "id" in mapping(raw) else raw


def _filled(given: object, template: object, cast: Cast) -> object:
    """Return what is given with the numbers of a template where it says nothing (``...``)."""
    if isinstance(template, list):
        return _ranged(given, template)
    shape = mapping(template)
    ids = cast.parties if "each_party" in shape else cast.everyone
    for key in ("each_party", "each_actor"):
        if key in shape:
            shape = dict.fromkeys(ids, shape[key])
            given = spread(given, ids)
    if given is ...:
        given = {}
    if not isinstance(given, Mapping):
        return given
    made = {key: _filled(given.get(key, ...), part, cast) for key, part in shape.items()}
    return {**given, **made}


def _where_stated(given: object, template: object, cast: Cast) -> object:
    """Return what is given, its bare numbers with the ranges of a template; nothing is added."""
    if isinstance(template, list):
        return _ranged(given, template)
    if isinstance(given, list):
        return [_where_stated(part, template, cast) for part in given]
    shape = mapping(template)
    if "each_party" in shape:
        given = spread(given, cast.parties)
        shape = dict.fromkeys(mapping(given), shape["each_party"])
    if not isinstance(given, Mapping):
        return given
    return {
        key: _where_stated(part, shape[key], cast) if key in shape else part
        for key, part in given.items()
    }


def spread(given: object, ids: tuple[str, ...]) -> object:
    """Return a mapping with `each` replaced by an entry for every id that has none."""
    if not isinstance(given, Mapping) or EACH not in given or EACH in ids:
        return given
    own = {key: value for key, value in given.items() if key != EACH}
    return own | {key: given[EACH] for key in ids if key not in own}


def _ranged(given: object, template: list[float]) -> object:
    """Return a number with the range of a template, widened to hold a value of its own."""
    value, low, high = template
    if given is ...:
        return assumption(value, low, high)
    if is_bare(given):
        return assumption(given, min(low, given), max(high, given))
    if isinstance(given, Mapping) and "value" in given and "basis" not in given:
        bare = given["value"]
        if is_bare(bare):
            return {**assumption(bare, min(low, bare), max(high, bare)), **given}
    return given


def _beside(found: Mapping[str, object], cast: Cast) -> Plain:
    """Return the parts that only a mediator, channels or politics at home give a meaning."""
    made: Plain = {}
    if cast.mediator is not None:
        made["mediation"] = _from("mediation", found.get("mediation", ...), cast)
    made["channels"] = _channels(found.get("channels", ...), cast)
    for part in BY_NAMED_PARTY:
        if isinstance(rows := spread(found.get(part), cast.parties), Mapping):
            shape = mapping(assumed()[part])["each_party"]
            made[part] = {party: _filled(row, shape, cast) for party, row in rows.items()}
    top = mapping(found.get("opposition")).get("home") or mapping(found["politics"]).get("home")
    if top is not None:
        made |= _home(found, cast, "opposition" in found)
        for part, field, template in HOME_ELSEWHERE:
            row = mapping(found[part])
            made[part] = {**row, field: _from(template, row.get(field, ...), cast)}
    homes = found.get("homes")
    if isinstance(homes, Mapping):
        made["homes"] = {party: _nested_home(home, cast) for party, home in homes.items()}
    if isinstance(found.get("preconditions"), Mapping):
        entries = mapping(found["preconditions"]).items()
        made["preconditions"] = {key: _precondition(key, item, cast) for key, item in entries}
    return made


def _from(part: str, given: object, cast: Cast) -> object:
    return _filled(given, assumed()[part], cast)


def _home(parts: Mapping[str, object], cast: Cast, opposed: bool) -> Plain:
    """Return the politics of one home, its public and its constitution if it has any."""
    made: Plain = {"politics": _from("politics", parts.get("politics", ...), cast)}
    public, constitution = "public" in parts, "constitution" in parts
    beside = {
        "politics": {"politics_with_public": public, "politics_with_constitution": constitution},
        "public": {"public": public, "public_with_opposition": public and opposed},
        "constitution": {
            "constitution": constitution,
            "constitution_with_public": constitution and public,
            "constitution_with_opposition": constitution and opposed,
        },
    }
    for part, templates in beside.items():
        for template, wanted in templates.items():
            if wanted:
                given = made.get(part, parts.get(part))
                made[part] = _from(template, {} if given is None else given, cast)
    return made


def _nested_home(home: object, cast: Cast) -> object:
    if not isinstance(home, Mapping):
        return home
    made = _home(home, cast, "opposition" in home)
    politics = mapping(made["politics"])
    effect = _from("incident_effect", politics.get("incident_effect", ...), cast)
    made |= {"opposition": _opposition(home["opposition"])} if "opposition" in home else {}
    return {**home, **made, "politics": {**politics, "incident_effect": effect}}


def _channels(given: object, cast: Cast) -> object:
    """Return the channels, by default between the parties, to a mediator and to oppositions."""
    if given is ...:
        ends = [list(cast.parties)]
        ends += [[party, cast.mediator] for party in cast.parties if cast.mediator is not None]
        ends += [[home, actor] for actor, home in cast.oppositions.items()]
        given = [{"between": pair} for pair in ends]
    if not isinstance(given, list):
        return given
    return [_from("channel", each, cast) if isinstance(each, Mapping) else each for each in given]


def _precondition(key: str, item: object, cast: Cast) -> object:
    if not isinstance(item, Mapping):
        return item
    made = {"title": named(key), "route": "act", **item}
    others = [party for party in cast.parties if party != made.get("demanded_by")]
    if len(others) == 1:
        made.setdefault("delivered_by", others[0])
    filled = _from("precondition", made, cast)
    return _from("constitutional", filled, cast) if made["route"] == "constitutional" else filled


def _provision(key: str, item: object, cast: Cast, classes: Classes, complete: bool) -> object:
    """Return an article or a precondition with the weight and the position of each actor."""
    if not isinstance(item, Mapping):
        return item
    made = {str(field): value for field, value in item.items() if field != "stakes"}
    if complete:
        made.setdefault("title", named(key))
        if "demanded_by" not in made:
            made.setdefault("status", "open")
    stakes = _stakes(item.get("stakes"), cast)
    without = cast.everyone if key == "preamble" else ()
    default = dict.fromkeys(without, WITHOUT_SIDE)
    for at, field in enumerate(("weights", "ideals")):
        given = spread(made.get(field, {}), cast.everyone)
        if isinstance(given, Mapping):
            row = {actor: pair[at] for actor, pair in stakes.items() if len(pair) > at}
            raw = {**row, **given}
            made[field] = _of_others(raw, cast, default, at) if complete else raw
    bare = complete or bool(stakes)  # whether bare numbers are meant as assumptions
    ends = made.get("ends")

    def weight(raw: object) -> object:
        return classes.weight(raw) if bare or isinstance(raw, str) else raw

    def position(raw: object, actor: str) -> object:
        if not bare and not isinstance(raw, str):
            return raw
        return classes.position(on_scale(raw, ends), actor, cast)

    if isinstance(made.get("weights"), Mapping):
        made["weights"] = {actor: weight(raw) for actor, raw in mapping(made["weights"]).items()}
    for field in ("ideals", "opening"):
        if isinstance(made.get(field), Mapping):
            places = mapping(made[field])
            made[field] = {actor: position(raw, actor) for actor, raw in places.items()}
    if "position" in made:
        made["position"] = position(made["position"], "")
    return made


def _stakes(raw: object, cast: Cast) -> dict[str, list[object]]:
    """Return weight and position of each actor from texts such as ``core lean_own`` or ``6 0.3``.

    A text of one word is a weight alone.
    """
    rows = mapping(spread(raw, cast.sided))
    return {actor: [_word(part) for part in str(text).split()[:2]] for actor, text in rows.items()}


def _word(text: str) -> object:
    try:
        return float(text)
    except ValueError:
        return text


def _of_others(
    row: Mapping[str, object], cast: Cast, default: Mapping[str, tuple[str, str]], at: int
) -> Plain:
    """Return a row with those filled in that need no entry: oppositions share their home's."""
    found = dict(row)
    if cast.mediator is not None:
        found.setdefault(cast.mediator, WITHOUT_SIDE[at])
    for actor, home in cast.oppositions.items():
        if home in found:
            found.setdefault(actor, found[home])
    for actor, pair in default.items():
        found.setdefault(actor, pair[at])
    return found


def on_scale(raw: object, ends: object) -> object:
    """Return a figure in an article's own unit as a position from 0 to 1, by its two `ends`."""
    if not isinstance(ends, (list, tuple)) or len(ends) != 2 or not all(map(is_bare, ends)):
        return raw
    first, second = ends
    if first == second:
        return raw
    if isinstance(raw, (list, tuple)):
        value, *span = (on_scale(part, ends) for part in raw)
        return [value, *(_ordered(span) if len(span) == 2 else span)]
    return rounded((raw - first) / (second - first)) if is_bare(raw) else raw


def _ordered(span: list[object]) -> list[object]:
    one, other = span
    return [other, one] if is_bare(one) and is_bare(other) and one > other else [one, other]


# --- what is wrong with words


def with_word_problems(lines: list[str], plain: Mapping[str, object], prefix: str) -> list[str]:
    """Return problems with those about a word in the text replaced by what would be right.

    lines: what was found wrong, each with its path, which begins with `prefix` if there is one.
    """
    if "classes" not in plain:
        return lines
    found = _word_problems(with_words(plain))
    told = {f"{prefix}.{path}" if prefix else path: said for path, said in found}
    kept = [line for line in lines if line.partition(": ")[0] not in told]
    return kept + [f"{path}: {said}" for path, said in told.items()]


def _word_problems(plain: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield the path of each word that stands for no number, and what to write instead."""
    cast, classes = cast_of(plain), Classes.of(plain)
    parts = [("preamble", plain.get("preamble"))]
    for part in ("articles", "preconditions"):
        parts += [(f"{part}.{key}", item) for key, item in mapping(plain.get(part)).items()]
    for place, item in parts:
        for field, value in mapping(item).items():
            kind = "weights" if field == "weights" else "positions"
            row = mapping(value) if field in ("weights", "ideals", "opening") else {}
            row |= {"": value} if field == "position" else {}
            for actor, raw in row.items():
                if isinstance(raw, str):
                    path = f"{place}.{field}.{actor}".rstrip(".")
                    yield path, _wrong_word(raw, actor, kind, cast, classes)


def _wrong_word(raw: str, actor: str, kind: str, cast: Cast, classes: Classes) -> str:
    known = classes.words(kind, cast)
    if raw in known and kind == "positions" and actor == cast.mediator:
        return f"'{raw}': a mediator has no side of its own; write middle, or a party's id"
    what = "weight" if kind == "weights" else "position"
    return f"'{raw}' is no {what}; it takes a number or a word{did_you_mean(raw, known)}"
