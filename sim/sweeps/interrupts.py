"""Ctrl-C, heard once: what is being played is then finished and stored undisturbed."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def heard_once() -> Iterator[None]:
    """Let the first Ctrl-C raise `KeyboardInterrupt`, and ignore those that follow it.

    After a Ctrl-C the signal stays ignored, so that the last lines are told too. Outside the
    main thread nothing changes, nor where the signal is ignored from the start, as it is for a job
    in the background of a script.
    """
    apart = threading.current_thread() is not threading.main_thread()
    if apart or signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        yield
        return
    before = signal.signal(signal.SIGINT, _stop)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is _stop:
            signal.signal(signal.SIGINT, before)


def _stop(number: int, frame: FrameType | None) -> None:
    """Stop the sweep, and hear no more.

    Raises
    ------
    KeyboardInterrupt
        Always.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt
