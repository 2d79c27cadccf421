"""The figures of the account: bars are the frames' values, and what is written can be read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

import mih_impact as mih
from mih_impact.account.cost_benefit import CostBenefit
from mih_impact.account.indicators import programme_costs
from mih_impact.display.figure import ACTOR_COLOURS, GREY, alt_text, new_axes
from mih_impact.errors import AssumptionError, OptionError
from tests.figures import assert_texts_apart, shown_texts

Z = NormalDist().inv_cdf(0.975)
GRID = {"wage_bill": (0.0, 0.5, 1.0), "displacement": (0.0, 0.2)}
Draw = Callable[[CostBenefit, Axes | None, str], Axes]

FIGURES: dict[str, Draw] = {
    "cumulative": lambda case, ax, lang: case.plot(ax=ax, lang=lang),
    "actors": lambda case, ax, lang: case.plot_actors(ax=ax, lang=lang),
    "bridge": lambda case, ax, lang: case.bridge().plot(ax=ax, lang=lang),
    "tornado": lambda case, ax, lang: case.sensitivity().plot(ax=ax, lang=lang),
    "every swing": lambda case, ax, lang: case.sensitivity().plot("state", top=99, ax=ax,
                                                                  lang=lang),
    "grid": lambda case, ax, lang: case.grid(GRID).plot("public", ax=ax, lang=lang),
    "scenarios": lambda case, ax, lang: case.scenarios().plot(ax=ax, lang=lang),
    "intervals": lambda case, ax, lang: case.uncertainty().plot(ax=ax, lang=lang),
    "odds": lambda case, ax, lang: case.uncertainty().plot_acceptability(ax=ax, lang=lang),
    "when": lambda case, ax, lang: case.uncertainty().plot_break_even(ax=ax, lang=lang),
    "costs": lambda case, ax, lang: case.plot_costs(ax=ax, lang=lang),
    "residual": lambda case, ax, lang: case.plot_residual(ax=ax, lang=lang),
    "one who pays": lambda case, ax, lang: case.plot_residual("county", ax=ax, lang=lang),
}  # fmt: skip


@pytest.fixture(scope="module")
def replication():
    with mih.options(progress=False):
        return mih.reproduce_nav()


@pytest.fixture(scope="module")
def case(replication) -> CostBenefit:
    return replication.case


@pytest.fixture(scope="module")
def reference(replication) -> dict[str, dict[str, Axes]]:
    """The figures of the reference case in each language, as they are written to files."""
    return {
        lang: {**replication.figures(lang), "love_plot": replication.study.balance.plot(lang=lang)}
        for lang in ("nb", "en")
    }


#: Which of them are the figures above, drawn in the same way.
IN_REFERENCE = {
    "cumulative": "fig4_present_value",
    "actors": "fig5_who_pays_who_gains",
    "bridge": "fig6_bridge",
    "costs": "fig7_costs",
    "tornado": "fig8_tornado_society",
    "scenarios": "fig11_scenarios",
    "intervals": "fig12_intervals",
    "odds": "fig13_probability_by_cost",
    "when": "fig14_break_even",
    "residual": "fig15_residual_value",
}


def new(figure: str, case: CostBenefit, lang: str = "en") -> Axes:
    return FIGURES[figure](case, None, lang)


def shown(value: float, lang: str = "en") -> str:
    """Write an amount to the nearest hundred, by another road than the library's."""
    text = f"{abs(round(value / 100) * 100):,.0f}"
    minus = "\u2212" if round(value / 100) < 0 else ""
    if lang == "nb":
        return minus + text.replace(",", "\u00a0") + "\u00a0kr"
    return f"NOK\u00a0{minus}{text}"


