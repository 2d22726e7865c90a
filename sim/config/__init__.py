"""Where the shipped YAML configuration stands."""

from pathlib import Path


def config_folder() -> Path:
    """Return the folder with the shipped configuration groups.

    An installed wheel carries them inside the package, as ``sim/configs``; a checkout keeps them
    at its top, as ``configs``.

    Returns absolute path of an existing folder.
    Raises FileNotFoundError if neither folder exists, which means that the installation is damaged.
    """
    package = Path(__file__).resolve().parents[1]
    candidates = (package / "configs", package.parent / "configs")
    for folder in candidates:
        if folder.is_dir():
            return folder
    looked_in = " or ".join(str(folder) for folder in candidates)
    raise FileNotFoundError(f"the configuration folder is missing: looked in {looked_in}")
