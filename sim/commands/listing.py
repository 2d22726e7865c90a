"""`sim list`, `sim strategies`, `sim completion`: what there is to choose from."""

import argparse
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path
from typing import TYPE_CHECKING

import sim.config
from sim.config import config_folder
from sim.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from sim.model.plugins import Plugin

LIST_DESCRIPTION = """\
Lists what can be chosen on a line, from the package and from a folder of your own.

examples:
  sim list
      all names, by kind
  sim list presets experiments
      a line each
  sim list scenarios --config-dir mine
      with those of your own
"""
STRATEGIES_DESCRIPTION = """\
Lists every concession strategy, acceptance condition and opponent model by the name that one types,
as in strategy@armenia=boulware, with its family, reference and parameters.

examples:
  sim strategies
  sim strategies boulware tit_for_tat
  sim strategies --plot curves.svg
      draws the concession strategies against scripted opponents
  sim strategies --plugin my_strategies.py --plot curves.svg
      the same with strategies of your own
"""
COMPLETION_DESCRIPTION = """\
Prints a script with which a shell completes commands, options, groups, choices and numbers.

examples:
  sim completion bash
      source <(sim completion bash) in ~/.bashrc
  sim completion zsh
      source <(sim completion zsh) in ~/.zshrc
  sim completion fish
      sim completion fish > ~/.config/fish/completions/sim.fish
"""
GROUPS = {
    "scenarios": "scenario",
    "presets": "preset",
    "strategies": "strategy",
    "acceptance": "acceptance",
    "opponent_models": "opponent_model",
    "agendas": "agenda",
    "bargaining": "bargaining",
    "preconditions": "precondition",
    "mediators": "mediator",
    "publics": "public",
    "experiments": "experiment",
    "executors": "executor",
}
"""Folders of configurations by what they are called in the plural."""
BY_PARTY = ("strategy", "acceptance", "opponent_model")
"""Groups that each party has, as in strategy@armenia."""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the parsers of the three commands."""
    parser = subparsers.add_parser(
        "list", help="list scenarios, presets, strategies ...", description=LIST_DESCRIPTION
    )
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(GROUPS))
    parser.add_argument("--config-dir", metavar="DIR", help="a folder of your own")
    parser = subparsers.add_parser(
        "strategies",
        help="list the strategies and draw their curves",
        description=STRATEGIES_DESCRIPTION,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="these only")
    parser.add_argument(
        "--plugin", action="append", default=[], metavar="FILE.py", help="a file of your own"
    )
    parser.add_argument("--plot", metavar="FILE.svg", type=Path, help="draw concession curves")
    parser = subparsers.add_parser(
        "completion", help="print a script for a shell", description=COMPLETION_DESCRIPTION
    )
    parser.add_argument("shell", choices=tuple(SCRIPTS))


def execute(args: argparse.Namespace) -> int:
    """Do what one of the three commands says."""
    if args.command == "list":
        list_kinds(args.kinds, args.config_dir)
    elif args.command == "strategies":
        strategies(args)
    else:
        print(SCRIPTS[args.shell], end="")
    return 0


# --- names of a kind


def choices(group: str, config_dir: str | None = None) -> dict[str, Path]:
    """Return the files of a group by name; a file of the user's own counts before a shipped one."""
    own = [] if config_dir is None else [Path(config_dir)]
    found: dict[str, Path] = {}
    for folder in (*own, config_folder()):
        for file in sorted((folder / group).glob("*.yaml")):
            found.setdefault(file.stem, file)
    return found


def said(file: Path) -> str:
    """Return what a configuration says of itself: its title, or its first comment's first words."""
    text = file.read_text("utf-8", errors="replace")
    title = re.search(r"^title: *(.+)$", text, re.MULTILINE)
    if title:
        return title.group(1).strip().strip("\"'")
    comments = re.match(r"(?:#.*\n)*", text)
    lines = comments.group().splitlines() if comments else []
    words = " ".join(line.lstrip("# ").strip() for line in lines if "@package" not in line)
    return re.split(r"(?<=[.:]) (?=[A-Z\"-])", words, maxsplit=1)[0]


