"""`sim scenario`: begin a scenario, import and export its table, check it, show it."""

import argparse
import json
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from sim.config import config_folder
from sim.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from sim.config.scenario import Scenario

DESCRIPTION = """\
examples:
  sim scenario new fishery --parties north,south --articles 4 --mediator commission
      a whole scenario with wide ranges, in mine/scenario/fishery.yaml, to be filled in
  sim scenario import positions.csv --name quotas --parties north,south
      the same from a table of positions and saliences, CSV or Excel
  sim scenario export prespa_2018 prespa.csv
      a scenario's articles as such a table
  sim scenario check mine/scenario/fishery.yaml
      every problem in a file, one a line; exit code 2 if there is any
  sim scenario show march_2025
      the text, preconditions, calendar, numbers and where they come from
  sim scenario show march_2025 --short
      the same as a file in the short form
  sim scenario sources
      what rests on which source, and how many assumptions there are
  sim scenario schema
      JSON Schema of scenario files, with which an editor completes and checks
"""
DEFAULT = "september_2024"
"""Scenario that is shown if none is named."""
FOLDER = "mine"
"""Folder of one's own that new scenarios are put in, unless told otherwise."""
SCHEMA = "scenario.schema.json"
"""File beside the folder of scenarios that editors read."""
HEADER = """\
yaml-language-server: $schema=../{schema}
{origin}

Stakes of an actor: a weight and a position, in words or as numbers.
  weights    core, important, of_note, routine, or any number; normalised later
  positions  own, lean_own, middle, lean_other, other, or a number from 0, the first party's
             wording, to 1, the second's; with `ends` in the unit of the article
A number alone gets a range around it, [value, low, high] states it, {{value, basis: KEY}} cites
an entry of `sources`. What is left out is an assumption of the package with a wide range.
  sim scenario show {file}
  sim scenario check {file}
  sim run scenario={name} --config-dir {folder}"""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = subparsers.add_parser(
        "scenario",
        help="begin, import, export, check or show a scenario",
        description=DESCRIPTION,
    )
    names = "new|import|export|check|show|sources|schema"
    actions = parser.add_subparsers(dest="action", metavar=names, required=True)
    new = actions.add_parser("new", help="write a valid scenario to be filled in")
    new.add_argument("name", metavar="NAME")
    new.add_argument("--articles", type=int, default=5, metavar="N", help="1 to 31 (default: 5)")
    new.add_argument("--start", metavar="DATE", help="first day of the talks (default: today)")
    table = actions.add_parser("import", help="write a scenario from a table of positions")
    table.add_argument("file", metavar="FILE.xlsx|csv", type=Path)
    table.add_argument("--name", help="name of the scenario (default: that of the file)")
    table.add_argument("--sheet", help="of an Excel workbook (default: the first)")
    table.add_argument("--scale", metavar="LOW,HIGH", help="ends of the positions in the table")
    table.add_argument("--start", metavar="DATE", help="first day of the talks (default: today)")
    for each in (new, table):
        _add_cast(each)
    export = actions.add_parser("export", help="write a scenario's articles as a table")
    export.add_argument("name", metavar="NAME|FILE")
    export.add_argument("target", metavar="TARGET.xlsx|csv", type=Path)
    check = actions.add_parser("check", help="check a scenario file, one line a problem")
    check.add_argument("file", metavar="FILE", type=Path)
    show = actions.add_parser("show", help="print a scenario as tables")
    show.add_argument("name", metavar="NAME|FILE", nargs="?", default=DEFAULT)
    show.add_argument("--short", action="store_true", help="as a file in the short form")
    sources = actions.add_parser("sources", help="print what rests on which source")
    sources.add_argument("name", metavar="NAME|FILE", nargs="?", default=DEFAULT)
    for each in (export, show, sources):
        each.add_argument("--config-dir", metavar="DIR", help="a folder of your own with scenarios")
    actions.add_parser("schema", help="print the JSON Schema of scenario files")


