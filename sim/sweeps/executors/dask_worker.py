"""What each Dask worker of our own cluster does at its start; Dask calls `dask_setup`."""

import signal


def dask_setup(worker: object) -> None:
    """Leave Ctrl-C, which a terminal sends to all processes, to the sweep: it stops the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
