"""StudySpec: a whole analysis as one frozen specification, read from analysis.toml."""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, get_args

import numpy as np

from mih_impact import arguments
from mih_impact.account.values import PRESETS
from mih_impact.arguments import nearest
from mih_impact.controls.card import METHODS
from mih_impact.controls.choose import match, weight
from mih_impact.controls.cut import Completers, Cut, completers, cut
from mih_impact.controls.options import WeightMethod
from mih_impact.controls.terms import Lag, as_terms, parse_term, term_label
from mih_impact.display.locale import Label, Lang, both, language, listed
from mih_impact.display.numbers import number
from mih_impact.effects.event_study import event_study
from mih_impact.errors import AssumptionError
from mih_impact.panel.contract import label_of
from mih_impact.panel.names import NULL
from mih_impact.panel.panel import Money, Period
from mih_impact.reference.prices import PriceIndex
from mih_impact.storage import write_whole
from mih_impact.study.account import AccountSpec
from mih_impact.study.toml_files import file_of, read_label, require_keys

__all__ = [
    "AccountSpec",
    "DataSpec",
    "OutputsSpec",
    "Step",
    "StudySpec",
    "chosen",
    "spec_text",
]


def spec_text(spec: StudySpec) -> str:
    """Return the text of a specification; what has its default is left out.

    Raises
    ------
    AssumptionError
        An option is an object that no text can stand for, such as an expression.
    """
    import tomli_w

    content: dict[str, Any] = {
        "name": spec.name,
        "label": spec.label.texts(),
        "data": _given(spec.data, "data"),
        "controls": _step(spec.controls, "controls"),
        "effects": _step(spec.effects, "effects"),
        "account": _given(spec.account, "account"),
    }
    if spec.outputs is not None:
        content["outputs"] = _given(spec.outputs, "outputs")
    return tomli_w.dumps(content)


def _given(section: Any, where: str) -> dict[str, Any]:
    """Return the fields of a section that do not have their default."""
    default = type(section)()
    return {
        field.name: _plain(value, f"[{where}] {field.name}")
        for field in fields(section)
        if (value := getattr(section, field.name)) != getattr(default, field.name)
    }


def _step(step: Step, where: str) -> dict[str, Any]:
    """Return the options of a verb; the method names the verb."""
    named = {"method": "entropy"} if step.verb is weight else {}
    options = {**named, **step.options}
    return {
        key: _plain(value, f"[{where}] {key}")
        for key, value in options.items()
        if value is not None
    }


