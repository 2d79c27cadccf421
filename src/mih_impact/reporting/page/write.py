"""`write_budget_page`: one HTML file that answers when its reader moves an assumption."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from collections.abc import Mapping
from html import escape
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

from mih_impact import arguments
from mih_impact.account.card import NO_COSTS, cover_of, no_resources
from mih_impact.account.cost_benefit import CostBenefit, require_account
from mih_impact.account.export import export_account
from mih_impact.account.parameters import Persistence
from mih_impact.account.programme import LOCAL
from mih_impact.account.roles import GROUP_LABELS, amount_of, break_even_text
from mih_impact.account.tables import pooled
from mih_impact.arguments import named_options
from mih_impact.display.figure import ACTOR_COLOURS
from mih_impact.display.locale import Label, Lang, capital, in_language, language
from mih_impact.errors import OptionError
from mih_impact.reporting.page.texts import (
    FIELDSETS,
    LIMITS,
    LOSING,
    OUTLAYS,
    PAGE,
    PAIRS,
    SCRIPT,
    STATUSES,
    about,
    shown,
)
from mih_impact.storage import write_whole

__all__ = ["budget_page", "controls_html", "write_budget_page"]

_EVERY = get_args(Persistence)
#: What is of use only where the effect goes on in one of these ways.
_AFTER = {"years_more": ("constant", "half_life", "linear"), "half_life": ("half_life",)}


def controls_html(account: dict[str, Any]) -> str:
    """Return the form's content: the sliders in groups, and the choice of a persistence.

    Parameters
    ----------
    account
        The exported account.
    """
    sliders = {slider["name"]: slider for slider in account["sliders"]}
    parts = []
    for legend, names in FIELDSETS:
        own = [_slider(sliders[name], account) for name in names if name in sliders]
        if "persistence" in names and "years_more" in sliders:
            own.insert(0, _persistence(account))
        if own:
            parts.append(f"<fieldset><legend>{escape(legend.text())}</legend>")
            parts += [*own, "</fieldset>"]
    return "\n".join(parts)


def _slider(slider: dict[str, Any], account: dict[str, Any]) -> str:
    """Return a slider over the places of its positions, so that each value is exactly itself."""
    name, places = slider["name"], slider["positions"]
    value = shown(slider["value"], slider["unit"])
    label = slider["label"][language()] + (
        f" {PAGE['per_krone'].text()}" if slider["unit"] == "NOK per NOK" else ""
    )
    kind = _kind(name, account)
    said, foreign = about(slider)
    source = "" if foreign is None else f': <span lang="en">{escape(foreign)}</span>.'
    return (
        '<div class="control">'
        f'<label for="slider-{name}">{_heading(label)} {_own(value, kind)}</label>'
        f'<output id="value-{name}" for="slider-{name}">{escape(value)}</output>'
        f'<input type="range" id="slider-{name}" min="0" max="{len(places) - 1}" step="1"'
        f' value="{places.index(slider["value"])}" aria-valuetext="{escape(value)}"'
        f' aria-describedby="about-{name}">'
        f'<p class="about" id="about-{name}">{_base(value, kind)} {_whole(said)}{source}</p>'
        "</div>"
    )


def _persistence(account: dict[str, Any]) -> str:
    """Return the choice of what becomes of the effect after the estimated years."""
    own = account["persistence"]
    label = {kind["name"]: kind["label"][language()] for kind in account["persistences"]}
    options = "".join(
        f'<option value="{name}"{" selected" if name == own else ""}>{escape(text)}</option>'
        for name, text in label.items()
    )
    said = PAGE["persistence_about"].text().format(last=account["estimated"] - 1)
    return (
        '<div class="control choice">'
        f'<label for="persistence">{_heading(PAGE["persistence"].text())}'
        f" {_own(label[own])}</label>"
        f'<output id="value-persistence" for="persistence">{escape(label[own])}</output>'
        f'<select id="persistence" aria-describedby="about-persistence">{options}</select>'
        f'<p class="about" id="about-persistence">{_base(label[own])} {escape(said)}</p>'
        "</div>"
    )


def _kind(name: str, account: dict[str, Any]) -> str:
    """Return what the account has to do with a slider: its value, nothing, or none of the kind."""
    if name == "starters":
        return "opens"
    return "base" if account["persistence"] in _AFTER.get(name, _EVERY) else "unused"


def _base(value: str, kind: str = "base") -> str:
    return f'<span class="base">{escape(PAGE[kind].text().format(value=value))}</span>'


def _own(value: str, kind: str = "base") -> str:
    """Return the account's own value for the paper, where it stands beside the chosen one."""
    text = PAGE["own" if kind == "base" else f"own_{kind}"].text().format(value=value)
    return f'<span class="own">{escape(text)}</span>'


