"""The page for whoever reads it: keyboard, screen reader, phone, dark, paper, both languages."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

import mih_impact as mih
from mih_impact.display.locale import Label

LANGUAGES = ("nb", "en")
BUSY = (
    "#starters=740&programme_cost=300000&tax_financing_cost=0.33&discount_rate=0.05&displacement=0.2"
    "&wage_bill=0.5&leisure=0.3&selection=0.17&persistence=half_life&years_more=20&half_life=7.5"
)

#: Words that are in one of the languages alone; the programme's own name is taken out first.
ENGLISH = frozenset(
    re.findall(
        r"\w+",
        """the and of is are with from year years cost costs effect share county municipality
        account assumed source present value budget budgets society breaks even million thousand
        print range nobody not money gains loses own""",
    )
)
NORWEGIAN = frozenset(
    re.findall(
        r"\w+",
        """og av er en et ikke med fra år kostnad effekt andel fylkeskommunen kommunen regnskapet
        antatt kilde nåverdi budsjetter samfunnet lønnsomt tusen kroner kr spenn ingen penger tjener
        taper""",
    )
)

VISIBLE_TEXT = """
document.querySelectorAll("details").forEach((node) => { node.open = true; });
const copy = document.body.cloneNode(true);
copy.querySelectorAll("script, style, noscript").forEach((node) => node.remove());
const named = [...document.querySelectorAll("[aria-label], [aria-valuetext]")].flatMap(
  (node) => [node.getAttribute("aria-label") ?? "", node.getAttribute("aria-valuetext") ?? ""]);
