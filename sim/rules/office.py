"""What a signature does for the government in office."""

from sim.records import Params, State
from sim.rules.compiled import rule


@rule
def office_effect(params: Params, state: State, side: int) -> float:
    """Return what a signature does for the government in office, in utility.

    The believed gain of a paper, plus what public support for a treaty adds or takes away. Only
    the party whose domestic politics is modelled looks at the public.
    """
    gain = params.survival_gain[side]
    if side == params.home:
        gain += params.signing_gain * (state.opinion - 0.5)
    return params.office_value[side] * gain