# -- all of them ---------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["nb", "en"])
@pytest.mark.parametrize("sure", [True, False])
@pytest.mark.parametrize("figure", FIGURES)
def test_a_figure_is_whole_and_says_what_it_rests_on(figure, sure, lang, case, reference):
    if sure and figure in IN_REFERENCE:
        ax = reference[lang][IN_REFERENCE[figure]]
    else:
        ax = new(figure, case if sure else replace(case, covariance=None), lang)
    assert_texts_apart(ax)
    written = " ".join(text.get_text() for text in shown_texts(ax.figure)).replace("\n", " ")
    assert {"nb": "Syntetisk register", "en": "Synthetic register"}[lang] in written
    assert {"nb": "R-109/2021, analyseperiode 7 år", "en": "R-109/2021, horizon 7 years"}[
        lang
    ] in written
    if figure != "when":  # which has no amounts
        assert {"nb": "faste 2024-priser", "en": "fixed 2024 prices"}[lang] in written
    alt = alt_text(ax)
    assert alt.endswith(".")
    assert not re.search(r"\bnan\b", alt)
    assert "{" not in alt
    foreign = {"nb": (" the ", " of ", "NOK"), "en": (" kr", " og ", "å")}[lang]
    assert not [word for word in foreign if word in f"{written} {alt}"]


@pytest.mark.parametrize("figure", FIGURES)
def test_given_axes_are_drawn_in(figure, case):
    given = new_axes(size=(9, 8))
    assert FIGURES[figure](case, given, "nb") is given


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_no_figure_of_the_reference_case_writes_over_itself(reference, lang):
    """Those in which the account is drawn are looked at above."""
    figures = reference[lang]
    assert len(figures) == 17
    assert set(IN_REFERENCE.values()) < set(figures)
    for name in set(figures) - set(IN_REFERENCE.values()):
        assert_texts_apart(figures[name])


CHOICES = {"wage_bill": 0.7, "displacement": 0.3, "leisure": 0.5, "avoided_measures": 20_000.0}


@pytest.mark.parametrize("lang", ["nb", "en"])
@pytest.mark.parametrize("figure", FIGURES)
def test_an_account_that_loses_is_drawn_too(figure, lang, case):
    poor = case.with_values(CHOICES)
    assert poor.public < 0
    assert_texts_apart(new(figure, poor, lang))


@pytest.mark.parametrize("kind", ["overlap", "clipped", "none"])
def test_texts_that_meet_or_are_cut_off_are_found(kind):
    ax = new_axes()
    ax.set_axis_off()
    if kind != "none":
        place = {"overlap": 0.51, "clipped": 0.95}[kind]
        ax.text(0.5, 0.5, "one of some length", transform=ax.figure.transFigure).set_in_layout(
            False
        )
        ax.text(place, 0.49, "another", transform=ax.figure.transFigure).set_in_layout(False)
    with pytest.raises(
        AssertionError, match={"overlap": "over", "clipped": "edge", "none": "word"}[kind]
    ):
        assert_texts_apart(ax)


# -- the bridge ----------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_the_waterfall_is_the_bridge(case, lang):
    rows = case.bridge().steps().reset_index(drop=True)
    ax = new("bridge", case, lang)
    assert len(ax.patches) == len(rows)
    for bar, row in zip(ax.patches, rows.to_dict("records"), strict=True):
        begin = 0.0 if row["kind"] == "total" else row["running_sum"] - row["amount"]
        np.testing.assert_allclose(bar.get_x(), begin, atol=1e-6)
        np.testing.assert_allclose(bar.get_x() + bar.get_width(), row["running_sum"])
    totals = [bar for bar, kind in zip(ax.patches, rows["kind"], strict=True) if kind == "total"]
    assert to_rgb(totals[-1].get_facecolor()) == to_rgb(ACTOR_COLOURS["public"])
    assert to_rgb(totals[-2].get_facecolor()) == to_rgb(ACTOR_COLOURS["society"])
    for value in (case.npv, case.public, -case.present_value("participant")):
        assert shown(value, lang) in alt_text(ax)


def test_what_binds_the_bars_joins_end_to_begin(case):
    ax = new("bridge", case)
    sums = case.bridge().steps()["running_sum"].to_numpy()
    (joints,) = ax.collections
    np.testing.assert_allclose([segment[0, 0] for segment in joints.get_segments()], sums[:-1])


# -- the tornado ---------------------------------------------------------------------------


