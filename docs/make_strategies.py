"""Write what comes from the registry: docs/strategies.md, and the presets in configs."""

import sys
import textwrap
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sim.config.settings import CHOICES
from sim.model.plugins import KINDS, Plugin, Preset, registry

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "strategies.md"

HEAD = """# Strategies, acceptance conditions and opponent models

Every plug-in that comes with the package, with its source. `sim strategies` prints the same, and
`sim strategies --plot curves.svg` draws the concession strategies against scripted opponents. To
add one of your own, see [Write a strategy](how-to/write-a-strategy.md). This page is made from the
registry by `docs/make_strategies.py`.

Demands are shares of the talks: 1 is the own ideal on every open issue, 0 the other side's. In
this project an exponent `beta` below 1 concedes late (Boulware) and above 1 early (Conceder).
"""

TITLES = {
    "concession": "Concession strategies",
    "acceptance": "Acceptance conditions",
    "opponent_model": "Opponent models",
}


def section(entry: Plugin) -> str:
    """Return the part of the page about one plug-in."""
    file = Path(entry.source_file).resolve().relative_to(ROOT)
    lines = [
        f"### `{entry.name}`",
        "",
        entry.summary,
        "",
        f"- Family: {entry.family}",
        f"- Reference: {entry.reference}",
        f"- Uses: {', '.join(entry.uses) or 'nothing but the preferences'}",
        f"- Code: `{file.as_posix()}`",
    ]
    if entry.parameters:
        lines += ["", "| parameter | default | range | unit | meaning |", "|---|---|---|---|---|"]
        lines += [
            f"| `{p.name}` | {p.default:g} | {p.low:g} to {p.high:g} | {p.unit} | {p.meaning} |"
            for p in entry.parameters
        ]
    return "\n".join(lines)


def page() -> str:
    """Return the page."""
    parts = [HEAD]
    for kind in KINDS:
        parts.append(f"## {TITLES[kind]}\n")
        parts += [section(entry) + "\n" for entry in registry().of(kind)]
    return "\n".join(parts)


def preset_file(group: str, entry: Plugin, preset: Preset) -> str:
    """Return the text of one preset."""
    values = {p.name: preset.values.get(p.name, p.default) for p in entry.parameters}
    stated = "".join(f", {name}: {value:g}" for name, value in values.items())
    comment = textwrap.fill(
        f"{preset.says} {entry.reference}.", 98, initial_indent="# ", subsequent_indent="# "
    )
    return f"{comment}\n{group}: {{name: {entry.name}{stated}}}\n"


def presets() -> dict[Path, str]:
    """Return the text of every preset by its file."""
    return {
        ROOT / "configs" / group / f"{preset.name}.yaml": preset_file(group, entry, preset)
        for group, kind in CHOICES.items()
        for entry in registry().of(kind)
        for preset in entry.presets or (Preset(entry.name, entry.summary),)
    }


if __name__ == "__main__":
    for file, text in presets().items():
        file.write_text(text, encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")