def _add_cast(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--parties", metavar="A,B", help="ids of the two parties")
    parser.add_argument("--mediator", metavar="ID", help="id of a third party that mediates")
    parser.add_argument(
        "--opposition",
        metavar="ID@PARTY",
        action="append",
        default=[],
        help="id of an opposition and the party at whose home it sits; for each home",
    )
    parser.add_argument(
        "--config-dir",
        metavar="DIR",
        type=Path,
        default=Path(FOLDER),
        help=f"folder of your own that it is put in (default: {FOLDER})",
    )


def execute(args: argparse.Namespace) -> int:
    """Do what the action says; ConfigError has one line for each problem."""
    actions = {"new": new, "import": import_table, "export": export_table, "schema": schema}
    if args.action in actions:
        return actions[args.action](args)
    if args.action == "check":
        return check(args.file)
    file = scenario_file(args.name, args.config_dir)
    if args.action == "sources":
        return show(file, sources=True)
    return show_short(file) if args.short else show(file)


# --- begin


def new(args: argparse.Namespace) -> int:
    """Write a whole scenario with wide ranges."""
    from sim.config.draft import begun

    problems = _name_problems(args.name)
    if not 1 <= args.articles <= 31:
        problems.append(f"--articles: {args.articles} must lie between 1 and 31")
    parties = _parties(args.parties, [], problems)
    start = _start(args.start, problems)
    oppositions = _oppositions(args.opposition, parties, problems)
    target = _target(args.config_dir, args.name, problems)
    if problems or parties is None:
        raise ConfigError(problems)
    plain = begun(args.name, parties, args.articles, start, args.mediator, oppositions)
    return _write(plain, args.config_dir, target, f"{plain['title']}: begun with wide ranges.")


def import_table(args: argparse.Namespace) -> int:
    """Write a scenario whose articles stand in a table."""
    from sim.config.draft import begun
    from sim.config.table import Table, imported, read_rows, slug

    name = args.name or slug(args.file.stem)
    problems = _name_problems(name)
    table = Table(read_rows(args.file, args.sheet))
    known = list(table.actors)
    parties = _parties(args.parties, known, problems)
    start = _start(args.start, problems)
    oppositions = _oppositions(args.opposition, parties, problems)
    scale = _scale(args.scale, problems)
    target = _target(args.config_dir, name, problems)
    if parties is None:
        noise = not known and args.parties is None
        raise ConfigError([*(problems[:-1] if noise else problems), *table.problems])
    problems += [
        f"'{actor}' is neither party, mediator nor opposition; give --mediator or --opposition"
        for actor in known
        if actor not in (*parties, args.mediator, *oppositions)
    ]
    try:
        articles = imported(table, parties, scale)
    except ConfigError as error:
        raise ConfigError([*problems, *error.problems]) from error
    if problems:
        raise ConfigError(problems)
    plain = begun(name, parties, 1, start, args.mediator, oppositions) | {"articles": articles}
    plain["actors"] = {actor: {"name": text} for actor, text in table.actors.items()}
    if table.ignored:
        print(f"sim: columns that are not read: {', '.join(table.ignored)}", file=sys.stderr)
    return _write(plain, args.config_dir, target, f"Positions and saliences: {args.file.name}.")


def _name_problems(name: str) -> list[str]:
    from sim.config.table import slug

    good = slug(name) == name and name != ""
    return [] if good else [f"'{name}' is no name: letters, digits, _ and -, such as {slug(name)}"]


def _parties(
    given: str | None, known: Iterable[str], problems: list[str]
) -> tuple[str, str] | None:
    from sim.config.number import EACH
    from sim.config.settings import Rules
    from sim.config.table import slug

    ids = list(known)
    words = [word.strip() for word in given.split(",")] if given is not None else ids[:2]
    if len(words) != 2 or len(set(words)) != 2 or not all(words):
        got = "" if given is None else f", got '{given}'"
        problems.append(f"--parties: give two ids, such as north,south{got}")
        return None
    for word in words:
        if slug(word) != word or word in (EACH, "scenario", *Rules.model_fields):
            problems.append(f"--parties: '{word}' cannot be an id; letters, digits, _ and -")
        elif ids and word not in ids:
            problems.append(f"--parties: no actor '{word}'{did_you_mean(word, ids)}")
    return words[0], words[1]


def _start(given: str | None, problems: list[str]) -> date:
    try:
        return date.today() if given is None else date.fromisoformat(given)
    except ValueError:
        problems.append(f"--start: '{given}' is not a date, write it as 2024-09-17")
        return date.today()


def _oppositions(
    given: list[str], parties: tuple[str, str] | None, problems: list[str]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in given:
        actor, sign, home = text.partition("@")
        home = home if sign or parties is None else parties[0]
        if parties is not None and home not in parties:
            problems.append(f"--opposition {text}: no party '{home}'{did_you_mean(home, parties)}")
        elif home in found.values():
            problems.append(f"--opposition {text}: {home} has one already")
        found[actor] = home
    return found


def _scale(given: str | None, problems: list[str]) -> tuple[float, float] | None:
    from sim.config.table import figure

    if given is None:
        return None
    ends = [figure(part) for part in given.split(",")]
    if len(ends) != 2 or ends[0] is None or ends[1] is None or ends[0] == ends[1]:
        problems.append(f"--scale: give two numbers, such as 0,100, got '{given}'")
        return None
    return ends[0], ends[1]


def _target(folder: Path, name: str, problems: list[str]) -> Path:
    target = folder / "scenario" / f"{name}.yaml"
    if target.exists():
        problems.append(f"{target}: exists; nothing is overwritten")
    return target


def _write(plain: dict[str, object], folder: Path, target: Path, origin: str) -> int:
    """Write a checked scenario and the schema for editors, and say how to go on."""
    from sim.config.draft import json_schema, written
    from sim.config.scenario import build_scenario
    from sim.config.short import expanded

    build_scenario(expanded(plain, target.stem))
    words = {"schema": SCHEMA, "name": target.stem, "folder": folder, "file": target}
    text = written(plain, HEADER.format(origin=origin, **words))
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        (folder / SCHEMA).write_text(json.dumps(json_schema(), indent=1) + "\n", "utf-8")
        with target.open("x", encoding="utf-8") as handle:
            handle.write(text)
    except OSError as error:
        raise ConfigError([f"{target}: cannot be written, {error.strerror}"]) from error
    check(target)
    print(f"play it: sim run scenario={target.stem} --config-dir {folder}")
    return 0


# --- look at one that is there


def check(file: Path) -> int:
    """Validate a scenario file, say how much of it is assumed and what has no effect."""
    from sim.config.compose import load_scenario

    scenario = load_scenario(file)
    numbers = [number for _, number in scenario.numbers()]
    assumed = sum(number.assumed for number in numbers)
    print(
        f"{file}: a valid scenario, {len(scenario.articles)} articles, "
        f"{len(scenario.preconditions)} preconditions, {len(numbers)} numbers, "
        f"{assumed} of them assumptions"
    )
    for line in idle_parts(scenario):
        print(line)
    return 0


def idle_parts(scenario: "Scenario") -> list[str]:
    """Return one line for each part of a valid scenario that changes no run."""
    from sim.config.settings import without_clock

    lines = [
        f"deadline_weeks.{party}: is null and no calendar entry has 'closes', so strategies by "
        "the clock ask for the same in every week"
        for party in without_clock(scenario)
    ]
    for key, item in scenario.articles.items():
        one, other = (item.ideals[party].value for party in scenario.parties)
        if item.status == "agreed":
            lines += [f"articles.{key}.opening: no effect, it is agreed"] if item.opening else []
        elif one == other:
            lines.append(f"articles.{key}.ideals: both parties want {one:g}, nothing is argued")
        if not any(item.weights[party].value for party in scenario.parties):
            lines.append(f"articles.{key}.weights: weighs nothing to either party")
    used = {key for _, number in scenario.numbers() for key in (number.basis, *number.sources)}
    used |= {event.basis for event in scenario.calendar}
    used |= {past.source for past in scenario.timeline}
    used |= set(scenario.record.sources) if scenario.record else set()
    notes = " ".join(_texts(scenario))
    idle = [key for key in scenario.sources if key not in used and key not in notes]
    return lines + [f"sources.{key}: nothing cites it" for key in idle]


def _texts(scenario: "Scenario") -> list[str]:
    notes = [item.note for item in scenario.provisions.values()]
    notes += [item.note for item in scenario.preconditions.values()]
    notes += [item.note for item in scenario.successors.values()]
    return [scenario.note, *notes, *(number.note for _, number in scenario.numbers())]


def show_short(file: Path) -> int:
    """Print a scenario as a file in the short form, with the words of its own."""
    from sim.config.compose import load_scenario
    from sim.config.draft import shortened, written
    from sim.config.number import mapping
    from sim.config.sources import read_mapping

    words = mapping(read_mapping(file).get("classes"))
    print(written(shortened(load_scenario(file), words)), end="")
    return 0


def show(file: Path, *, sources: bool = False) -> int:
    """Print a scenario as tables, or what rests on its sources."""
    from sim.commands.scenario_tables import render_scenario, render_sources
    from sim.config.compose import load_scenario
    from sim.runs.terminal import console

    render = render_sources if sources else render_scenario
    render(load_scenario(file), console())
    return 0


def export_table(args: argparse.Namespace) -> int:
    """Write a scenario's articles as a table."""
    from sim.config.compose import load_scenario
    from sim.config.table import exported, write_rows

    rows = exported(load_scenario(scenario_file(args.name, args.config_dir)))
    write_rows(rows, args.target)
    print(f"wrote {args.target}, {len(rows)} rows")
    return 0


def schema(_args: argparse.Namespace) -> int:
    """Print the JSON Schema of scenario files."""
    from sim.config.draft import json_schema

    print(json.dumps(json_schema(), indent=1))
    return 0


def scenario_file(name: str, config_dir: str | None = None) -> Path:
    """Return the file of a scenario given by its name or path; ConfigError for an unknown name."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml") or path.parent != Path():
        return path
    folders = [Path(config_dir)] if config_dir is not None else []
    files = [
        file
        for folder in (*folders, config_folder())
        for file in sorted((folder / "scenario").glob("*.yaml"))
    ]
    found = next((file for file in files if file.stem == name), None)
    if found is None:
        raise ConfigError([f"no scenario '{name}'{did_you_mean(name, [f.stem for f in files])}"])
    return found
