"""What a negotiation is, and how one is read from YAML."""

from sim.scenario.conduct import (
    Belief,
    Channel,
    Dated,
    Drafts,
    Happened,
    Incidents,
    Mediation,
    Unilateral,
)
from sim.scenario.home import Constitution, Lapse, Politics, PublicOpinion, Ratification
from sim.scenario.building import build_scenario
from sim.scenario.loading import check_file, load_scenario
from sim.scenario.model import PREAMBLE, Actor, Mediator, Opposition, Scenario, Source
from sim.scenario.number import Number
from sim.scenario.text import LeadWeeks, Precondition, Provision

__all__ = [
    "PREAMBLE",
    "Actor",
    "Belief",
    "Channel",
    "Constitution",
    "Dated",
    "Drafts",
    "Happened",
    "Incidents",
    "Lapse",
    "LeadWeeks",
    "Mediation",
    "Mediator",
    "Number",
    "Opposition",
    "Politics",
    "Precondition",
    "Provision",
    "PublicOpinion",
    "Ratification",
    "Scenario",
    "Source",
    "Unilateral",
    "build_scenario",
    "check_file",
    "load_scenario",
]
