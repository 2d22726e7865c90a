"""What every analysis returns: an object with a table and a picture."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import polars as pl

if TYPE_CHECKING:
    import altair as alt

    Chart: TypeAlias = alt.Chart | alt.LayerChart


@dataclass(frozen=True, eq=False, kw_only=True)
class Result(ABC):
    """One answer. Frozen; made by the functions of `sim.analysis`.

    Attributes
    ----------
    notes : tuple of str
        What a reader must know to read it rightly, one sentence each.
    """

    notes: tuple[str, ...] = ()

    @abstractmethod
    def to_frame(self) -> pl.DataFrame:
        """Return it as a table."""

    @abstractmethod
    def plot(self) -> "Chart":
        """Return it as a picture (Altair)."""
