"""The empty page and its scripts, served before Solara has been imported.

A browser takes most of a second to load the scripts, and Solara as long to be imported; this way
both happen at once. The page's HTML, which Solara makes from a template, is the same each time, so
it is kept on disk under a digest of everything that it is made of.
"""

import contextlib
import hashlib
import os
import sys
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

VIEW = Path(__file__).parent
MADE_BY = ("solara-server", "solara-ui", "solara-assets", "ipyvue", "ipyvuetify", "ipywidgets")
"""Distributions that the page depends on, beside the templates and styles of this package."""
IMMUTABLE = "public, max-age=31536000, immutable"
"""Scripts' addresses name a version or a digest of their content, so browsers may keep them."""


def script_folder() -> Path:
    """Return the folder with the installed scripts."""
    named = os.environ.get("SOLARA_ASSETS_PROXY_CACHE_DIR")
    return Path(named) if named else Path(sys.prefix) / "share" / "solara" / "cdn"


def folders() -> dict[str, list[Path]]:
    """Return which folders answer for which paths, the longest path first."""
    found = find_spec("solara")
    solara = Path(found.origin).parent / "server" if found and found.origin else VIEW
    return {
        "/static/assets/": [VIEW / "assets", solara / "assets"],
        "/static/": [solara / "static"],
        "/_solara/cdn/": [script_folder()],
        "/jupyter/nbextensions/": [Path(sys.prefix) / "share" / "jupyter" / "nbextensions"],
    }


def static_file(path: str, known: dict[str, list[Path]]) -> Path | None:
    """Return the file that a path of the page stands for, None if there is none.

    Parameters
    ----------
    path : str
        Of the address, without the query.
    known : dict
        Of `folders`.
    """
    for prefix, places in known.items():
        if not path.startswith(prefix):
            continue
        for place in places:
            file = (place / path.removeprefix(prefix)).resolve()
            if file.is_relative_to(place.resolve()) and file.is_file():
                return file
    return None


def kept_file() -> Path:
    """Return where the page's HTML is kept, or would be."""
    from sim.rules.compiled import cache_folder

    digest = hashlib.blake2b(digest_size=16)
    digest.update(" ".join([sys.prefix, *(version(name) for name in MADE_BY)]).encode())
    for file in sorted([*VIEW.glob("templates/*"), *VIEW.glob("assets/*")]):
        digest.update(file.name.encode())
        digest.update(file.read_bytes())
    return cache_folder() / "page" / f"{digest.hexdigest()}.html"


def keep(file: Path, html: bytes) -> None:
    """Keep the page's HTML in the place of older ones; a full disk is let be."""
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, suffix=".part", delete=False) as part:
            part.write(html)
        os.replace(part.name, file)
        for other in file.parent.glob("*.html"):
            if other != file:
                other.unlink(missing_ok=True)


def kept(file: Path) -> bytes | None:
    """Return the kept HTML, None if there is none that is whole."""
    try:
        html = file.read_bytes()
    except OSError:
        return None
    return html if html.rstrip().endswith(b"</html>") else None
