"""StudySpec: a whole analysis as one frozen specification, read from analysis.toml."""

from __future__ import annotations

import difflib
import inspect
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, get_args

from mih_impact.controls.covariates import as_terms, parse_term
from mih_impact.controls.matching import match
from mih_impact.controls.weighting import WeightMethod, weight
from mih_impact.display.labels import Label
from mih_impact.effects.event_study import event_study
from mih_impact.effects.subgroups.bands import bands
from mih_impact.effects.subgroups.completers import completers
from mih_impact.errors import AssumptionError
from mih_impact.panel.panel import Money, Period

__all__ = ["AccountSpec", "DataSpec", "Step", "StudySpec"]


@dataclass(frozen=True)
class DataSpec:
    """Where the panel comes from: "example", a path or a glob; and how it is read."""

    source: str = "example"
    columns: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[Any, Any]] = field(default_factory=dict)
    money: Money = "nominal"
    price_year: int = 2024
    currency: str = "NOK"
    period: Period = "year"


@dataclass(frozen=True)
class Step:
    """A verb and its keyword arguments as the specification gives them.

    Attributes
    ----------
    verb
        `match`, `weight` or `event_study`.
    options
        Only those that were given; the verb's own defaults are the defaults.
    """

    verb: Callable[..., Any]
    options: Mapping[str, Any]

    @classmethod
    def read(cls, given: Mapping[str, Any], verb: Callable[..., Any], section: str) -> Step:
        """Check the names of options against the verb's; lists become tuples, lags terms."""
        parameters = inspect.signature(verb).parameters.values()
        _require_keys(given, {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}, section)
        options = {key: tuple(v) if isinstance(v, list) else v for key, v in given.items()}
        if "on" in options:
            options["on"] = tuple(parse_term(str(term)) for term in as_terms(options["on"]))
        if isinstance(by := options.get("by"), Mapping):
            options["by"] = _parts(by, section)
        return cls(verb, options)


def _parts(given: Mapping[str, Any], section: str) -> Any:
    """Return what `{ bands = ["age", 30, 40] }` or `{ completers = "finished" }` stands for."""
    _require_keys(given, {"bands", "completers"}, f"{section} by")
    if len(given) != 1:
        raise AssumptionError(
            f"{section} by splits the participants one way",
            found=", ".join(given) or "none",
            do='use one of bands = ["age", 30, 40] and completers = "finished"',
        )
    [(name, value)] = given.items()
    if name == "completers":
        return completers(str(value))
    column, *cuts = value
    return bands(parse_term(str(column)), *cuts)


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
    data, account
        How the panel is read, and how effects are valued.
    controls, effects
        The verb of each floor and its options; `method` says whether controls are matched or
        weighted. Lags are written "wage_income[-2]"; parts of the participants by = "county",
        { bands = ["age", 30, 40] } or { completers = "finished" }.
    folder
        Where relative paths of the specification start.
    """

    name: str
    label: Label
    data: DataSpec
    controls: Step
    effects: Step
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
        sections = {"data", "controls", "effects", "account"}
        _require_keys(content, {"name", "label", *sections}, file.name)
        controls = content.get("controls", {})
        verb = weight if controls.get("method") in get_args(WeightMethod) else match
        folder = file.parent if isinstance(file, Path) else _parent(file)
        name = content.get("name", "analysis")
        label = Label(**content["label"]) if "label" in content else Label(nb=name, en=name)
        return cls(
            name=name,
            label=label,
            data=_section(DataSpec, content.get("data", {}), "data"),
            controls=Step.read(controls, verb, "[controls]"),
            effects=Step.read(content.get("effects", {}), event_study, "[effects]"),
            account=_section(AccountSpec, content.get("account", {}), "account"),
            folder=folder,
        )


def _parent(file: Traversable) -> Traversable:
    """Return the folder of a packaged file; on disk that is its parent."""
    return Path(str(file)).parent


def _section(kind: type[Any], given: dict[str, Any], section: str) -> Any:
    """Build one section, lists made tuples."""
    _require_keys(given, {f.name for f in fields(kind)}, f"[{section}]")
    return kind(
        **{key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
    )


def _require_keys(given: Mapping[str, Any], known: set[str], where: str) -> None:
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
