"""A phase of a programme: who gets to it, and when."""

from __future__ import annotations

from dataclasses import dataclass

from mih_impact.display.labels import Label
from mih_impact.economics.assumption import Assumption
from mih_impact.economics.checks import require_named
from mih_impact.economics.distribution import Distribution, Points
from mih_impact.reference.rows import Status
from mih_impact.storage import saveable

__all__ = ["Phase", "reach_assumption"]


@saveable("Phase")
@dataclass(frozen=True, kw_only=True)
class Phase:
    """One phase of a programme, such as twelve weeks of practice.

    Parameters
    ----------
    name
        Short name in English, unique within the programme.
    label
        The displayed name.
    when
        When it is, in words.
    reach
        Share of starters who get to it, from 0 to 1: only they cost what it costs.
    low, high
        The range of the reach.
    distribution, points
        What the reach is drawn from when assumptions vary; see `Assumption`.
    status, source
        How sure we are of the reach, and where it comes from.
    range_source
        Where the range comes from.

    Raises
    ------
    AssumptionError
        A reach that is no share, or a range that does not hold it.

    Examples
    --------
    >>> Phase(name="school", label=Label(nb="skole", en="school"), reach=0.85).reach
    0.85
    """

    name: str
    label: Label
    when: Label | None = None
    reach: float = 1.0
    low: float | None = None
    high: float | None = None
    distribution: Distribution = "fixed"
    points: Points = ()
    status: Status = "ASSUMED"
    source: str = ""
    range_source: str = ""

    def __post_init__(self) -> None:
        when = () if self.when is None else (self.when,)
        require_named("The phase", self.name, self.label, *when)
        _ = self.assumption  # raises on what it cannot be

    @property
    def assumption(self) -> Assumption:
        """The reach as an assumption of the account, named `reach:<phase>`."""
        return reach_assumption(
            self.name,
            self.label,
            self.reach,
            status=self.status,
            source=self.source,
            low=self.low,
            high=self.high,
            distribution=self.distribution,
            points=self.points,
            range_source=self.range_source,
        )


def reach_assumption(
    name: str,
    label: Label,
    reach: float,
    *,
    status: Status = "ASSUMED",
    source: str = "",
    low: float | None = None,
    high: float | None = None,
    distribution: Distribution = "fixed",
    points: Points = (),
    range_source: str = "",
) -> Assumption:
    """Return the share of starters who get to a phase, as an assumption."""
    named = Label(nb="andel som når fram til: {name}", en="share who get to: {name}")
    return Assumption(
        f"reach:{name}",
        reach,
        "share",
        status,
        source,
        low,
        high,
        named.format(name=label),
        distribution,
        points,
        range_source,
    )
