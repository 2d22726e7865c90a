"""A trivial Mesa model as a yardstick: 4 agents x 16 articles x 100 steps.

It decides nothing that matters: each agent drafts between its ideal and the mean of the others'
drafts, and an article counts as closed where all drafts lie near each other. What it costs is
what any Mesa model of four agents with a little array arithmetic costs.
"""

import mesa
import numpy as np

AGENTS = 4
ARTICLES = 16
STEPS = 100
TOLERANCE = 0.05


class Drafter(mesa.Agent):
    """An agent with weights, ideals and a standing draft over the articles."""

    def __init__(self, model: "Toy") -> None:
        """Draw weights and ideals; the first draft is the ideal."""
        super().__init__(model)
        self.ideal = model.draws.random(ARTICLES)
        weight = model.draws.random(ARTICLES)
        self.weight = weight / weight.sum()
        self.yielding = 1.0 - weight / weight.max()
        self.draft = self.ideal.copy()
        self.utility = 1.0

    def step(self) -> None:
        """Move the draft towards the others' mean, by time and by what an article is worth."""
        others = (self.model.total - self.draft) / (AGENTS - 1)
        self.draft = self.ideal + self.model.clock * self.yielding * (others - self.ideal)
        self.utility = 1.0 - float(self.weight @ abs(self.draft - self.ideal))


class Toy(mesa.Model):
    """Four drafters and a data collector with three model reporters.

    Parameters
    ----------
    seed : int
    agent_reporter : bool
        Collect each agent's utility as well.
    """

    def __init__(self, seed: int, agent_reporter: bool) -> None:
        """Create the agents and collect the opening state."""
        super().__init__(rng=seed)
        self.draws = np.random.default_rng(seed)
        self.tick = 0
        self.clock = 0.0
        for _ in range(AGENTS):
            Drafter(self)
        self.drafts = np.array([a.draft for a in self.agents])
        self.total = self.drafts.sum(axis=0)
        self.datacollector = mesa.DataCollector(
            model_reporters={
                "closed": Toy.closed,
                "welfare": lambda m: sum(a.utility for a in m.agents),
                "least": lambda m: min(a.utility for a in m.agents),
            },
            agent_reporters={"utility": "utility"} if agent_reporter else None,
        )
        self.datacollector.collect(self)

    def closed(self) -> int:
        """Return the number of articles on which all drafts lie near each other."""
        spread = self.drafts.max(axis=0) - self.drafts.min(axis=0)
        return int((spread <= TOLERANCE).sum())

    def step(self) -> None:
        """Let every agent redraft and collect."""
        self.tick += 1
        self.clock = self.tick / STEPS
        self.agents.do("step")
        self.drafts = np.array([a.draft for a in self.agents])
        self.total = self.drafts.sum(axis=0)
        self.datacollector.collect(self)


def play_toys(runs: int, agent_reporter: bool = True) -> None:
    """Play `runs` toys of `STEPS` steps, one after the other."""
    for seed in range(runs):
        toy = Toy(seed, agent_reporter)
        for _ in range(STEPS):
            toy.step()
