"""What an oracle is, how it is judged, and where its values were published."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

REFERENCES: Mapping[str, str] = {
    "Nash1950": "Nash (1950), The bargaining problem",
    "KalaiSmorodinsky1975": "Kalai and Smorodinsky (1975), Other solutions to Nash's problem",
    "Raiffa1982": "Raiffa (1982), The Art and Science of Negotiation, ch. 11",
    "Faratin1998": "Faratin, Sierra and Jennings (1998), Negotiation decision functions",
    "deJonge2022": "de Jonge (2022), the MiCRO benchmark strategy",
    "Chow1971": "Chow, Robbins and Siegmund (1971), Great Expectations, the monotone case",
    "LaxSebenius1986": "Lax and Sebenius (1986), ch. 5, hostage value, split by Nash (1950)",
    "Schelling1960": "Schelling (1960), ch. 2; Putnam (1988); Iida (1993)",
    "Article207": "Constitution of Armenia, referendum quorum: a quarter of all eligible",
    "Granovetter1978": "Granovetter (1978), Threshold models of collective behavior",
    "DeGroot1974": "DeGroot (1974), Reaching a consensus",
    "FriedkinJohnsen1990": "Friedkin and Johnsen (1990), Social influence and opinions",
    "HegselmannKrause2002": "Hegselmann and Krause (2002), Bounded confidence",
    "CompetingRisks": "two competing constant hazards, by geometric series",
    "Beardsley2006": "Beardsley, Quinn, Biswas and Wilkenfeld (2006), Mediation style",
    "Invariance": "symmetries that any bargaining model must have",
}
"""Publications by the key that tests are marked with."""

EXACT = 1e-9
"""Tolerance of a result that the rules compute in closed form."""


@dataclass(frozen=True)
class Oracle:
    """One published result."""

    name: str  # what is computed, with its parameters
    reference: str  # key of `REFERENCES`
    expected: tuple[float, ...]  # published or hand-computed values
    tolerance: float  # largest absolute difference allowed
    basis: str  # why the tolerance is what it is
    # plays the talks and returns what they came to, in the order of `expected`
    play: Callable[[], Sequence[float]]


@dataclass(frozen=True)
class Verdict:
    """What the rules gave for one oracle."""

    oracle: Oracle
    got: tuple[float, ...]

    @property
    def passed(self) -> bool:
        """Whether every value is within the tolerance."""
        pairs = zip(self.got, self.oracle.expected, strict=False)
        return len(self.got) == len(self.oracle.expected) and all(
            math.isfinite(got) and abs(got - wanted) <= self.oracle.tolerance
            for got, wanted in pairs
        )


def judge(oracle: Oracle) -> Verdict:
    """Play one oracle's talks and compare."""
    return Verdict(oracle, tuple(float(value) for value in oracle.play()))


def exact(
    name: str, reference: str, expected: Sequence[float], play: Callable[[], Sequence[float]]
) -> Oracle:
    """Return an oracle for a result that the rules give in closed form."""
    return Oracle(name, reference, tuple(expected), EXACT, "exact", play)


def sampled(
    name: str,
    reference: str,
    expected: float,
    deviation: float,
    runs: int,
    play: Callable[[], float],
) -> Oracle:
    """Return an oracle for a mean over `runs` runs: three standard errors are allowed.

    deviation: standard deviation of one run, from theory.
    """
    error = 3.0 * deviation / math.sqrt(runs)
    return Oracle(
        name,
        reference,
        (expected,),
        error + EXACT,
        f"3 standard errors, {runs} runs",
        lambda: (play(),),
    )