def list_kinds(kinds: Sequence[str], config_dir: str | None) -> None:
    """Print the names of some kinds with a line each, or of all kinds with a line a kind."""
    from sim.runs.terminal import console, plain_table, show

    wrong = [f"list: unknown kind '{k}'{did_you_mean(k, GROUPS)}" for k in kinds if k not in GROUPS]
    if config_dir is not None and not Path(config_dir).is_dir():
        wrong.append(f"--config-dir: no such folder: {config_dir}")
    if wrong:
        raise ConfigError(wrong)
    table = plain_table()
    table.add_column("name" if kinds else "kind", overflow="fold")
    table.add_column("", overflow="fold")
    for kind in kinds or GROUPS:
        group = GROUPS[kind]
        files = choices(group, config_dir)
        key = f"{group}@PARTY" if group in BY_PARTY else group
        if not kinds:
            table.add_row(kind, f"{key}= {', '.join(files)}")
            continue
        table.add_row(f"[bold]{kind}[/bold]", f"{key}=NAME")
        for name, file in files.items():
            own = "" if file.is_relative_to(config_folder()) else " (your own)"
            table.add_row(name, f"{said(file)}{own}")
    show(table, console())


# --- strategies


def strategies(args: argparse.Namespace) -> None:
    """List the plug-ins by the names that one types, or draw curves."""
    from sim.config.settings import use_plugins

    if args.plugin:
        use_plugins(args.plugin)
    known = {choice.name for kind in typed() for choice in typed()[kind]}
    known |= {choice.plugin.name for kind in typed() for choice in typed()[kind]}
    problems = [
        f"strategies: unknown strategy '{name}'{did_you_mean(name, sorted(known))}"
        for name in args.names
        if name not in known
    ]
    if problems:
        raise ConfigError(problems)
    if args.plot is None:
        show_strategies(args.names)
    else:
        draw(args.plot, args.names)


@dataclass(frozen=True)
class Choice:
    """What one types for a plug-in, and the values that it sets."""

    name: str
    plugin: "Plugin"
    says: str  # what it does, in one line
    values: Mapping[str, float]  # parameters that it sets


def typed() -> dict[str, list[Choice]]:
    """Return what can be typed, by kind of plug-in: its presets, or the plug-in's own name."""
    from sim.model.plugins import KINDS, registry

    found: dict[str, list[Choice]] = {}
    for kind in KINDS:
        for plugin in registry().of(kind):
            rows = [Choice(p.name, plugin, p.says, p.values) for p in plugin.presets]
            found.setdefault(kind, []).extend(
                rows or [Choice(plugin.name, plugin, plugin.summary, {})]
            )
    return found


def show_strategies(names: Sequence[str]) -> None:
    """Print one table a kind of plug-in."""
    from rich.table import Table

    from sim.config.settings import CHOICES, WORDS
    from sim.runs.terminal import console, show

    output = console()
    keys = {kind: key for key, kind in CHOICES.items()}
    for kind, word in WORDS.items():
        rows = [c for c in typed()[kind] if not names or {c.name, c.plugin.name} & {*names}]
        if not rows:
            continue
        title = f"{word.capitalize()} ({len(rows)}), typed as {keys[kind]}@PARTY=NAME"
        table = Table(title=title, title_justify="left")
        for heading in ("Name", "Family", "What it does", "Parameters", "Reference"):
            table.add_column(heading, overflow="fold")
        for row in rows:
            parameters = "\n".join(
                f"{p.name} = {row.values.get(p.name, p.default):g} "
                f"({p.low:g} to {p.high:g} {p.unit})"
                for p in row.plugin.parameters
            )
            says = row.says
            if row.name != row.plugin.name:
                says += f" ({row.plugin.name})"
            table.add_row(row.name, row.plugin.family, says, parameters, row.plugin.reference)
        show(table, output)


def draw(target: Path, names: Sequence[str]) -> None:
    """Draw the concession strategies against each scripted opponent."""
    chosen = [
        c.plugin.name
        for c in typed()["concession"]
        if not names or {c.name, c.plugin.name} & {*names}
    ]
    problems = []
    if not chosen:
        problems.append(f"--plot: {', '.join(names)} is no concession strategy")
    if target.suffix not in (".svg", ".pdf", ".png"):
        problems.append(f"--plot: {target} must end in .svg, .pdf or .png")
    if target.exists():
        problems.append(f"--plot: {target} exists; nothing is overwritten")
    elif not target.parent.is_dir():
        problems.append(f"--plot: no such folder: {target.parent}")
    if problems:
        raise ConfigError(problems)
    from sim.theory.minimal_talks import draw_curves

    try:
        draw_curves(target, list(dict.fromkeys(chosen)))
    except ImportError as error:
        problem = "--plot needs matplotlib: pip install 'peace-talks-sim[report]'"
        raise ConfigError([problem]) from error
    print(f"wrote {target}")