def _whole(text: str) -> str:
    """Return a text as HTML in which the name of the circular is not broken at its hyphen."""
    return escape(text).replace("R-109/2021", '<span class="whole">R-109/2021</span>')


def _heading(text: str) -> str:
    return escape(capital(text))


_HERE = files("mih_impact.reporting.page")
_LOCALES = {"nb": "nb-NO", "en": "en-GB"}
_RULES = {
    "r109": Label(nb="rundskriv R-109/2021", en="circular R-109/2021"),
    "simplified": Label(nb="forenklede regler", en="simplified rules"),
}


@named_options
def write_budget_page(
    case: CostBenefit,
    path: str | os.PathLike[str],
    *,
    lang: Lang = "nb",
    starters: float = 500,
) -> Path:
    """Write the budget page: one self-contained HTML file with sliders, to be mailed.

    Parameters
    ----------
    case
        The account.
    path
        The file; its name ends in ``.html``.
    lang
        Language of the page, ``"nb"`` or ``"en"``.
    starters
        The cohort the reader sees first, persons; she may move it from 0 to the double.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    AssumptionError
        No account, or a cohort that is not a positive number.
    OptionError
        An unknown language.
    StorageError
        A file that is not to be HTML, or cannot be written; nothing is left half-written.

    Notes
    -----
    The page knows no rule of the account. It evaluates the coefficients of the ledger that
    `export_account` gives, and agrees with `CostBenefit` to less than half a krone. It fetches
    nothing: a content security policy in the page itself forbids it.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> import mih_impact as mih
    >>> planted = pd.DataFrame(
    ...     {"outcome": "wage_income", "year_since_start": range(3), "estimate": 100_000.0}
    ... )
    >>> effects = mih.EffectSeries.from_frame(planted, price_year=2024)
    >>> case = mih.cost_benefit(
    ...     effects, mih.Assumptions.r109(), programme=mih.Programme.none(), horizon=3
    ... )
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_budget_page(case, f"{folder}/page.html", lang="en", starters=100).name
    'page.html'
    """
    file = arguments.path("path", path)
    if file.suffix.lower() not in (".html", ".htm"):
        raise OptionError(
            "The budget page is an HTML file", found=file.name, do="give a name that ends in .html"
        )
    return write_whole(file, budget_page(case, lang=lang, starters=starters).encode())


def budget_page(case: CostBenefit, *, lang: Lang = "nb", starters: float = 500) -> str:
    """Return the budget page as text; see `write_budget_page`."""
    require_account("write_budget_page", case, what="The budget page")
    case = pooled(case)
    account = export_account(case, starters=starters)
    style = _read("page.css") + _colours()
    script = f"(() => {{\n{_read('account.js')}\n{_read('chart.js')}\n{_read('page.js')}\n}})();"
    with in_language(lang):
        data = _in(account) | {"texts": _script_texts(case, account)}
        for plain, slider in zip(data["sliders"], account["sliders"], strict=True):
            plain["texts"] = [shown(x, slider["unit"]) for x in slider["positions"]]
        return _filled(
            _read("page.html"),
            {
                **_texts(case, account),
                "lang": language(),
                "policy": _policy(style, script),
                "style": style,
                "script": script,
                "account": _embedded(data),
                "controls": controls_html(account),
            },
        )


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _filled(template: str, values: Mapping[str, str]) -> str:
    """Fill the places of a template, once: what is filled in is not read again."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], template)


def _policy(style: str, script: str) -> str:
    """Return a policy that lets this style and this script run, and nothing be fetched."""

    def hashed(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    return (
        f"default-src 'none'; style-src {hashed(style)}; script-src {hashed(script)};"
        " base-uri 'none'; form-action 'none'"
    )


def _embedded(data: Mapping[str, Any]) -> str:
    """Return JSON that no text in it can end: every < is written as its number."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _in(value: Any) -> Any:
    """Return plain data with every text in one language."""
    if isinstance(value, dict):
        if set(value) == {"nb", "en"}:
            return value[language()]
        return {name: _in(each) for name, each in value.items()}
    return [_in(each) for each in value] if isinstance(value, list) else value


def _colours() -> str:
    """Return every actor's colour as in the other figures; society is the ink of the page.

    That of public budgets is too dark to be seen on a dark page, which has another for them.
    """
    rules = []
    for name, colour in ACTOR_COLOURS.items():
        ours = {"society": "var(--ink)", "public": f"var(--public, {colour})"}
        own = ours.get(name, colour)
        rules.append(f".bar.{name},.dot.{name}{{fill:{own}}}.path.{name}{{stroke:{own}}}")
    return "\n".join(rules)


