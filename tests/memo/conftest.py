"""The sample written once in every format, and the programs that read it as people do."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mih_impact.reporting.write import write_document
from tests.memo.sample import LANGS, memo, tricky

#: What each check needs, and the Debian package that brings it.
PROGRAMS = {
    "soffice": "libreoffice-writer-nogui",
    "pdftotext": "poppler-utils",
    "pdfinfo": "poppler-utils",
    "pdffonts": "poppler-utils",
    "pdftoppm": "poppler-utils",
    "chromium": "chromium",
    "chromedriver": "chromium-driver",
}


def need(*names: str) -> None:
    """Skip, with a list of what is missing; where nothing may be skipped that is a failure."""
    missing = [
        f"{name} ({PROGRAMS.get(name, 'pip install ' + name)})"
        for name in names
        if not (shutil.which(name) if name in PROGRAMS else importlib.util.find_spec(name))
    ]
    if missing:
        pytest.skip("missing: " + ", ".join(missing))


@pytest.fixture(scope="session")
def written(tmp_path_factory) -> dict[str, Path]:
    """The sample in both languages and the tricky one, in every format: "nb.pdf" to its path."""
    folder = tmp_path_factory.mktemp("memo")
    made = {lang: memo(lang) for lang in LANGS} | {"tricky": tricky()}
    return {
        f"{name}{suffix}": write_document(document, folder / f"{name}{suffix}")
        for name, document in made.items()
        for suffix in (".html", ".docx", ".pdf")
    }


@pytest.fixture(scope="session")
def from_word(written, tmp_path_factory) -> dict[str, Path]:
    """The Word files as PDF, all converted by one start of LibreOffice."""
    need("soffice", "pdftotext")
    out = tmp_path_factory.mktemp("libreoffice")
    files = [str(path) for name, path in written.items() if name.endswith(".docx")]
    profile = f"-env:UserInstallation={(out / 'profile').as_uri()}"  # starts may run side by side
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(out)]
    subprocess.run([*command, *files], check=True, capture_output=True, timeout=180)
    return {path.stem: path for path in out.glob("*.pdf")}


@dataclass
class Browser:
    """Chromium without a window."""

    driver: Any

    def open(self, path: Path, *, width: int = 1280) -> None:
        """Open a file in a window of a width, with empty logs."""
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        metrics = {"width": width, "height": 1800, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.driver.get(path.as_uri())

    def console(self) -> list[str]:
        """Return what the page complained about."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """Return the addresses that were asked for."""
        events = [
            json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")
        ]
        return [
            event["params"]["request"]["url"]
            for event in events
            if event["method"] == "Network.requestWillBeSent"
        ]

    def script(self, text: str) -> Any:
        """Return what JavaScript returns, run from outside the page."""
        return self.driver.execute_script(text)

    def printed(self, path: Path) -> Path:
        """Print the page to a file, as its own rules say."""
        import base64

        self.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        options = {"preferCSSPageSize": True, "printBackground": True}
        made = self.driver.execute_cdp_cmd("Page.printToPDF", options)
        path.write_bytes(base64.b64decode(made["data"]))
        return path


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Return a headless Chromium, quit when the tests are done."""
    need("chromium", "chromedriver", "selenium")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    yield Browser(driver)
    driver.quit()