@pytest.mark.parametrize("of", ["society", "public"])
def test_the_tornado_is_the_sensitivity(case, of):
    swings = case.sensitivity()
    frame = swings.of(of).head(12)
    ax = swings.plot(of, lang="en")
    low, high = ax.patches[:12], ax.patches[12:]
    order = pd.concat([frame[frame["drawn"]], frame[~frame["drawn"]]])
    base = case.present_value(of)
    for bars, end in ((low, "at_low"), (high, "at_high")):
        np.testing.assert_allclose([bar.get_x() for bar in bars], base)
        np.testing.assert_allclose([base + bar.get_width() for bar in bars], order[end])
    assert len({bar.get_facecolor() for bar in low}) == 1
    shades = [float(np.array(to_rgb(bars[0].get_facecolor())) @ GREY) for bars in (low, high)]
    assert abs(shades[0] - shades[1]) > 0.3  # told apart in grey
    for row in order.to_dict("records"):
        assert shown(row["at_low"]) in alt_text(ax)


def test_rules_and_choices_of_view_stand_apart(case):
    frame = case.sensitivity().to_frame()
    drawn = {item.name: item.is_drawn for item in case.used_assumptions()}
    for name, flag in frame.drop_duplicates("assumption")[["assumption", "drawn"]].to_numpy():
        assert flag == drawn.get(name, name == "effects")
    ax = new("tornado", case, "nb")
    names = [tick.get_text().replace("\n", " ") for tick in ax.get_yticklabels()]
    heads = [tick.get_text() for tick in ax.get_yticklabels() if tick.get_fontweight() == "bold"]
    assert heads == ["Usikre forutsetninger", "Regler og valg av perspektiv"]
    assert names.index("Skoleplass") < names.index(heads[1]) < names.index("Fortrengning")


def test_the_value_at_each_end_is_written_at_that_end(case):
    ax = new("tornado", case)
    written = {text.get_text(): text for text in ax.texts}
    row = case.sensitivity().of().set_index("assumption").loc["cost:school"]
    for end, amount in (("low", "NOK\u00a0124,000"), ("high", "NOK\u00a0209,000")):
        assert written[amount].xy[0] == pytest.approx(row[f"at_{end}"])


@pytest.mark.parametrize("ends", [(0.9, 0.6), (1.1, 1.3), (1.0, 1.2), (1.2, 0.7)])
def test_ends_on_one_side_of_the_base_are_written_apart(case, ends):
    swings = case.sensitivity()
    table = swings.to_frame()
    table["at_low"], table["at_high"] = (end * table["at_base"] for end in ends)
    table["swing"] = (table["at_high"] - table["at_low"]).abs()
    assert_texts_apart(replace(swings, table=table).plot(lang="nb"))


@pytest.mark.parametrize(("of", "crosses"), [("society", True), ("county", False)])
def test_zero_is_drawn_where_it_is_in_view(case, of, crosses):
    ax = case.sensitivity().plot(of, lang="en")
    at = [line.get_xdata()[0] for line in ax.get_lines()]
    assert case.present_value(of) in at
    assert (0.0 in at) is crosses


# -- the grid ------------------------------------------------------------------------------


def test_the_card_of_the_grid_names_its_two_assumptions(case):
    text = " ".join(case.grid(GRID).summary("en").split())
    assert "Present value for society. Down: " in text
    assert "Across: displacement." in text


def test_the_grid_is_centred_at_zero_and_its_cells_are_written(case):
    grid = case.grid(GRID)
    values = grid.pivot("public").to_numpy()
    ax = grid.plot("public", lang="en")
    mesh = ax.collections[0]
    np.testing.assert_allclose(mesh.get_array(), values)
    assert mesh.norm.vmin == -mesh.norm.vmax
    cells = {tuple(text.get_position()): text for text in ax.texts}
    for (row, column), value in np.ndenumerate(values):
        text = f"{round(abs(value) / 1000):,}"
        assert cells[(column, row)].get_text() == ("\u2212" + text if value < 0 else text)
        assert shown(value) in alt_text(ax)
    assert cells[(0, 0)].get_fontweight() == "bold"  # the base values


def test_a_grid_that_passes_by_the_base_values_has_no_bold_cell(case):
    down, across = GRID
    for passed_by in (down, across):
        ax = case.grid(GRID | {passed_by: (0.3, 0.4)}).plot("public", lang="en")
        assert {text.get_fontweight() for text in ax.texts} == {"normal"}


def test_the_sign_is_told_without_colour(case):
    grid = case.grid(GRID)
    gain = grid.pivot("public").to_numpy() >= 0
    assert gain.any()
    assert not gain.all()
    changes = (gain[1:] != gain[:-1]).sum() + (gain[:, 1:] != gain[:, :-1]).sum()
    ax = grid.plot("public", lang="en")
    assert sum(len(lines.get_segments()) for lines in ax.collections[1:]) == changes


