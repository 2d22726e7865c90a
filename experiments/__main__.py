"""`python -m experiments NAME`: play a study and write its summary; without a name, list them."""

import argparse
import os
import sys
from collections.abc import Sequence

from experiments import study as studies
from experiments import summary
from experiments.playing import play
from sim.errors import SimError
from sim.sweeps.execute import reporter

INTERRUPTED = 130


def run(name: str, small: bool) -> str:
    """Play a study and return its summary."""
    study = studies.find(name)
    results = play(study, small, reporter())
    return summary.page(study, results, study.analyse(results))


def main(argv: Sequence[str] | None = None) -> int:
    """Run one study, or all, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m experiments", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a study; `all` for all of them")
    parser.add_argument("--small", action="store_true", help="in the size of the tests")
    args = parser.parse_args(argv)
    known = studies.names()
    if not args.names:
        for name in known:
            print(f"{name:24}{studies.find(name).title}")
        return 0
    try:
        for name in known if args.names == ["all"] else args.names:
            text = run(name, args.small)
            file = summary.file_of(studies.find(name), args.small)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            print(text.split(summary.TABLES)[0])
            print(f"summary: {file.relative_to(summary.FOLDER.parent)}")
    except SimError as error:
        for line in str(error).splitlines():
            print(f"experiments: {line}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("experiments: interrupted; the same command goes on from here", file=sys.stderr)
        return INTERRUPTED
    pages = {n: summary.file_of(studies.find(n), False) for n in known}
    if not args.small and all(page.exists() for page in pages.values()):
        texts = {name: page.read_text("utf-8") for name, page in pages.items()}
        summary.README.write_text(summary.list_of_studies(texts), encoding="utf-8")
    return 0


if __name__ == "__main__":
    os.environ["SIM_LEAN_RULES"] = "1"  # before numba is imported; workers inherit it
    sys.exit(main())