def _plain(value: Any, where: str) -> Any:
    """Return a value as TOML has it."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Lag):
        return str(value)
    if isinstance(value, Cut):
        return {"cut": [str(value.column), *value.bounds]}
    if isinstance(value, Completers):
        return {"completers": value.column}
    if isinstance(value, (list, tuple)):
        return [_plain(part, where) for part in value]
    if isinstance(value, Mapping) and all(isinstance(key, (int, str)) for key in value):
        return {
            str(key): NULL if part is None else _plain(part, where) for key, part in value.items()
        }
    raise AssumptionError(
        f"{where} cannot be written as text",
        found=f"a {type(value).__name__}",
        do="make a column of it in the panel, and give its name",
    )


@dataclass(frozen=True)
class DataSpec:
    """Where the panel comes from: "example", a path or a glob; and how it is read.

    `index` is a whole price index of its own, by year; `kpi` adds years to the shipped one, of
    which one is in it. A unit is a name, or the parts of a `Unit`: units = { fte = { name = "fte",
    months = "mean" } }. In values "null" is no value, and { list = "county", year = 2024 } a list
    of `mih.codes`. What else there is says what it says in `read_panel`.
    """

    source: str = "example"
    columns: dict[str, str] = field(default_factory=dict)
    values: dict[str, dict[Any, Any]] = field(default_factory=dict)
    units: dict[str, str | dict[str, Any]] = field(default_factory=dict)
    money: Money = "nominal"
    price_year: int = 2024
    currency: str = "NOK"
    period: Period = "year"
    decimal: str | dict[str, str] | None = None
    thousands: str | dict[str, str] | None = None
    codes: tuple[str, ...] = ()
    weights: str | None = None
    index: dict[str, float] | None = None
    kpi: dict[str, float] | None = None

    def price_index(self) -> PriceIndex | None:
        """Return the price index that the file gives; None stands for the shipped one."""
        if self.index is not None and self.kpi is not None:
            raise AssumptionError(
                "[data] has two price indices",
                found="both index and kpi",
                do="give a whole series as index, or years to add to the shipped one as kpi",
            )
        if self.index is not None:
            return PriceIndex.from_mapping(_by_year(self.index, "index"))
        if self.kpi is not None:
            return PriceIndex.kpi().extended(_by_year(self.kpi, "kpi"))
        return None

    def beyond_example(self) -> list[str]:
        """Return what is said of a file, which the example, that is read already, cannot take."""
        plain = DataSpec(price_year=self.price_year)
        return [f.name for f in fields(self) if getattr(self, f.name) != getattr(plain, f.name)]


def _by_year(given: Any, key: str) -> dict[int, float]:
    """Return an index whose years are keys of a table, which are text."""
    _require_table(given, f"[data] {key}")
    wrong = [year for year in given if not str(year).isdecimal()]
    if wrong:
        raise AssumptionError(
            f"[data] {key} has a key that is not a year",
            found=arguments.shown(wrong[0]),
            do=f"write {key} = {{ 2023 = 129.6, 2024 = 133.6 }}",
        )
    return {int(year): value for year, value in given.items()}


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
        require_keys(given, {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}, section)
        options = {key: tuple(v) if isinstance(v, list) else v for key, v in given.items()}
        if "on" in options:
            options["on"] = tuple(parse_term(str(term)) for term in as_terms(options["on"]))
        target = options.get("eligible", "")
        if not isinstance(target, str) or "col(" in target:
            raise AssumptionError(
                f"{section} eligible is more than the name of a column",
                found=arguments.shown(target),
                do="in a file only the name of a true/false column of the panel: expressions are "
                "Python's, as in mih.build_panel(..., eligible=...)",
            )
        if isinstance(by := options.get("by"), Mapping):
            options["by"] = _parts(by, section)
        return cls(verb, options)


def _parts(given: Mapping[str, Any], section: str) -> Any:
    """Return what `{ cut = ["age", 30, 40] }` or `{ completers = "finished" }` stands for."""
    require_keys(given, {"completers", "cut"}, f"{section} by")
    if len(given) != 1:
        raise AssumptionError(
            f"{section} by splits the participants one way",
            found=", ".join(given) or "none",
            do='use one of cut = ["age", 30, 40] and completers = "finished"',
        )
    [(name, value)] = given.items()
    if name == "completers":
        return completers(str(value))
    column, *bounds = value
    return cut(parse_term(str(column)), *bounds)


#: What can be written, by the key of `[outputs]` that chooses among it.
_OUTPUTS = {
    "tables": ("who_is_compared", "attrition", "effects", "account"),
    "figures": ("effects", "levels", "present_value", "actors", "balance"),
    "sheet": ("toml", "csv", "xlsx"),
}


@dataclass(frozen=True)
class OutputsSpec:
    """What is written when a study is run.

    Attributes
    ----------
    folder
        Where, relative to the analysis; made if it is not there.
    lang
        Language of what is written; the option in force if not given.
    tables
        True for all, or names: who_is_compared, attrition, effects, account.
    figures
        True for all, or names: effects, levels, present_value, actors, balance.
    sheet
        Formats of the assumptions sheet: toml, csv, xlsx.
    save
        File for the whole result (.zip), in the folder; not saved if not given.
    """

    folder: str = "out"
    lang: Lang | None = None
    tables: bool | tuple[str, ...] = False
    figures: bool | tuple[str, ...] = False
    sheet: str | tuple[str, ...] = ()
    save: str | None = None

    def __post_init__(self) -> None:
        language(self.lang)
        for key in _OUTPUTS:
            chosen(key, getattr(self, key))
        for name in ("folder", "save"):
            value = getattr(self, name)
            if not (isinstance(value, str) and value) and not (name == "save" and value is None):
                raise AssumptionError(
                    f"[outputs] {name} takes a path",
                    found=arguments.shown(value),
                    do="write a text",
                )
        if self.save is not None and not self.save.endswith(".zip"):
            raise AssumptionError(
                "[outputs] save is a file that ends in .zip",
                found=repr(self.save),
                do='write save = "result.zip"',
            )


def chosen(key: str, given: bool | str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the names chosen by `key`: all, none, or some; raise on one that does not exist."""
    known = _OUTPUTS[key]
    if isinstance(given, bool):
        return known if given else ()
    names = arguments.names(f"[outputs] {key}", given) if given else ()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise AssumptionError(
            f"[outputs] {key} names what does not exist",
            found=", ".join(unknown),
            do=f"use {', '.join(known)}{nearest(unknown[0], known)}",
        )
    return names


