"""Compositions kept on disk: Hydra takes longer to compose than the page may take to open.

A kept composition is the plain mapping that Hydra made of some overrides, as JSON, under a digest
of everything that it was made of: every configuration file's name and content, the overrides,
and the versions of Hydra, OmegaConf and this package. It is validated anew each time it is used.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from sim.config import config_folder

MOST = 200
"""Compositions that are kept, the newest first."""
MADE_BY = ("hydra-core", "omegaconf", "peace-talks-sim")


def folders(config_dir: str | None) -> list[Path]:
    """Return the folders that are searched for configurations, the user's own first."""
    own = [] if config_dir is None else [Path(config_dir).expanduser().resolve()]
    return [*own, config_folder()]


def kept_file(overrides: Sequence[str], config_name: str, config_dir: str | None) -> Path:
    """Return where a composition is kept, or would be."""
    from sim.model.compiled import cache_folder

    found = hashlib.blake2b(digest_size=16)
    told = [*overrides, config_name, *(f"{name} {version(name)}" for name in MADE_BY)]
    found.update(json.dumps(told).encode())
    for folder in folders(config_dir):
        # A folder that is not there is no empty folder: composing it will say so.
        found.update(b"folder" if folder.is_dir() else b"missing")
        for file in sorted(folder.rglob("*.yaml")):
            found.update(file.relative_to(folder).as_posix().encode())
            found.update(file.read_bytes())
    return cache_folder() / "compositions" / f"{found.hexdigest()}.json"


def read(file: Path) -> dict[str, object] | None:
    """Return a kept composition, None if there is none that can be read."""
    try:
        content = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def keep(file: Path, plain: dict[str, object]) -> None:
    """Keep a composition; one that JSON would change, or a disk that is full, is let be."""
    text = json.dumps(plain)
    if json.loads(text) != plain:
        return
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=file.parent, suffix=".part", delete=False
        ) as part:
            part.write(text)
        os.replace(part.name, file)
        _prune(file.parent)


def _prune(folder: Path) -> None:
    """Remove the oldest compositions beyond `MOST`; losing a race is no harm."""
    files = sorted(folder.glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[MOST:]:
        file.unlink(missing_ok=True)
