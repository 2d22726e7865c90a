"""One run of the Mesa model that is watched: played on, gone back over, and what it showed."""

from sim.config.settings import Settings
from sim.errors import SimError
from sim.runs.mesa_model import NegotiationModel
from sim.runs.opening import RunRecord
from sim.runs.story import Line, tell_one
from sim.view.snapshot import Snapshot, take


class Watch:
    """A run and the week of it that is shown.

    Going back shows what was kept; going forth over weeks already played shows it again, and
    beyond the last of them the model plays on. A run whose rules raise cannot be played on; what
    it showed before can still be looked at.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.model = NegotiationModel(settings=settings, rng=settings.seed)
        self.failure = ""  # what the rules raised
        self.failed_week = -1  # the week in which they raised it
        self._told = 0
        self._snapshots = [take(self.model, self._new_lines())]
        self._at = 0

    @property
    def now(self) -> Snapshot:
        """The talks in the week that is shown."""
        return self._snapshots[self._at]

    @property
    def last(self) -> Snapshot:
        """The talks after the last week played."""
        return self._snapshots[-1]

    @property
    def shown(self) -> list[Snapshot]:
        """The talks from the opening to the week that is shown."""
        return self._snapshots[: self._at + 1]

    @property
    def played(self) -> int:
        """Weeks played so far, whatever week is shown."""
        return len(self._snapshots) - 1

    @property
    def over(self) -> bool:
        """True if no further week can be played."""
        return bool(self.failure) or not self.model.running

    @property
    def at_end(self) -> bool:
        """True if the week shown is the last there will be."""
        return self._at == self.played and self.over

    def go(self, played: int) -> None:
        """Show the talks after so many weeks, playing what is missing; as near as there is."""
        while self.played < played and not self.over:
            self._play()
        self._at = min(max(played, 0), self.played)

    def play_to_end(self) -> None:
        """Play all that is left and show the last week."""
        self.go(self.settings.horizon)

    def record(self) -> RunRecord:
        """Return what has been played, for the functions that tell and sum up runs."""
        return self.model.run_record()

    def close(self) -> None:
        """Let Mesa forget the model; Mesa 3.3 keeps a count of agents for every model it met."""
        ids = getattr(type(next(iter(self.model.agents))), "_ids", None)
        if isinstance(ids, dict):
            ids.pop(self.model, None)

    def _play(self) -> None:
        """Play one week; what a rule raises is kept and ends the run."""
        before = self.model.tick
        try:
            self.model.step()
        except SimError as error:
            self.failure = str(error)
        except Exception as error:  # noqa: BLE001 - a user's plug-in may raise anything; it is shown
            self.failure = f"in week {before} the rules raised {type(error).__name__}: {error}"
        if self.model.tick > before:
            self._snapshots.append(take(self.model, self._new_lines()))
        elif not self.failure:
            self.failure = f"week {before} was not played"
        if self.failure:
            self.failed_week = before

    def _new_lines(self) -> tuple[Line, ...]:
        """Return what was written down since the last call, in words."""
        talks = self.model.talks
        written = int(talks.state.events)
        lines = tuple(
            tell_one(event, self.settings) for event in talks.events[self._told : written]
        )
        self._told = written
        return lines
