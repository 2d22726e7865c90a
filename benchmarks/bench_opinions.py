"""The public's loop beside the same loop in C, which is compiled here.

Both move the opinions of one public week after week on the same graph; that they come to the same
bits is checked before anything is timed. That a run leaves out the weeks of a public at rest is no
part of it. Without a C compiler the benchmark is left out and says so.
"""

import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import SkipTest

import numba as nb

from benchmarks.figures import Figure, best_of_rounds
from sim.config.compose import compose
from sim.model.codes import PublicRule
from sim.model.records import Params, Public
from sim.model.rules.domestic import set_anchors, update_opinions
from sim.runs.opening import open_run

SOURCE = Path(__file__).with_name("opinions.c")
FLAGS = ("-O3", "-shared", "-fPIC", "-ffp-contract=off")
"""Without fused multiplications, which round differently; the rules have none either."""
FAMILIES = ("small_world", "block_model", "scale_free")


def compiler() -> str:
    """Return the path of a C compiler; SkipTest without one, an error where all must be there."""
    for name in ("cc", "gcc", "clang"):
        if found := shutil.which(name):
            return found
    missing = "there is no C compiler (cc, gcc or clang) to compile the twin with"
    raise FileNotFoundError(missing) if os.environ.get("SIM_CI") else SkipTest(missing)


def twin(folder: Path) -> Callable[..., None]:
    """Compile the C function into a folder and return it."""
    library = folder / "opinions.so"
    subprocess.run([compiler(), *FLAGS, "-o", library, SOURCE], check=True)
    function: Any = ctypes.CDLL(str(library)).opinions
    function.restype = None
    return function  # type: ignore[no-any-return]


@nb.njit(nogil=True, error_model="numpy")
def by_rules(params: Params, public: Public, weeks: int) -> float:
    """Play the rule of the public so many weeks and return the mean opinion."""
    mean = 0.0
    for _ in range(weeks):
        mean, _ = update_opinions(params, public, 0)
    return mean


def by_twin(function: Callable[..., None], public: Public, weeks: int) -> float:
    """Play the C function so many weeks and return the mean opinion."""
    arrays = (public.start, public.tie, public.tie_weight, public.susceptibility, public.anchor)
    given = [ctypes.c_void_p(array.ctypes.data) for array in arrays]
    moved = [ctypes.c_void_p(a.ctypes.data) for a in (public.opinion, public.next_opinion)]
    size = ctypes.c_int64(len(public.opinion))
    mean = ctypes.c_double()
    function(ctypes.c_int64(weeks), size, *given, *moved, ctypes.byref(mean))
    return mean.value


def main(*, tiny: bool = False) -> list[Figure]:
    """Measure and return the table.

    Parameters
    ----------
    tiny : bool
        A few weeks, to show that the benchmark works.
    """
    rounds, weeks = (1, 5) if tiny else (15, 20_000)
    lines: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        function = twin(Path(folder))
        for family in FAMILIES:
            talks = open_run(compose([f"public.graph={family}"]))
            params, public = talks.params, talks.publics[0]
            if params.public_rule != PublicRule.FRIEDKIN_JOHNSEN:
                raise RuntimeError("the twin knows the default rule of the public alone")
            citizens = len(public.opinion)
            set_anchors(public, -0.1)
            alone = public._replace(opinion=public.opinion.copy())
            same = by_rules(params, public, 7) == by_twin(function, alone, 7)
            if not same or alone.opinion.tobytes() != public.opinion.tobytes():
                raise RuntimeError("the twin comes to other opinions than the rules")
            best = best_of_rounds(
                {
                    "rules": lambda p=params, q=public: by_rules(p, q, weeks),
                    "twin": lambda q=public: by_twin(function, q, weeks),
                },
                rounds,
            )
            note = f"{citizens} citizens, {len(public.tie)} ties, best of {rounds} x {weeks} weeks"
            lines.append(
                {
                    "what": f"opinions, {family}: rules / C twin",
                    "figure": best["rules"] / best["twin"],
                    "unit": "times as long",
                    "note": f"{note}; twin {1e9 * best['twin'] / weeks:.0f} ns a week",
                }
            )
    return lines
