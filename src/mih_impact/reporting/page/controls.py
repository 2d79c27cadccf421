"""The sliders of the page as HTML: native inputs, each with what it rests on beside it."""

from __future__ import annotations

from html import escape
from typing import Any, get_args

from mih_impact.display.labels import Lang, capital
from mih_impact.economics.persistence import Persistence
from mih_impact.reporting.page.spoken import about, shown
from mih_impact.reporting.page.texts import FIELDSETS, PAGE

__all__ = ["controls_html"]

_EVERY = get_args(Persistence)
#: What is of use only where the effect goes on in one of these ways.
_AFTER = {"years_more": ("constant", "half_life", "linear"), "half_life": ("half_life",)}


def controls_html(account: dict[str, Any], lang: Lang) -> str:
    """Return the form's content: the sliders in groups, and the choice of a persistence.

    Parameters
    ----------
    account
        The exported account.
    lang
        Language of the page.
    """
    sliders = {slider["name"]: slider for slider in account["sliders"]}
    parts = []
    for legend, names in FIELDSETS:
        own = [_slider(sliders[name], account, lang) for name in names if name in sliders]
        if "persistence" in names and "years_more" in sliders:
            own.insert(0, _persistence(account, lang))
        if own:
            parts.append(f"<fieldset><legend>{escape(legend.text(lang))}</legend>")
            parts += [*own, "</fieldset>"]
    return "\n".join(parts)


def _slider(slider: dict[str, Any], account: dict[str, Any], lang: Lang) -> str:
    """Return a slider over the places of its positions, so that each value is exactly itself."""
    name, places = slider["name"], slider["positions"]
    value = shown(slider["value"], slider["unit"], lang)
    label = slider["label"][lang] + (
        f" {PAGE['per_krone'].text(lang)}" if slider["unit"] == "NOK per NOK" else ""
    )
    kind = _kind(name, account)
    said, foreign = about(slider, lang)
    source = "" if foreign is None else f': <span lang="en">{escape(foreign)}</span>.'
    return (
        '<div class="control">'
        f'<label for="slider-{name}">{_heading(label)} {_own(value, lang, kind)}</label>'
        f'<output id="value-{name}" for="slider-{name}">{escape(value)}</output>'
        f'<input type="range" id="slider-{name}" min="0" max="{len(places) - 1}" step="1"'
        f' value="{places.index(slider["value"])}" aria-valuetext="{escape(value)}"'
        f' aria-describedby="about-{name}">'
        f'<p class="about" id="about-{name}">{_base(value, lang, kind)} {_whole(said)}{source}</p>'
        "</div>"
    )


def _persistence(account: dict[str, Any], lang: Lang) -> str:
    """Return the choice of what becomes of the effect after the estimated years."""
    own = account["persistence"]
    label = {kind["name"]: kind["label"][lang] for kind in account["persistences"]}
    options = "".join(
        f'<option value="{name}"{" selected" if name == own else ""}>{escape(text)}</option>'
        for name, text in label.items()
    )
    said = PAGE["persistence_about"].text(lang).format(last=account["estimated"] - 1)
    return (
        '<div class="control choice">'
        f'<label for="persistence">{_heading(PAGE["persistence"].text(lang))}'
        f" {_own(label[own], lang)}</label>"
        f'<output id="value-persistence" for="persistence">{escape(label[own])}</output>'
        f'<select id="persistence" aria-describedby="about-persistence">{options}</select>'
        f'<p class="about" id="about-persistence">{_base(label[own], lang)} {escape(said)}</p>'
        "</div>"
    )


def _kind(name: str, account: dict[str, Any]) -> str:
    """Return what the account has to do with a slider: its value, nothing, or none of the kind."""
    if name == "starters":
        return "opens"
    return "base" if account["persistence"] in _AFTER.get(name, _EVERY) else "unused"


def _base(value: str, lang: Lang, kind: str = "base") -> str:
    return f'<span class="base">{escape(PAGE[kind].text(lang).format(value=value))}</span>'


def _own(value: str, lang: Lang, kind: str = "base") -> str:
    """Return the account's own value for the paper, where it stands beside the chosen one."""
    text = PAGE["own" if kind == "base" else f"own_{kind}"].text(lang).format(value=value)
    return f'<span class="own">{escape(text)}</span>'


def _whole(text: str) -> str:
    """Return a text as HTML in which the name of the circular is not broken at its hyphen."""
    return escape(text).replace("R-109/2021", '<span class="whole">R-109/2021</span>')


def _heading(text: str) -> str:
    return escape(capital(text))
