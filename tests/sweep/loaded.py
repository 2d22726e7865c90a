"""For processes that are forked from here: the engine's machine code is loaded before the fork."""

from sim.config.compose import compose
from sim.runs.play import play_batch

play_batch([compose(["horizon=1", "public=none"])], range(1))