# --- completion

SCRIPTS = {
    "bash": """\
_sim() {
    local IFS=$'\\n' word="${COMP_LINE:0:$COMP_POINT}"
    word="${word##* }"
    COMPREPLY=($(sim complete -- "${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}" "$word" 2>/dev/null))
    local colon="${word%"${word##*[=:@]}"}"
    [[ -n $colon ]] && COMPREPLY=("${COMPREPLY[@]#"$colon"}")
    [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -o default -F _sim sim
""",
    "zsh": """\
#compdef sim
_sim() {
    local -a found before
    before=("${words[@]:1:$((CURRENT - 2))}")
    found=("${(@f)$(sim complete -- "${before[@]}" "$words[CURRENT]" 2>/dev/null)}")
    compadd -Q -S '' -- $found || _files
}
compdef _sim sim
""",
    "fish": """\
complete -c sim -a '(sim complete -- (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
""",
}
"""What a shell reads to complete; each asks `sim complete`."""
SETTINGS = ("seed", "horizon", "replicate", "plugins", "decisions")
"""Keys of a run that are no group."""
WORDED = ("weights", "ideals", "opening")
"""Rows of an article in which a word stands for a number."""
NO_NUMBERS = ("classes", "conduct", "sources", "timeline", "levels", "number", "ends")
"""Keys of a scenario under which nothing is a number with a basis."""
SWEEPS = ("replicates", "until", "design", "samples", "common_chance", "assumptions", "trace")
"""Keys that `sim sweep` has beside them."""


def complete(words: Sequence[str], commands: Sequence[str]) -> Iterator[str]:
    """Yield what the last of some words may go on to, the command first."""
    *before, word = words or [""]
    if not before:
        yield from (name for name in commands if name.startswith(word))
        return
    found: Iterator[str] = iter(())
    if word.startswith("-") or before[-1] in ("--format", "--outcome"):
        found = _options(before[0], before[-1])
    elif before[-1] == "--seat":
        found = (key.partition("@")[2][:-1] for key in _overrides(before, "") if "@" in key)
    elif before[0] in ("run", "play", "sweep", "view"):
        found = _overrides(before, word)
    elif before[0] == "list":
        found = iter(GROUPS)
    elif before[0] == "completion":
        found = iter(SCRIPTS)
    elif before[0] == "scenario" and len(before) == 1:
        found = iter(("new", "import", "export", "check", "show", "schema"))
    elif before[0] == "scenario" and before[1] in ("show", "export"):
        found = iter(choices("scenario"))
    elif before[0] in ("report", "results"):
        found = (place.name for place in Path("results").glob("*") if place.is_dir())
    yield from dict.fromkeys(each for each in found if each.startswith(word))


def _options(command: str, before: str) -> Iterator[str]:
    import importlib

    from sim.commands import COMMANDS, Parser

    parser = Parser(prog="sim")
    subparsers = parser.add_subparsers(parser_class=Parser)
    if command in COMMANDS:
        importlib.import_module(f"sim.commands.{COMMANDS[command]}").add_parser(subparsers)
        chosen = subparsers.choices[command]
        yield from chosen.values_of(before) or sorted(chosen.flags())


def _overrides(before: Sequence[str], word: str) -> Iterator[str]:
    """Yield keys, or the choices of the group that a word names, several after commas."""
    own = next((b for a, b in pairwise(before) if a == "--config-dir"), None)
    key, sign, value = word.partition("=")
    if sign:
        given = value.rpartition(",")[0]
        start = f"{key}={given}," if given else f"{key}="
        yield from (f"{start}{name}" for name in choices(key.partition("@")[0], own))
        return
    scenario = next((w[9:] for w in reversed(before) if w.startswith("scenario=")), "")
    file = choices("scenario", own).get(scenario or "september_2024")
    for name in GROUPS.values():
        if name in BY_PARTY:
            yield from (f"{name}@{party}=" for party in _parties(file))
        elif name not in ("experiment", "executor") or before[0] == "sweep":
            yield f"{name}="
    yield from (f"{name}=" for name in (*SETTINGS, *(SWEEPS if before[0] == "sweep" else ())))
    if word.startswith("scenario.") and file is not None:
        yield from (f"{key}=" for key in _numbers(file))


