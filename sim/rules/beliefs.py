"""Phase 10: each side updates its belief about the other's unilateral concessions."""

from sim.codes import TREATY
from sim.records import State
from sim.rules.compiled import entry_rule


@entry_rule
def update(state: State, actor: int) -> None:
    """Count this week for or against a concession by the other (Beta-Bernoulli)."""
    if state.status >= TREATY.SIGNED_FULL:
        return
    if state.conceded_now[1 - actor]:
        state.belief_a[actor] += 1.0
    else:
        state.belief_b[actor] += 1.0
