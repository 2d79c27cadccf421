"""StudySpec: a whole analysis as one frozen specification, read from analysis.toml."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, field, fields
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

from mih_impact.controls.covariates import Term, parse_term
from mih_impact.controls.matching import Method, Order
from mih_impact.display.labels import Label
from mih_impact.effects.asked import Estimator
from mih_impact.effects.influence import StandardError
from mih_impact.errors import AssumptionError
from mih_impact.panel.cube import Dead
from mih_impact.panel.panel import Money

__all__ = ["AccountSpec", "ControlsSpec", "DataSpec", "EffectsSpec", "StudySpec"]


@dataclass(frozen=True)
class DataSpec:
    """Where the panel comes from: "example", a path or a glob; and how it is read."""

    source: str = "example"
    columns: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[Any, Any]] = field(default_factory=dict)
    money: Money = "nominal"
    price_year: int = 2024
    currency: str = "NOK"


@dataclass(frozen=True)
class ControlsSpec:
    """The options of `match`; lags are written "wage_income[-2]"."""

    on: tuple[str, ...] = ()
    exact: tuple[str, ...] = ()
    method: Method = "propensity"
    ratio: int = 5
    replace: bool = True
    caliper: float | None = 0.2
    order: Order = "largest"
    eligible: str | None = None
    score: Literal["pooled", "by_start_year"] = "pooled"
    seed: int | None = None

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms of `on`."""
        return tuple(parse_term(text) for text in self.on)


@dataclass(frozen=True)
class EffectsSpec:
    """The options of `event_study`."""

    outcomes: tuple[str, ...] | None = None
    estimator: Estimator = "did"
    base: int | tuple[int, ...] = -1
    window: tuple[int, int] = (-5, 6)
    se: StandardError = "auto"
    dead: Dead = "zero"
    level: float = 0.95
    seed: int = 2025


@dataclass(frozen=True)
class AccountSpec:
    """The preset, what is changed in it, the programme file, and the horizon."""

    preset: str = "r109"
    changes: dict[str, Any] = field(default_factory=dict)
    programme: str | None = None
    horizon: int = 7
    roles: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StudySpec:
    """A whole analysis: data, controls, effects, account.

    Attributes
    ----------
    name, label
        Short name, and the displayed one.
    data, controls, effects, account
        The options of each floor.
    folder
        Where relative paths of the specification start.
    """

    name: str
    label: Label
    data: DataSpec
    controls: ControlsSpec
    effects: EffectsSpec
    account: AccountSpec
    folder: Path | Traversable

    @classmethod
    def from_toml(cls, path: str | Path | Traversable) -> StudySpec:
        """Read a specification.

        Parameters
        ----------
        path
            An `analysis.toml`; relative paths in it start at its folder.

        Returns
        -------
        StudySpec

        Raises
        ------
        AssumptionError
            A section or key that does not exist; the nearest name is suggested.
        """
        file = Path(path) if isinstance(path, str) else path
        try:
            content = tomllib.loads(file.read_text(encoding="utf-8"))
        except (FileNotFoundError, tomllib.TOMLDecodeError) as error:
            raise AssumptionError(
                f"The analysis {file.name} cannot be read", found=str(error), do="give a TOML file"
            ) from None
        sections = {
            "data": DataSpec,
            "controls": ControlsSpec,
            "effects": EffectsSpec,
            "account": AccountSpec,
        }
        _require_keys(content, {"name", "label", *sections}, file.name)
        built = {
            name: _section(kind, content.get(name, {}), name) for name, kind in sections.items()
        }
        folder = file.parent if isinstance(file, Path) else _parent(file)
        name = content.get("name", "analysis")
        label = Label(**content["label"]) if "label" in content else Label(nb=name, en=name)
        return cls(name=name, label=label, folder=folder, **built)


def _parent(file: Traversable) -> Traversable:
    """Return the folder of a packaged file; on disk that is its parent."""
    return Path(str(file)).parent


def _section(kind: type[Any], given: dict[str, Any], section: str) -> Any:
    """Build one section, lists made tuples."""
    _require_keys(given, {f.name for f in fields(kind)}, f"[{section}]")
    return kind(
        **{key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
    )


def _require_keys(given: dict[str, Any], known: set[str], where: str) -> None:
    """Raise on a key that does not exist."""
    unknown = [key for key in given if key not in known]
    if unknown:
        near = difflib.get_close_matches(unknown[0], sorted(known), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise AssumptionError(
            f"{where} has a key that does not exist",
            found=", ".join(unknown),
            do=f"use {', '.join(sorted(known))}{hint}",
        )