return [document.title, copy.textContent, ...named].join(" ");
"""

#: Texts of the charts: each within its picture, no two on top of each other.
CLASHES = """
const found = [];
for (const svg of document.querySelectorAll("svg")) {
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  const boxes = [...svg.querySelectorAll("text")].map((node) => [node.textContent, node.getBBox()]);
  boxes.forEach(([text, box], i) => {
    if (box.x < -0.5 || box.y < -0.5 || box.x + box.width > width + 0.5
        || box.y + box.height > height + 0.5) found.push(`${svg.id}: ${text} is clipped`);
    for (const [other, there] of boxes.slice(i + 1)) {
      const across = Math.min(box.x + box.width, there.x + there.width) - Math.max(box.x, there.x);
      const down = Math.min(box.y + box.height, there.y + there.height) - Math.max(box.y, there.y);
      if (across > 1 && down > 4) found.push(`${svg.id}: ${text} on ${other}`);
    }
  });
}
return found;
"""

#: The contrast of every piece of text with what is behind it, below WCAG's 4.5.
PALE = """
const light = (text) => {
  const [r, g, b] = text.match(/[\\d.]+/g).map((x) => x / 255)
    .map((x) => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (node) => {
  for (let at = node; at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (!/, 0\\)$/.test(colour)) return colour;
  }
};
const found = [];
for (const node of document.querySelectorAll("body *")) {
  const own = [...node.childNodes].some((each) => each.nodeType === 3 && each.textContent.trim());
  const unseen = node.closest("script, style, noscript, .off, [hidden]");
  if (!own || unseen || !node.getClientRects().length) continue;
  const style = getComputedStyle(node), svg = node.closest("svg");
  const pair = [light(svg ? style.fill : style.color), light(behind(node))].sort((a, b) => b - a);
  const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
  if (contrast < 4.5) found.push(`${node.textContent.slice(0, 40)}: ${contrast.toFixed(2)}`);
}
for (const node of document.querySelectorAll("svg .path")) {
  const pair = [getComputedStyle(node).stroke, behind(node)].map(light).sort((a, b) => b - a);
  const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
  if (contrast < 3) found.push(`${node.classList}: ${contrast.toFixed(2)}`);
}
return found;
"""


def widths(browser) -> tuple[int, int]:
    return tuple(
        browser.run(
            "const root = document.documentElement; return [root.scrollWidth, root.clientWidth];"
        )
    )


@pytest.mark.parametrize("width", [360, 800, 1280])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_overflows_and_no_text_of_a_chart_is_clipped_or_covered(
    browser, pages, lang, width
):
    for setting in ("", BUSY, "#wage_bill=1&displacement=1", "#persistence=constant&selection=1"):
        browser.open(pages[lang] + setting, width=width)
        whole, seen = widths(browser)
        assert whole <= seen, setting
        assert browser.run(CLASHES) == [], setting
    assert browser.complaints() == []


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("setting", ["", BUSY, "#wage_bill=1&displacement=0.5&persistence=linear"])
def test_a_setting_prints_on_one_sheet(browser, pages, lang, setting, tmp_path, pdf_pages):
    browser.open(pages[lang] + setting)
    assert pdf_pages(browser.print_to(tmp_path / "page.pdf")) == 1


def test_arrow_keys_move_a_slider_and_the_result(browser, pages, case):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    browser.open(pages["nb"])
    before = float(browser.move([{}])[0]["npv"])
    slider = browser.driver.find_element(By.ID, "slider-displacement")
    slider.send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    (after,) = browser.move([{}])
    assert float(after["npv"]) == pytest.approx(
        case.with_values({"displacement": 0.03}).npv, abs=0.5
    )
    assert float(after["npv"]) < before
    assert slider.get_attribute("aria-valuetext") == "3\u00a0%"
    slider.send_keys(Keys.HOME)
    assert float(browser.move([{}])[0]["npv"]) == pytest.approx(before, abs=0.5)


def test_every_control_is_reached_by_tab_in_order_with_a_visible_focus(browser, pages):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    browser.open(pages["nb"])
    browser.driver.find_element(By.ID, "slider-starters").send_keys("")
    reached = []
    for _ in range(11):
        reached.append(browser.run("return document.activeElement.id"))
        outline = browser.run("return getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", reached[-1]
        browser.driver.switch_to.active_element.send_keys(Keys.TAB)
    assert reached == [
        *(f"slider-{name}" for name in ("starters", "programme_cost", "tax_financing_cost",
          "discount_rate", "wage_bill", "leisure", "displacement", "selection")),
        "persistence", "reset", "print",
    ]  # fmt: skip


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_screen_reader_is_told_everything(browser, pages, lang):
    browser.open(pages[lang] + BUSY)
    browser.cdp("Accessibility.enable")
    nodes = [
        (node["role"]["value"], node.get("name", {}).get("value", ""), node)
        for node in browser.cdp("Accessibility.getFullAXTree")["nodes"]
        if not node["ignored"]
    ]
    browser.cdp("Accessibility.disable")
    sliders = [(name, node) for role, name, node in nodes if role == "slider"]
    assert len(sliders) == 10
    for name, node in sliders:
        assert len(name) > 5
        assert node["description"]["value"].endswith(".")  # value in the account, range, source
    pictures = [name for role, name, _ in nodes if role in ("image", "img")]
    assert len(pictures) == 2
    assert all(name.endswith(".") and len(name) > 100 for name in pictures)
    roles = {role for role, _, _ in nodes}
    assert {"main", "form", "status", "table", "columnheader", "rowheader", "heading"} <= roles
    assert browser.run("return document.documentElement.lang") == lang
    levels = browser.run("return [...document.querySelectorAll('h1,h2')].map((n) => n.tagName)")
    assert levels == ["H1", *["H2"] * 4]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("setting", ["", BUSY])
def test_text_can_be_read_in_light_and_dark(browser, pages, dark, setting):
    browser.open(pages["nb"] + setting, dark=dark)
    browser.run("document.querySelectorAll('details').forEach((node) => { node.open = true; })")
    paper = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") is not dark
    assert browser.run(PALE) == []


@pytest.mark.parametrize("setting", ["", BUSY, "#nothing=1&leisure=2"])
def test_each_page_speaks_one_language(browser, pages, setting):
    for lang, foreign in (("nb", ENGLISH), ("en", NORWEGIAN)):
        browser.open(pages[lang] + setting)
        text = browser.run(VISIBLE_TEXT).replace("Menn i helse (Men in Health Care)", "")
        text = text.replace("Menn i helse", "").replace("nothing=1, leisure=2", "")
        assert "undefined" not in text
        assert "NaN" not in text
        assert "{" not in text
        words = set(re.findall(r"[a-zæøå]+", text.lower()))
        assert words & foreign == set()
        assert len(words) > 150


@pytest.mark.parametrize("lang", LANGUAGES)
def test_numbers_are_written_as_in_print(browser, pages, lang):
    browser.open(pages[lang] + BUSY)
    text = browser.run(VISIBLE_TEXT)
    assert "\u202f" not in text
    assert not re.search(r"(?<![\w-])-\d", text)  # U+2212 is the minus sign
    if lang == "nb":
        assert not re.search(r"\d \d{3}\b", text)  # no-break spaces between thousands
        assert not re.search(r"\d\.\d", text.replace("7.1", "").replace("6.2", "").replace(
            "mih_impact 0.1.0", ""))  # fmt: skip
    assert not re.search(r"\d (kr\b|mill\.|%)", text)


def test_the_setting_is_in_the_address(browser, pages, case):
    browser.open(pages["nb"] + "#displacement=0.1&persistence=linear&years_more=12")
    (seen,) = browser.move([{}])
    linear = replace(case, horizon=19, persistence="linear").with_values({"displacement": 0.1})
    assert float(seen["npv"]) == pytest.approx(linear.npv, abs=0.5)
    browser.move([{"leisure": 0.25, "displacement": 0.0}])
    browser.rest()
    address = browser.run("return location.hash")
    assert address == "#leisure=0.25&years_more=12&persistence=linear"
    browser.run("document.getElementById('reset').click()")
    browser.rest()
    assert browser.run("return location.href") == pages["nb"]
    assert float(browser.move([{}])[0]["npv"]) == pytest.approx(case.npv, abs=0.5)
    browser.run("location.hash = 'wage_bill=1'")
    browser.rest()
    new_money = case.with_values({"wage_bill": 1.0}).npv
    assert float(browser.move([{}])[0]["npv"]) == pytest.approx(new_money, abs=0.5)


def test_an_address_with_values_that_do_not_exist_says_so(browser, pages, case):
    browser.open(pages["nb"] + "#displacement=7&persistence=forever&discount_rate=&leisure=0.5")
    said = browser.run("return document.getElementById('unknown').textContent")
    assert "displacement=7, persistence=forever, discount_rate=" in said
    (seen,) = browser.move([{}])
    expected = case.with_values({"leisure": 0.5}).npv
    assert float(seen["npv"]) == pytest.approx(expected, abs=0.5)


def test_the_employer_is_zero_by_assumption_and_not_among_those_who_gain(browser, pages):
    for lang, words in (("nb", "forutsetning"), ("en", "assumption")):
        for setting in ("", BUSY):
            browser.open(pages[lang] + setting)
            row = "document.querySelector('#actors [data-name=employer]')"
            assert words in browser.run(f"return {row}.textContent")
            assert browser.run("return document.querySelector('.bar.employer')") is None
            assert words in browser.run("return document.getElementById('bars').ariaLabel")
            order = browser.run("return [...document.querySelectorAll('#actors tr')].map("
                                "(row) => row.dataset.name)")  # fmt: skip
            assert order[-3:] == ["employer", "public", "society"]


def test_what_the_county_pays_is_printed_as_uncompensated(browser, pages):
    for lang, words, known in (
        ("nb", "ikke kompensert", "ikke kjent noe vedtak om å kompensere"),
        ("en", "not compensated", "No decision to compensate them is known"),
    ):
        browser.open(pages[lang])
        county = browser.run("return document.getElementById('uncompensated-county').innerText")
        assert known in county
        assert words in browser.run("return document.getElementById('bars').textContent")
        municipality = "return document.getElementById('uncompensated-municipality').hidden"
        assert browser.run(municipality)
        browser.move([{"wage_bill": 1.0}])
        assert not browser.run(municipality)


def test_labels_cannot_break_out_of_the_page(browser, tmp_path, case):
    bad = (
        "</script><script>window.broken=1</script>"
        '<img src="http://a.test/x" onerror="broken=2">{{title}}'
    )
    label = Label(nb=bad, en=bad)
    programme = replace(case.programme, label=label, note=label)
    evidence = {"nb": bad, "en": bad}
    hostile = replace(
        case, programme=programme, provenance=replace(case.provenance, evidence=evidence)
    )
    page = mih.write_budget_page(hostile, tmp_path / "bad.html")
    browser.open(page.as_uri())
    assert browser.run("return window.broken") is None
    assert browser.run("return document.title").startswith("</script>")
    assert browser.run("return document.querySelector('.evidence').textContent").startswith(bad)
    assert browser.run("return document.images.length") == 0
    assert browser.requests() == [page.as_uri()]
    assert browser.complaints() == []
    data = json.loads(browser.run("return document.getElementById('account').textContent"))
    assert data["programme"] == bad


def test_a_page_without_costs_interval_or_later_years(browser, tmp_path):
    import pandas as pd

    planted = pd.DataFrame(
        {"outcome": "wage_income", "year_since_start": range(3), "estimate": 100_000.0}
    )
    effects = mih.EffectSeries.from_frame(planted, price_year=2024)
    bare = mih.cost_benefit(
        effects, mih.Assumptions.simplified(), programme=mih.Programme.none(), horizon=3
    )
    page = mih.write_budget_page(bare, tmp_path / "bare.html", lang="nb", starters=20)
    browser.open(page.as_uri(), width=360)
    (seen,) = browser.move([{"displacement": 0.5}])
    assert float(seen["npv"]) == pytest.approx(bare.with_values({"displacement": 0.5}).npv, abs=0.5)
    text = browser.run("return document.body.innerText")
    assert "ikke tilgjengelig" in text
    assert "IKKE regnet med" in text
    assert browser.run("return document.querySelector('.evidence').textContent") == ""
    assert browser.complaints() == []
    assert widths(browser)[0] <= 360
