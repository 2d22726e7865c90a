"""Small talks by hand: a record of week 0 to which single rules are put."""

from dataclasses import dataclass

import numpy as np

from sim.model.codes import Article, Move
from sim.model.records import ARTICLES, EVENT, EVENTS, STATE
from sim.model.rules.opening import begin
from sim.model.shocks import SHOCK
from sim.model.society import graph_pool, new_public, no_public
from sim.theory.minimal_talks import minimal_talks, quiet_tape, set_articles


@dataclass
class Week0:
    """Records as a rule gets them; the rule under test changes `state` and `events`."""

    params: np.record
    state: np.record
    shocks: np.ndarray
    publics: tuple
    events: np.ndarray

    @property
    def public(self):
        """The first party's citizens."""
        return self.publics[0]

    def moves(self, *kinds):
        """Return the moves written down, or those of some kinds."""
        written = [Move(int(e.move)) for e in self.events[: self.state.events]]
        return [m for m in written if not kinds or m in kinds]


def open_week(params, weeks=8, pool=None):
    """Return week 0 of talks in which nothing happens by chance."""
    citizens = int(params.citizens[0])
    tape = quiet_tape(weeks, citizens)
    own = new_public(citizens, pool or graph_pool("complete", 0, 0, 0.0, 0), 0)
    publics = (own, no_public())
    state = np.zeros(1, STATE).view(np.recarray)[0]
    begin(params, state, publics, *(part[0] for part in tape[1:]))
    state.channel_open = 1
    shocks = np.zeros(weeks, SHOCK).view(np.recarray)
    return Week0(params, state, shocks, publics, np.zeros(EVENTS, EVENT).view(np.recarray))


def closed_text(position=0.5, **changes):
    """Return talks over one article that is agreed at `position` when they begin."""
    params = minimal_talks(**changes)
    params.start_status[0] = Article.AGREED
    params.start_position[0] = position
    return params


def two_articles(**changes):
    """Return talks in which each side cares four times more for another of two articles."""
    params = minimal_talks(**changes)
    set_articles(params, [0.8, 0.2], [0.2, 0.8])
    return params


def add_demand(params, route, status, weight=0.0, k=0):
    """Add a precondition that the second side demands and the first delivers."""
    j = ARTICLES + k
    params.preconditions = max(int(params.preconditions), k + 1)
    params.demanded_by[k], params.delivered_by[k] = 1, 0
    params.route[k] = route
    params.start_status[j] = status
    params.levels[j] = 2
    params.ideal[0, j], params.ideal[1, j] = 0.0, 1.0
    params.weight[1, j] = weight
    params.lead_draft[k], params.lead_parliament[k], params.lead_referendum[k] = 3.0, 2.0, 1.0
    params.ready_week[k] = -1
    params.odds[k] = 0.5
