"""What is kept on disk from one start to the next: compositions, and the HTML of the empty page.

Hydra takes longer to compose than the page may take to open, and Solara longer to be imported. A
file is named by a digest of everything that its content was made of, so what is out of date is
never found. If the disk is full nothing is kept, and the next start takes longer.
"""

import contextlib
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

from sim.config import config_folder

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
    from sim.model.compiled import cache_folder

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
