"""Ask axe-core about every page that people read: memo, budget page and site, light and dark.

``python scripts/accessibility.py [SITE]`` writes the memo and the budget page of the reference case
in both languages, opens them and every page of the built site in headless Chromium, and prints what
axe-core finds wrong by the rules of WCAG 2.2 A and AA and its own best practices. It ends with 1 if
there is anything. axe-core comes with the package axe-playwright-python (``pip install ".[axe]"``);
nothing is fetched.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # for the browser of the tests

#: Tables that pandas writes into notebooks are not ours, and its empty corners neither.
LOOK = """
const done = arguments[arguments.length - 1];
const said = (v) => (
  { id: v.id, impact: v.impact, help: v.help, nodes: v.nodes.map((n) => n.target.join(" ")) });
axe.run({ exclude: [[".dataframe"]] }, { resultTypes: ["violations"] })
  .then((found) => done(found.violations.map(said)));
"""


def axe() -> str:
    """Return the text of axe-core, from the package that carries it."""
    spec = find_spec("axe_playwright_python")
    if spec is None or spec.origin is None:
        raise SystemExit('axe-core comes with a package: pip install ".[axe]"')
    return (Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8")


def documents(folder: Path) -> Iterator[Path]:
    """Write the memo and the budget page in both languages."""
    import mih_impact as mih

    case = mih.reproduce_nav().case
    for lang in ("nb", "en"):
        with mih.options(lang=lang):
            for name, write in (("memo", mih.write_memo), ("page", mih.write_budget_page)):
                path = folder / f"{name}_{lang}.html"
                write(case, path, lang=lang)
                yield path


def faults(browser: Any, script: str, page: Path, dark: bool) -> list[dict[str, Any]]:
    """Return what axe-core finds wrong with a page."""
    browser.open(page.as_uri(), dark=dark)
    browser.run(script)
    time.sleep(0.4)  # colours change by and by
    found: list[dict[str, Any]] = browser.driver.execute_async_script(LOOK)
    return found


def main(site: str | None = None) -> int:
    """Print the faults of every page; return how many there are, at most 1."""
    from tests.page.browser import Browser, missing

    if absent := missing():
        raise SystemExit(absent)
    script, count = axe(), 0
    with tempfile.TemporaryDirectory() as folder:
        pages = [*documents(Path(folder)), *(sorted(Path(site).rglob("*.html")) if site else ())]
        pages = [page.resolve() for page in pages if "_static" not in page.parts]
        browser = Browser(Path(folder) / "profile")
        try:
            for page in pages:
                for dark in (False, True):
                    for fault in faults(browser, script, page, dark):
                        count += 1
                        where = "; ".join(fault["nodes"][:3])
                        print(
                            f"{page.name} ({'dark' if dark else 'light'}): {fault['id']}, "
                            f"{fault['impact']}: {fault['help']}: {len(fault['nodes'])} x {where}"
                        )
        finally:
            browser.quit()
    print(f"{len(pages)} pages, light and dark: {count} faults")
    return min(count, 1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
