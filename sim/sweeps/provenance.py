"""What results come from: digests of the model's source and of plug-ins, versions, the commit."""

import hashlib
import json
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path


LIBRARIES = ("numpy", "numba", "networkx", "polars", "scipy", "hydra-core", "pydantic")
"""Libraries whose versions a plan states."""


PACKAGE = Path(__file__).parents[1]


def model_files() -> list[Path]:
    """Return the source files that decide what a run comes to."""
    names = (
        "codes",
        "records",
        "engine",
        "shocks",
        "society",
        "settings",
        "parameters",
        "outcomes",
        "trace",
        "sweeps/cell_settings",
        "sweeps/chance",
        "sweeps/play",
        "sweeps/variation",
    )
    files = [
        file for part in ("rules", "scenario") for file in sorted((PACKAGE / part).rglob("*.py"))
    ]
    return [*files, *(PACKAGE / f"{name}.py" for name in names)]


def model_digest() -> str:
    """Return a digest of the source files that decide what a run comes to."""
    found = hashlib.blake2b(digest_size=16)
    for file in model_files():
        found.update(file.relative_to(PACKAGE).as_posix().encode())
        found.update(file.read_bytes())
    return found.hexdigest()


def file_digest(file: Path) -> str:
    """Return the digest of one file."""
    return hashlib.blake2b(file.read_bytes(), digest_size=16).hexdigest()


def digest(content: object) -> str:
    """Return the digest of plain content."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def versions() -> dict[str, str]:
    """Return the versions that a result depends on."""
    found = {"sim": version("peace-talks-sim"), "python": platform.python_version()}
    return found | {name: version(name) for name in LIBRARIES}


def git_state() -> str:
    """Return the commit of this package's source, with ``+`` if it was changed."""
    source = Path(__file__).parents[2]
    if not (source / ".git").exists():
        return ""
    answers = []
    for command in (["rev-parse", "HEAD"], ["status", "--porcelain", "--", "sim", "configs"]):
        try:
            done = subprocess.run(
                ["git", "-C", str(source), *command],
                capture_output=True,
                text=True,
                timeout=10,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return ""
        answers.append(done.stdout.strip())
    return answers[0] + ("+" if answers[1] else "")
