"""How a rule is compiled: one decorator, so that all rules are compiled alike.

Strict floating point (no fast-math), NumPy's division, the interpreter lock released. With
``NUMBA_DISABLE_JIT=1`` every rule is the plain Python function that stands in the file.
"""

import numba as nb

rule = nb.njit(nogil=True, error_model="numpy")
"""Compile a rule of the talks; called by other rules only."""

entry_rule = nb.njit(nogil=True, error_model="numpy", cache=True)
"""Compile a rule that is called from Python, and keep the machine code on disk."""


@nb.njit("int64(int64)", nogil=True)
def number(constant: int) -> int:
    """Return `constant` as a plain number.

    numba compiles a function once more for each literal argument; a side that is written as
    0 or 1 in the code goes through here, so that its rules are compiled once for both.
    """
    return constant
