"""Fill the tables of `docs/odd.md` from the code, so that none of them is copied by hand.

Each table stands between two marks in the page:

    <!-- made by docs/make_odd_tables.py: NAME -->
    <!-- end of NAME -->

What lies between them is replaced; all else is left as it is.
"""

import inspect
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from sim.config.compose import load_scenario
from sim.config.number import Number
from sim.config.scenario import Scenario
from sim.model.codes import Move, Reason
from sim.model.plugins import KINDS, registry
from sim.model.records import EVENT_FIELDS, PARAMS_FIELDS, STATE_FIELDS, Field, Public
from sim.model.rules.week import PHASES, asked_for
from sim.model.shocks import SHOCK_FIELDS

DOCS = Path(__file__).resolve().parent
PAGE = DOCS / "odd.md"
SCENARIO = DOCS.parent / "configs" / "scenario" / "september_2024.yaml"
DIMENSIONS = {2: "side", 6: "edge", 8: "8", 16: "16", 32: "article", 40: "issue"}
"""Words for the lengths of fields in the records."""
BY_ACTOR = ("weight", "ideal", "curvature")
"""Fields whose first length is that of the actors."""

MARK = re.compile(
    r"(<!-- made by docs/make_odd_tables\.py: (?P<name>[\w ]+) -->\n)(?P<body>.*?)"
    r"(<!-- end of (?P=name) -->)",
    re.DOTALL,
)


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown; upright bars in cells are escaped."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def shape_words(field: Field) -> str:
    """Return what a field is indexed by."""
    words = [DIMENSIONS.get(n, str(n)) for n in field.shape]
    if field.name in BY_ACTOR:
        words[0] = "actor"
    return " x ".join(words) if words else "one"


def field_table(fields: Iterable[Field]) -> str:
    """Return name, index, unit and meaning of each field."""
    return markdown_table(
        ("name", "one for each", "unit", "meaning"),
        ((f"`{f.name}`", shape_words(f), f.unit, f.meaning) for f in fields),
    )


def shock_table() -> str:
    """Return the tape's fields with their streams and laws."""
    laws = {"uniform": "uniform on [0, 1)", "normal": "standard normal"}
    return markdown_table(
        ("name", "one for each", "stream", "law", "what it settles"),
        (
            (f"`{f.name}`", shape_words(f), stream, laws[law], f.meaning)
            for stream, law, f in SHOCK_FIELDS
        ),
    )


def phase_table() -> str:
    """Return the week's rules in their order, from `sim.model.rules.week.PHASES`."""
    rows = []
    for place, phase in enumerate(PHASES, 1):
        module = phase.rule.__module__.removeprefix("sim.model.rules.")
        name = phase.rule.__name__
        summary = (inspect.getdoc(phase.rule) or "").split("\n", 1)[0]
        actor = phase.actor.name.lower() if "actor" in asked_for(phase.rule) else "-"
        rows.append((str(place), f"`{module}.{name}`", actor, summary))
    return markdown_table(("", "rule", "in the part of", "what it does"), rows)


def plugin_table(kind: str) -> str:
    """Return all plug-ins of one kind with their parameters and references."""
    rows = []
    for entry in registry().of(kind):
        if Path(entry.source_file).is_relative_to(DOCS.parent / "sim"):
            parameters = "; ".join(
                f"`{p.name}` = {p.default:g} in [{p.low:g}, {p.high:g}] {p.unit}, {p.meaning}"
                for p in entry.parameters
            )
            uses = ", ".join(entry.uses) or "-"
            rows.append(
                (f"`{entry.name}`", entry.summary, parameters or "-", uses, entry.reference)
            )
    return markdown_table(("name", "what it does", "parameters", "uses", "reference"), rows)


def code_list(codes: type[Move] | type[Reason]) -> str:
    """Return the members of an enumeration with their numbers."""
    return ", ".join(f"`{member.name.lower()}` {int(member)}" for member in codes) + "\n"


def text_table(scenario: Scenario) -> str:
    """Return the provisions of the default scenario with weights and ideals of the parties."""
    rows = []
    first, second = scenario.parties
    for key, provision in scenario.provisions.items():
        position = "-" if provision.position is None else f"{provision.position.value:g}"
        rows.append(
            (
                f"`{key}`",
                provision.title,
                provision.status,
                position,
                *(f"{provision.weights[side].value:g}" for side in (first, second)),
                *(f"{provision.ideals[side].value:g}" for side in (first, second)),
            )
        )
    head = ("id", "subject", "status", "position", "w 1", "w 2", "ideal 1", "ideal 2")
    return markdown_table(head, rows)


def number_table(scenario: Scenario) -> str:
    """Return every number of the default scenario outside the text: value, range, basis."""
    rows = []
    for path, number in scenario.numbers():
        if not path.startswith(("preamble", "articles")):
            rows.append((f"`{path}`", f"{number.value:.6g}", _range(number), _basis(number)))
    return markdown_table(("path", "value", "range", "basis"), rows)


def _range(number: Number) -> str:
    """Return the range thought possible, if one is given."""
    if number.low is None or number.high is None:
        return "-"
    return f"{number.low:.6g} to {number.high:.6g}"


def _basis(number: Number) -> str:
    """Return where a number comes from."""
    return number.basis + (f" ({', '.join(number.sources)})" if number.sources else "")


def public_list() -> str:
    """Return the names of the citizens' arrays."""
    return ", ".join(f"`{name}`" for name in Public._fields) + "\n"


def blocks() -> Mapping[str, Callable[[], str]]:
    """Return what fills each marked block, by name."""
    return {
        "parameters": lambda: field_table(PARAMS_FIELDS),
        "state": lambda: field_table(STATE_FIELDS),
        "events": lambda: field_table(EVENT_FIELDS),
        "shocks": shock_table,
        "phases": phase_table,
        "moves": lambda: code_list(Move),
        "reasons": lambda: code_list(Reason),
        "citizens": public_list,
        "text": lambda: text_table(load_scenario(SCENARIO)),
        "numbers": lambda: number_table(load_scenario(SCENARIO)),
        **{kind.replace("_", " "): _plugins_of(kind) for kind in KINDS},
    }


def _plugins_of(kind: str) -> Callable[[], str]:
    """Return what fills the table of one kind of plug-in."""
    return lambda: plugin_table(kind)


def filled(page: str) -> str:
    """Return `page` with every marked block made anew.

    Raises
    ------
    KeyError
        If a mark names no block, or a block has no mark.
    """
    known = blocks()
    marked = [match["name"] for match in MARK.finditer(page)]
    if sorted(marked) != sorted(known):
        raise KeyError(f"marks and blocks differ: {sorted(set(marked) ^ set(known))}")
    return MARK.sub(lambda m: f"{m[1]}\n{known[m['name']]()}\n{m[4]}", page)


def main() -> int:
    """Fill the page where it stands."""
    before = PAGE.read_text(encoding="utf-8")
    after = filled(before)
    if after != before:
        PAGE.write_text(after, encoding="utf-8")
    print(f"{PAGE.name}: {'filled anew' if after != before else 'up to date'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
