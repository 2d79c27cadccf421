"""`explore`: an account with sliders in a notebook, reckoned by the account itself."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from mih_impact.account.cost_benefit import CostBenefit, require_account
from mih_impact.account.export import account_at, export_account
from mih_impact.arguments import named_options
from mih_impact.display.figure import alt_text, figure_style, new_axes, root_figure
from mih_impact.display.locale import Lang, capital, in_language, language
from mih_impact.display.numbers import millions
from mih_impact.errors import require_package
from mih_impact.reporting.page.texts import PAGE, SCRIPT, about, shown

if TYPE_CHECKING:
    from ipywidgets import VBox, Widget

__all__ = ["Explorer", "explore"]


@dataclass(frozen=True, eq=False, repr=False)
class Explorer:
    """An account with sliders; made by `explore`.

    Attributes
    ----------
    account
        The account as it was given.
    lang
        Language of what is shown.
    controls
        The widgets a reader moves, by the name of what they set.
    widget
        The whole, as a notebook shows it.
    """

    account: CostBenefit
    lang: Lang
    controls: dict[str, Widget]
    widget: VBox

    @property
    def setting(self) -> dict[str, Any]:
        """Where the controls stand, by name."""
        return {name: control.value for name, control in self.controls.items()}

    @property
    def case(self) -> CostBenefit:
        """The account at the setting of the controls."""
        return account_at(self.account, self.setting)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        return self.widget._repr_mimebundle_(include=include, exclude=exclude)


@named_options
def explore(case: CostBenefit, *, lang: Lang | None = None, starters: float = 500) -> Explorer:
    """Show an account in a notebook with the sliders of the budget page.

    Parameters
    ----------
    case
        The account.
    lang
        Language; None is the one in force.
    starters
        The cohort shown first, persons.

    Returns
    -------
    Explorer
        Shown by the notebook when it ends a cell. Its `case` is the account at the setting of the
        sliders, an ordinary `CostBenefit` to go on with.

    Raises
    ------
    AssumptionError
        No account, or a cohort that is no number above zero.
    MissingExtraError
        ipywidgets is not installed.

    Examples
    --------
    >>> import pandas as pd
    >>> import mih_impact as mih
    >>> planted = pd.DataFrame(
    ...     {"outcome": "wage_income", "year_since_start": range(3), "estimate": 100_000.0}
    ... )
    >>> effects = mih.EffectSeries.from_frame(planted, price_year=2024)
    >>> case = mih.cost_benefit(
    ...     effects, mih.Assumptions.r109(), programme=mih.Programme.none(), horizon=3
    ... )
    >>> seen = explore(case, lang="en")
    >>> seen.controls["displacement"].value = 0.5
    >>> seen.case.npv == case.with_values({"displacement": 0.5}).npv
    True
    """
    require_package("ipywidgets", extra="notebook", to="Exploring an account in a notebook")
    import ipywidgets as widgets

    require_account("explore", case)
    lang = language(lang)
    export = export_account(case, starters=starters)
    with in_language(lang):
        controls = _controls(export)
    card, cohort, figure = widgets.HTML(), widgets.HTML(), widgets.HTML()
    form = widgets.VBox(list(controls.values()), layout={"min_width": "24em"})
    answer = widgets.VBox([cohort, card, figure])
    explorer = Explorer(case, lang, controls, widgets.VBox([_row(form, answer)]))

    def show(_: object = None) -> None:
        _enable(controls)
        now = explorer.case
        with in_language(lang):
            card.value = now._repr_html_()
            told = escape(_cohort_text(now, controls["starters"].value))
            cohort.value = f"<p><b>{told}</b></p>"
            figure.value = _picture(now)

    for control in controls.values():
        control.observe(show, names="value")
    show()
    return explorer


def _row(form: Widget, answer: Widget) -> Widget:
    """Return two widgets side by side where there is room, else one above the other."""
    import ipywidgets as widgets

    return widgets.HBox([form, answer], layout={"flex_flow": "row wrap", "grid_gap": "0 2em"})


def _controls(export: dict[str, Any]) -> dict[str, Widget]:
    """Return the sliders, and the choice of a persistence before what it needs."""
    import ipywidgets as widgets

    lang = language()

    controls: dict[str, Widget] = {}
    for slider in export["sliders"]:
        if slider["name"] == "years_more":
            controls["persistence"] = widgets.Dropdown(
                options=[(kind["label"][lang], kind["name"]) for kind in export["persistences"]],
                value=export["persistence"],
                description=capital(PAGE["persistence"].text()),
                **_wide(),
            )
        sentence, source = about(slider)
        controls[slider["name"]] = widgets.SelectionSlider(
            options=[(shown(x, slider["unit"]), x) for x in slider["positions"]],
            value=slider["value"],
            description=capital(slider["label"][lang]),
            tooltip=sentence if source is None else f"{sentence}: {source}",
            continuous_update=False,
            **_wide(),
        )
    return controls


def _wide() -> dict[str, Any]:
    """Return room for a description of a whole phrase."""
    return {"style": {"description_width": "19em"}, "layout": {"width": "36em"}}


def _enable(controls: dict[str, Widget]) -> None:
    if "persistence" in controls:
        kind = controls["persistence"].value
        controls["years_more"].disabled = kind == "none"
        controls["half_life"].disabled = kind != "half_life"


def _cohort_text(case: CostBenefit, starters: float) -> str:
    n, amount = shown(starters, "persons"), millions(starters * case.npv)
    return SCRIPT["said_cohort"].text().format(n=n, amount=amount)


def _picture(case: CostBenefit) -> str:
    """Return who pays and who gains as an image in HTML, with its alternative text."""
    ax = case.plot_actors(ax=new_axes())
    picture = io.BytesIO()
    with figure_style():
        root_figure(ax).savefig(picture, format="png", dpi=110)
    data = base64.b64encode(picture.getvalue()).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{escape(alt_text(ax))}">'
