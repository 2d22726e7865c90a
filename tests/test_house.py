"""The house: eight rooms, arrows one way, and how large it may be. Drawn from the source."""

import ast
import importlib
import statistics
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "sim"
LEFT_OF = {
    "errors": set(),
    "model": {"errors"},
    "config": {"errors", "model"},
    "runs": {"errors", "model", "config"},
    "theory": {"errors", "model", "config", "runs"},
    "sweeps": {"errors", "model", "config", "runs"},
    "analysis": {"errors", "model", "config", "runs", "sweeps"},
    "view": {"errors", "model", "config", "runs", "sweeps"},
    "commands": {"errors", "model", "config", "runs", "theory", "sweeps", "analysis", "view"},
    "__main__": {"commands"},
}
"""What each room may import, beside itself."""


def modules() -> dict[str, Path]:
    """Return every module of the package with its file."""
    return {
        ".".join(("sim", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
            ".__init__"
        ): path
        for path in sorted(PACKAGE.rglob("*.py"))
    }


def imported(tree: ast.AST, names: set[str]) -> set[str]:
    """Return the modules that a tree imports anywhere: in functions and for types alone too."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in names else str(node.module))
    return found & names


def arrows() -> dict[str, set[str]]:
    """Return what each module imports of this package, itself left out."""
    files = modules()
    names = set(files)
    return {
        name: imported(ast.parse(path.read_text(encoding="utf-8")), names) - {name}
        for name, path in files.items()
    }


def room(name: str) -> str:
    """Return the room of a module; the package itself for its own file."""
    return name.split(".")[1] if "." in name else name


def circles(graph: dict[str, set[str]]) -> list[str]:
    """Return one circle of the graph as a chain of names, empty if there is none."""
    done: set[str] = set()

    def follow(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for further in sorted(graph[name]):
            if found := follow(further, [*path, name]):
                return found
        done.add(name)
        return []

    for name in sorted(graph):
        if found := follow(name, []):
            return found
    return []


def functions() -> list[int]:
    """Return the length in lines of every function, nested ones too."""
    return [
        (node.end_lineno or node.lineno) - node.lineno + 1
        for path in modules().values()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def test_rooms_are_those_of_the_plan() -> None:
    top = {path.stem if path.is_file() else path.name for path in PACKAGE.iterdir()}
    assert top - {"__pycache__", "py", "configs"} == {"__init__", *LEFT_OF}


def test_arrows_point_to_the_left_only() -> None:
    wrong = [
        f"{name} -> {target}"
        for name, targets in arrows().items()
        for target in targets
        if room(name) != "sim" and room(target) not in LEFT_OF[room(name)] | {room(name), "sim"}
    ]
    assert wrong == []


def test_imports_make_no_circle() -> None:
    graph = arrows()
    graph["sim"] = set()  # it names `sim.sweeps` for type checkers, and loads it when asked
    assert circles(graph) == []


def test_circles_are_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_an_arrow_to_the_right_would_be_seen() -> None:
    tree = ast.parse("def f():\n    from sim.view.session import Session\n")
    assert imported(tree, set(modules())) == {"sim.view.session"}
    assert "view" not in LEFT_OF["analysis"]


@pytest.mark.parametrize("path", modules().values(), ids=list(modules()))
def test_no_file_is_long(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 450


def test_size_of_the_whole() -> None:
    assert len(modules()) <= 150
    assert statistics.median(functions()) <= 12


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("sim.registry", "sim.model.plugins"),
        ("sim.records", "sim.model.records"),
        ("sim.rules.compiled", "sim.model.compiled"),
        ("sim.rules.clock", "sim.model.rules.calendar"),
        ("sim.rules.concession.time_dependent", "sim.model.rules.concession.time_dependent"),
    ],
)
def test_plugins_find_modules_by_their_names_of_before(before: str, now: str) -> None:
    assert importlib.import_module(before) is importlib.import_module(now)
    assert importlib.import_module(now).__spec__.name == now


def test_a_name_that_never_was_is_not_found() -> None:
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("sim.rules.never")
