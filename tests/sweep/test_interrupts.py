"""Several Ctrl-C in a row."""

import os
import signal

import pytest

from sim.sweeps.execute import STOPS, first_interrupt_only


def interrupted_three_times() -> None:
    with first_interrupt_only():
        try:
            os.kill(os.getpid(), signal.SIGINT)
        finally:
            # While what is being played is finished, and afterwards.
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)


def test_first_interrupt_only() -> None:
    before = {each: signal.getsignal(each) for each in STOPS}
    try:
        with pytest.raises(KeyboardInterrupt):
            interrupted_three_times()
        os.kill(os.getpid(), signal.SIGINT)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def test_undisturbed_nothing_changes() -> None:
    before = signal.getsignal(signal.SIGINT)
    with first_interrupt_only():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before


def test_after_an_error_it_is_as_before() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ValueError, match="wrong"), first_interrupt_only():
        raise ValueError("wrong")
    assert signal.getsignal(signal.SIGINT) == before


def test_what_is_ignored_from_the_start_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with first_interrupt_only():
            os.kill(os.getpid(), signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