def _parties(file: Path | None) -> list[str]:
    text = "" if file is None else file.read_text("utf-8")
    found = re.search(r"^parties: *\[(.*)\]", text, re.MULTILINE)
    base = re.search(r"^ *- (\w+) *$", text, re.MULTILINE)
    if not found and base and file is not None and base.group(1) != "_self_":
        return _parties(choices("scenario", str(file.parents[1])).get(base.group(1)))
    return [party.strip() for party in found.group(1).split(",")] if found else []


def _numbers(file: Path) -> Iterator[str]:
    """Yield the keys of the numbers of a scenario, with those of what it starts from.

    A file in the short form is not expanded, which would take too long, but read for its words.
    """
    plain = _with_bases(file)
    if "classes" in plain:
        wide = _yaml(Path(sim.config.__file__).with_name("assumed.yaml"))["numbers"]
        plain = _over(wide, plain) if isinstance(wide, dict) else plain
    homes = plain.get("homes")
    others = [plain.get("mediator"), plain.get("opposition")]
    others += [home.get("opposition") for home in homes.values()] if isinstance(homes, dict) else []
    ids = [other["id"] if isinstance(other, dict) else other for other in others]
    parties = _list(plain.get("parties"))
    yield from _leaves(
        plain, "scenario", parties, [*parties, *(str(i) for i in ids if i is not None)]
    )


def _with_bases(file: Path) -> dict[str, object]:
    plain = _yaml(file)
    known = choices("scenario", str(file.parents[1]))
    for base in _list(plain.get("defaults")):
        if base != "_self_" and base in known:
            plain = _over(_with_bases(known[base]), plain)
    return plain


def _list(raw: object) -> list[str]:
    return [str(part) for part in raw] if isinstance(raw, list) else []


def _yaml(file: Path) -> dict[str, object]:
    import yaml

    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    plain = yaml.load(file.read_text("utf-8"), loader)  # noqa: S506 - a safe loader
    return plain if isinstance(plain, dict) else {}


def _over(under: Mapping[str, object], over: Mapping[str, object]) -> dict[str, object]:
    """Return one mapping laid over another one, and so inside of it."""
    found: dict[str, object] = {**under, **over}
    for key, part in under.items():
        if isinstance(part, dict) and isinstance(own := over.get(key), dict):
            found[key] = _over(part, own)
    return found


def _leaves(
    node: object, path: str, parties: Sequence[str], everyone: Sequence[str]
) -> Iterator[str]:
    *_, part_of, last = ("", *path.split("."))
    figures = node if isinstance(node, list) and len(node) == 3 else [node]
    bare = all(isinstance(part, (int, float)) and part is not True for part in figures)
    worded = isinstance(node, str) and (part_of in WORDED or last == "position")
    if last in NO_NUMBERS:
        return
    if bare or worded or (isinstance(node, dict) and "value" in node):
        yield f"{path}.value"
    elif isinstance(node, list):
        for at, part in enumerate(node):
            yield from _leaves(part, f"{path}.{at}", parties, everyone)
    elif isinstance(node, dict):
        ids = everyone if "each_actor" in node or last in WORDED else parties
        for key, part in node.items():
            if key == "stakes":
                for actor, field in product(_named(part, everyone), WORDED[:2]):
                    yield f"{path}.{field}.{actor}.value"
            elif key in ("each", "each_party", "each_actor"):
                for actor in _named(node, ids):
                    yield from _leaves(part, f"{path}.{actor}", parties, everyone)
            else:
                yield from _leaves(part, f"{path}.{key}", parties, everyone)


def _named(row: Mapping[str, object], ids: Sequence[str]) -> list[str]:
    """Return those of a row, and where `each` stands in it the parties."""
    own = [key for key in row if not key.startswith("each")]
    both = [*own, *(party for party in ids if party not in own)] if len(own) < len(row) else own
    return [key for key in both if row.get(key, ...) is not None]