# -- scenarios -----------------------------------------------------------------------------


def test_dots_and_whiskers_are_the_scenarios(case):
    scenarios = case.scenarios()
    ax = scenarios.plot(["society", "state"], lang="en")
    markers = set()
    dots = [line for line in ax.get_lines() if not line.get_label().startswith("_")]
    for line, whiskers, group in zip(dots, ax.collections, ["society", "state"], strict=True):
        rows = scenarios.to_frame()
        rows = rows[rows["actor"] == group]
        np.testing.assert_allclose(line.get_xdata(), rows["present_value"])
        widths = [segment[1, 0] - segment[0, 0] for segment in whiskers.get_segments()]
        np.testing.assert_allclose(widths, 2 * Z * rows["std_error"])
        markers.add(line.get_marker())
        assert all(shown(value) in alt_text(ax) for value in rows["present_value"])
    assert len(markers) == 2


@pytest.mark.parametrize("of", [[], "society", ["society"] * 7])
def test_what_scenarios_cannot_be_drawn_for_is_refused(case, of):
    with pytest.raises(OptionError, match="one to 6 groups"):
        case.scenarios().plot(of)


# -- uncertainty ---------------------------------------------------------------------------


def test_bars_and_dots_are_intervals_and_means(case):
    uncertainty = case.uncertainty()
    frame = uncertainty.to_frame().set_index(["source", "actor"])
    ax = uncertainty.plot(lang="en")
    groups = ["society", "public", "state", "municipality"]
    for source, bars, dots in zip(
        ["sampling", "assumptions", "total"], ax.containers, ax.get_lines()[1:], strict=True
    ):
        rows = frame.loc[source].loc[groups]
        np.testing.assert_allclose([bar.get_x() for bar in bars], rows["conf_low"])
        ends = [bar.get_x() + bar.get_width() for bar in bars]
        np.testing.assert_allclose(ends, rows["conf_high"])
        np.testing.assert_allclose(dots.get_xdata(), rows["mean"])
        assert all(shown(value) in alt_text(ax) for value in rows["conf_low"])


def test_without_covariance_only_assumptions_are_drawn(case):
    ax = new("intervals", replace(case, covariance=None))
    assert len(ax.containers) == 1
    assert "no covariance" in " ".join(text.get_text().replace("\n", " ") for text in ax.texts)


def test_the_odds_of_a_gain_are_the_frame(case):
    uncertainty = case.uncertainty()
    frame = uncertainty.acceptability()
    ax = uncertainty.plot_acceptability(lang="en")
    base, *lines = ax.get_lines()
    assert base.get_xdata()[0] == uncertainty.cost == programme_costs(case)[1]
    for line, group in zip(lines, ["society", "state", "municipality"], strict=True):
        rows = frame[frame["actor"] == group]
        np.testing.assert_allclose(line.get_xdata(), rows["cost_per_participant"])
        np.testing.assert_allclose(line.get_ydata(), rows["probability_positive"])
    assert shown(uncertainty.cost) in alt_text(ax)
    last = frame[frame["actor"] == "municipality"]["probability_positive"].iloc[-1]
    assert last < 0.001
    assert "the municipality <\u00a00.1%." in alt_text(ax)


def test_no_odds_are_shown_as_a_certainty(case):
    uncertainty = case.uncertainty()
    rows = uncertainty.to_frame().query("actor == 'society' and source == 'sampling'")
    assert rows["probability_positive"].item() > 0.999
    card = uncertainty.summary("en").replace("\u00a0", " ")
    assert "> 99.9%" in card
    assert not re.search(r"\b100%", card)
    odds = alt_text(uncertainty.plot_acceptability(lang="en")).replace("\u00a0", " ")
    assert "100.0%" not in odds


def test_columns_are_the_distribution_of_break_even(case):
    uncertainty = case.uncertainty()
    frame = uncertainty.break_even_frame()
    ax = uncertainty.plot_break_even(lang="en")
    for bars, group in zip(
        ax.containers, ["society", "public", "state", "municipality"], strict=True
    ):
        share = frame.loc[frame["actor"] == group, "probability"].to_numpy()
        heights = np.array([bar.get_height() for bar in bars])
        np.testing.assert_allclose(heights / heights.sum(), share, atol=1e-12)
    assert ax.get_xticklabels()[-1].get_text() == "not within\n7 years"
    share = frame.query("actor == 'society' and year_since_start == 3")["probability"].item()
    assert f"from year 3 {100 * share:.1f}%" in alt_text(ax)