def _script_texts(case: CostBenefit, account: dict[str, Any]) -> dict[str, Any]:
    years = range(account["longest"] + 1)
    compensated = case.programme.compensated
    known = {
        actor: cover_of(actor, None if compensated is None else tuple(compensated))
        for actor in LOCAL
    }

    def of_local(texts: Mapping[str, Label]) -> dict[str, str]:
        return {
            actor: texts[cover].text().replace("{who}", GROUP_LABELS[actor].text())
            for actor, cover in known.items()
            if cover in texts
        }

    return {
        **{name: label.text() for name, label in SCRIPT.items()},
        "locale": _LOCALES[language()],
        **{
            name: {part: label.text() for part, label in pair.items()}
            for name, pair in PAIRS.items()
        },
        "losing": of_local(LOSING),
        "uncompensated": of_local(OUTLAYS),
        "break_even": [break_even_text(year, account["longest"], counted=True) for year in years],
        "never": [break_even_text(None, years) for years in years],
    }


def _texts(case: CostBenefit, account: dict[str, Any]) -> dict[str, str]:
    """Return the texts of the page, escaped; those with marks of their own are built here."""
    known = account["covariance"] is not None
    year, programme = account["price_year"], account["programme"][language()]
    text = {name: label.text() for name, label in PAGE.items()}
    filled = {
        **text,
        "title": text["title"].format(programme=capital(programme)),
        "evidence": _evidence(case, account),
        "bars_caption": text["bars_caption"].format(
            year=year, whiskers=text["whiskers"] if known else ""
        ),
        "paths_caption": text["paths_caption"].format(
            year=year, band=text["band"] if known else ""
        ),
        "footer": _footer(account, text),
    }
    marked = {name: escape(each) for name, each in filled.items()}
    interval = marked["interval"]
    return marked | {
        "cohort": marked["cohort"].format(n='<span id="cohort-size"></span>'),
        "cash_caption": marked["cash_caption"].format(
            n='<span id="cash-size"></span>', unit='<span id="cash-unit"></span>', year=year
        ),
        "in_account": marked["in_account"].format(n='<data id="npv-base"></data>'),
        "interval_of": f"{interval}: {_interval('npv')}",
        "interval_cohort": f"{interval}: {_interval('cohort')}",
        "years": "".join(f'<th scope="col">{t}</th>' for t in range(account["estimated"])),
        "uncompensated": "\n".join(
            f'<p class="uncompensated" id="uncompensated-{actor}" hidden></p>' for actor in LOCAL
        ),
        "limits": "\n".join(f"<li>{escape(each)}</li>" for each in _limits(case, account)),
        "rest": _rest(case, account, text),
    }


def _evidence(case: CostBenefit, account: dict[str, Any]) -> str:
    evidence, published = account["evidence"].get(language(), ""), case.programme.published
    return f"{evidence} {published.text()}" if evidence and published else evidence


def _interval(name: str) -> str:
    """Return the two ends of an interval, for the script to fill."""
    ends = {end: f'<data id="{name}-{end}"></data>' for end in ("low", "high")}
    return SCRIPT["interval"].text().format(**ends)


def _limits(case: CostBenefit, account: dict[str, Any]) -> list[str]:
    """Return what the page cannot say."""
    names = ["motivation" if account["covariance"] is not None else "no_interval", "employer"]
    names.append("cut")
    moved = {slider["name"] for slider in account["sliders"]}
    names += ["cost"] if "programme_cost" in moved else []
    said = [LIMITS[name].text().format(years=account["estimated"]) for name in names]
    if "programme_cost" not in moved:
        said.append((no_resources(case) or NO_COSTS).text())
    note = case.programme.note
    return said if note is None else [*said, note.text()]


def _rest(case: CostBenefit, account: dict[str, Any], text: dict[str, str]) -> str:
    """Return the assumptions that no slider moves, with their values and how sure they are."""
    moved = {slider["name"] for slider in account["sliders"]}
    held = [item for item in case.used_assumptions() if item.name not in moved]
    rows = "".join(
        f'<tr><th scope="row">{escape(capital(item.label.text()))}</th>'
        f"<td>{escape(amount_of(item.value, item.unit))}</td>"
        f"<td>{escape(STATUSES[item.status].text())}</td></tr>"
        for item in held
    )
    heads = "".join(
        f'<th scope="col">{escape(text[name])}</th>'
        for name in ("rest_name", "rest_value", "rest_status")
    )
    return (
        f'<div class="table"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
        "</div>"
    )


def _footer(account: dict[str, Any], text: dict[str, str]) -> str:
    try:
        made = version("mih-impact")
    except PackageNotFoundError:  # run from a source tree that was never installed
        made = "?"
    rules = _RULES.get(account["preset"], Label(nb=account["preset"], en=account["preset"]))
    data = account["provenance"]["data"][:12] or "–"
    return text["footer"].format(rules=rules.text(), version=made, data=data)
