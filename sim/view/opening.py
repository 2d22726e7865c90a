"""What an address opens: its values, set one after another over those it starts from."""

from collections.abc import Mapping

from sim.errors import SimError
from sim.view.choices import Choices, Start, settings_of
from sim.view.controls import State
from sim.view.watch import Watch


def usable(start: Start, base: Choices, values: Mapping[str, str]) -> tuple[State, list[str]]:
    """Return the state that an address asks for, and what is wrong with it, one line each.

    A value that cannot be used is left out; the others hold.

    Parameters
    ----------
    start : Start
        Of the server.
    base : Choices
        What holds where the address says nothing.
    values : mapping
        Of the address; an empty one takes back what `base` sets.

    Raises
    ------
    ConfigError
        If `base` cannot be used itself.
    """
    whole = base.over(values)
    try:
        return State(whole, settings_of(start, whole)), []
    except SimError:
        kept, problems = State(base, settings_of(start, base)), []
    for key, value in values.items():
        more = kept.choices.over({key: value})
        try:
            kept = State(more, settings_of(start, more))
        except SimError as error:
            problems += str(error).splitlines()
    return kept, problems


def opened(state: State) -> Watch:
    """Return a new run at its opening.

    Raises
    ------
    SimError
        If the rules raise before the first week.
    """
    try:
        return Watch(state.settings)
    except SimError:
        raise
    except Exception as error:
        raise SimError(
            f"at the opening the rules raised {type(error).__name__}: {error}"
        ) from error


def address_values(base: Choices, choices: Choices) -> dict[str, str]:
    """Return the values of the address that opens given choices again.

    Of a stored run's settings it names what has changed, of others all. What `base` sets and the
    choices do not stands there without a value.
    """
    values = dict(choices.values)
    if choices.cell is not None:
        values = {k: v for k, v in values.items() if base.values.get(k) != v}
        values |= {key: choices.values[key] for key in ("seed", "replicate")}
    gone = [key for key in base.over(values).values if key not in choices.values]
    return values | dict.fromkeys(gone, "")