# -- costs ---------------------------------------------------------------------------------


def test_bars_of_costs_are_the_frame_and_their_sum_leaves_transfers_out(case):
    saving = case.with_values({"avoided_measures": 20_000.0})
    frame = saving.costs("en")
    ax = saving.plot_costs(lang="en")
    order = [*range(len(frame))]
    # The second of the whole course stands beside the first; the frame is in that order too.
    widths = [bar.get_width() for bar in ax.patches[:-1]]
    np.testing.assert_allclose(widths, frame["present_value"].iloc[order], atol=1e-9)
    net = programme_costs(case)[1] - 20_000.0
    assert ax.patches[-1].get_width() == pytest.approx(net)
    assert f"Net cost: {shown(net)}." in alt_text(ax)


def test_in_kind_is_hatched_and_a_transfer_an_outline(case):
    frame = case.costs("en")
    ax = new("costs", case)
    for bar, row in zip(ax.patches[:-1], frame.to_dict("records"), strict=True):
        assert bool(bar.get_hatch()) is not row["cash"]
        white = to_rgb(bar.get_facecolor()) == (1.0, 1.0, 1.0)
        assert white is (row["kind"] == "transfer")
        own = bar.get_edgecolor() if white else bar.get_facecolor()
        assert to_rgb(own) == to_rgb(ACTOR_COLOURS[row["payer"]])


def test_what_is_not_priced_has_its_range_in_view(case):
    frame = case.costs("en")
    ax = new("costs", case)
    drawn = [(a[0], b[0]) for lines in ax.collections for a, b in lines.get_segments()]
    zeros = frame[frame["present_value"].abs() < 0.5]
    assert len(zeros) == 3
    left, right = ax.get_xlim()
    for low, high in zeros[["low", "high"]].to_numpy():
        assert (low, high) in drawn
        assert left < low < high < right


def test_a_programme_without_costs_has_none_to_draw(case):
    free = replace(case, programme=mih.Programme.none())
    with pytest.raises(AssumptionError, match="no costs to draw"):
        free.plot_costs()


# -- the residual value --------------------------------------------------------------------


@pytest.mark.parametrize("of", ["society", "public"])
def test_the_residual_value_is_beside_the_headline_and_never_added(case, of):
    frame = case.residual_value("en").query("actor == @of")
    ax = case.plot_residual(of, lang="en")
    widths = [bar.get_width() for bar in ax.patches]
    np.testing.assert_allclose(widths, [case.present_value(of), *frame["present_value"]])
    low, high = np.array([segment[:, 0] for segment in ax.collections[0].get_segments()]).T
    np.testing.assert_allclose(high[1:] - low[1:], 2 * Z * frame["std_error"])
    names = [tick.get_text() for tick in ax.get_yticklabels()]
    assert names[:2] == [
        "The account, years 0\u20136",
        "Residual value, years 7\u201326, not added",
    ]
    assert all(shown(value) in alt_text(ax) for value in widths)


# -- colours -------------------------------------------------------------------------------


def test_public_budgets_are_told_from_all_others_in_grey_too():
    shade = {name: np.array(to_rgb(colour)) for name, colour in ACTOR_COLOURS.items()}
    for name in set(ACTOR_COLOURS) - {"public"}:
        assert abs((shade[name] - shade["public"]) @ GREY) > 0.12, name


@pytest.mark.parametrize("lang", ["nb", "en"])
def test_what_is_not_priced_is_drawn_of_the_account(case, lang):
    ax = case.plot_non_priced(lang=lang)
    assert_texts_apart(ax)
    assert len(ax.get_yticklabels()) == len(case.non_priced())
    assert all(label in alt_text(ax) for label in case.non_priced(lang)["label"])


def test_the_name_that_indicators_had_is_told(case):
    assert not hasattr(case, "measures")
    with pytest.raises(mih.RenamedError, match=r"measures has another name.*case\.indicators"):
        case.measures()