@dataclass(frozen=True)
class StudySpec:
    """A whole analysis: data, controls, effects, account.

    Attributes
    ----------
    name, label
        Short name, and the displayed one.
    data, account
        How the panel is read, and how effects are valued; see `DataSpec` and `AccountSpec`.
    controls, effects
        The verb of each floor and its options; `method` says whether controls are matched or
        weighted. Lags are written "wage_income[-2]"; parts of the participants by = "county",
        { cut = ["age", 30, 40] } or { completers = "finished" }.
    folder
        Where relative paths of the specification start.
    outputs
        What `run_study` writes; None writes nothing.

    Examples
    --------
    >>> import mih_impact as mih
    >>> spec = mih.nav.analysis()
    >>> StudySpec.from_text(spec.to_toml(), folder=spec.folder) == spec
    True
    """

    name: str
    label: Label
    data: DataSpec
    controls: Step
    effects: Step
    account: AccountSpec
    folder: Path | Traversable
    outputs: OutputsSpec | None = None

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
        file = file_of(path)
        try:
            text = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise AssumptionError(
                f"The analysis {file.name} cannot be read",
                found=error.strerror if isinstance(error, OSError) else str(error),
                do="give a TOML file; mih-impact init writes one to start from",
            ) from None
        folder = file.parent if isinstance(file, Path) else _parent(file)
        return cls.from_text(text, folder=folder, name=file.name)

    @classmethod
    def from_text(
        cls, text: str, *, folder: str | Path | Traversable = ".", name: str = "analysis"
    ) -> StudySpec:
        """Read a specification from text, such as a result carries.

        Parameters
        ----------
        text
            What an `analysis.toml` holds.
        folder
            Where relative paths in it start.
        name
            What to call it in messages.

        Raises
        ------
        AssumptionError
            As `from_toml`.
        """
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise AssumptionError(
                f"The analysis {name} cannot be read", found=str(error), do="give a TOML file"
            ) from None
        sections = {"data", "controls", "effects", "account", "outputs"}
        require_keys(content, {"name", "label", *sections}, name)
        for section in sections & set(content):
            _require_table(content[section], f"[{section}]")
        controls = content.get("controls", {})
        verb = weight if controls.get("method") in get_args(WeightMethod) else match
        title = content.get("name", "analysis")
        return cls(
            name=title,
            label=read_label(content.get("label", title), "label"),
            data=_section(DataSpec, content.get("data", {}), "data"),
            controls=Step.read(controls, verb, "[controls]"),
            effects=Step.read(content.get("effects", {}), event_study, "[effects]"),
            account=_section(AccountSpec, content.get("account", {}), "account"),
            folder=Path(folder) if isinstance(folder, str) else folder,
            outputs=_section(OutputsSpec, content["outputs"], "outputs")
            if "outputs" in content
            else None,
        )

    def to_toml(self) -> str:
        """Return the specification as the text of an `analysis.toml`; `from_text` reads it back."""
        return spec_text(self)

    def write(self, path: str | Path) -> Path:
        """Write the specification as an `analysis.toml`.

        Relative paths in it start at the folder that it is written to.
        """
        return write_whole(path, self.to_toml().encode())

    def in_words(self) -> str:
        """Return what the analysis will do, in the language in force.

        Examples
        --------
        >>> import mih_impact as mih
        >>> with mih.options(lang="en"):
        ...     print(mih.nav.analysis().in_words()[:60])
        The analysis: controls by nearest propensity score on age, e
        """
        first, last = self._asked(self.effects, "window")
        method = self.controls.options.get("distance") or self._asked(self.controls, "method")
        on, exact = self.controls.options.get("on", ()), self.controls.options.get("exact", ())
        outcomes = self.effects.options.get("outcomes")
        account = self.account
        return _IN_WORDS.format(
            method=METHODS[method],
            on=_ON.format(names=_named(on, term_label)) if on else "",
            exact=_EXACT.format(names=_named(exact, _label)) if exact else "",
            outcomes=_EVERY if outcomes is None else _named(outcomes, _label),
            first=number(first),
            last=number(last),
            years=number(7 if account.horizon is None else account.horizon),
            rules=PRESETS[account.preset or "r109"],
            costs=_costs(account),
        ).text()

    @staticmethod
    def _asked(step: Step, name: str) -> Any:
        """Return an option as it is given, or the verb's default."""
        return step.options.get(name, inspect.signature(step.verb).parameters[name].default)

    def require_inside(self, *, writes: bool = True) -> None:
        """Raise unless what the specification reads, and writes, lies within its folder."""
        named = {
            "[data] source": None if self.data.source == "example" else self.data.source,
            "[account] programme": self.account.programme,
            "[account] sheet": self.account.sheet,
        }
        if self.outputs is not None and writes:
            into = Path(self.outputs.folder)
            named["[outputs] folder"] = self.outputs.folder
            named["[outputs] save"] = str(into / self.outputs.save) if self.outputs.save else None
        paths = {where: name for where, name in named.items() if isinstance(name, str)}
        arguments.require_inside(str(self.folder), paths, raised=AssumptionError)

    def frozen(self) -> StudySpec:
        """Return the specification with programme and sheet in it, not the names of their files."""
        return replace(self, account=self.account.frozen(self.folder))


