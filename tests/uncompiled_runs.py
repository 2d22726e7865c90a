"""Prints a digest of each random run; `tests/test_uncompiled.py` starts it without compilation."""

import hashlib
import sys

from tests.random_talks import play_in_engine, random_case
from tests.test_equivalence import play_in_mesa

LONGEST = 16
"""Weeks; the plain rules are some hundred times slower than the compiled ones."""


def digest(seed):
    """Return a digest of history and events of one set of random talks, by one driver or other."""
    play = play_in_mesa if seed % 3 == 0 else play_in_engine
    history, events = play(random_case(seed, LONGEST))
    return hashlib.sha256(history.tobytes() + events.tobytes()).hexdigest()


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        sys.stdout.write(digest(int(argument)) + "\n")