_IN_WORDS = Label(
    nb="Analysen: kontroller etter {method}{on}{exact}. Effekter på {outcomes}, år {first} til"
    " {last} etter oppstart. Regnskap over {years} år etter {rules}{costs}.",
    en="The analysis: controls by {method}{on}{exact}. Effects on {outcomes}, years {first} to"
    " {last} since start. An account of {years} years by {rules}{costs}.",
)
_ON = Label(nb=" på {names}", en=" on {names}")
_EXACT = Label(nb=", helt like på {names}", en=", equal on {names}")
_EVERY = Label(nb="alle utfall i registeret", en="every outcome of the register")
_COSTS = Label(nb=", med kostnadene i {file}", en=", with the costs of {file}")
_SHEET = Label(nb=", med forutsetningene i {file}", en=", with the assumptions of {file}")
_NO_COSTS = Label(nb=", uten tiltakskostnader", en=", without programme costs")


def _costs(account: AccountSpec) -> Label | str:
    """Return where the costs of an account are from."""
    if isinstance(account.programme, str):
        return _COSTS.format(file=account.programme)
    if isinstance(account.sheet, str):
        return _SHEET.format(file=account.sheet)
    return _NO_COSTS if account.programme is None else ""


def _label(name: str) -> str:
    return label_of(name).text()


def _named(names: Any, show: Callable[[Any], str]) -> Label:
    """Return names as they are displayed, in a row."""
    given = (names,) if isinstance(names, str) else names
    return both(lambda: listed([show(name) for name in given]).text())


def _require_table(given: Any, where: str) -> None:
    if not isinstance(given, Mapping):
        raise AssumptionError(
            f"{where} is no table", found=repr(given), do="write key = value beneath it"
        )


def _parent(file: Traversable) -> Traversable:
    """Return the folder of a packaged file; on disk that is its parent."""
    return Path(str(file)).parent


def _section(kind: type[Any], given: dict[str, Any], section: str) -> Any:
    """Build one section, lists made tuples."""
    require_keys(given, {f.name for f in fields(kind)}, f"[{section}]")
    return kind(
        **{key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
    )
