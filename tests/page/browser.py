"""Chromium as a reader: opens a page, moves its inputs, reads what it shows."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip

#: Moves the real inputs as a reader's hand does, and reads the numbers behind what is shown.
MOVE = """
const [settings, done] = arguments;
const account = JSON.parse(document.getElementById("account").textContent);
const fire = (node, type) => node.dispatchEvent(new Event(type, { bubbles: true }));
const read = (id) => document.getElementById(id).value;
const numbers = (row) => [...row.querySelectorAll("data")].map((node) => node.value);
const frame = () => new Promise(requestAnimationFrame);
const show = async (setting) => {
  for (const slider of account.sliders) if (slider.name in setting) {
    const input = document.getElementById(`slider-${slider.name}`);
    input.value = slider.positions.indexOf(setting[slider.name]);
    fire(input, "input");
  }
  const kind = document.getElementById("persistence");
  if (kind && "persistence" in setting) { kind.value = setting.persistence; fire(kind, "input"); }
  await frame();
  const ids = ["npv", "npv-low", "npv-high", "cohort", "cohort-low", "cohort-high",
    "probability", "break-even", "public"];
  return {
    ...Object.fromEntries(ids.map((id) => [id, read(id)])),
    text: document.getElementById("npv").textContent,
    actors: Object.fromEntries([...document.getElementById("actors").rows].map(
      (row) => [row.dataset.name, numbers(row)])),
    cash: Object.fromEntries([...document.getElementById("cash").rows].filter(
      (row) => row.dataset.name).map((row) => [row.dataset.name, numbers(row)])),
  };
};
(async () => {
  const seen = [];
  for (const setting of settings) seen.push(await show(setting));
  return seen;
})().then(done);
"""

#: The summary is emptied, and told again when the page has come to rest after one more event.
REST = """
const [done] = arguments;
const summary = document.getElementById("summary");
summary.textContent = "";
document.getElementById("settings").dispatchEvent(new Event("input"));
const look = () => summary.textContent ? done(summary.textContent) : setTimeout(look, 20);
look();
"""


def missing() -> str:
    """Return why no browser can be opened; empty if one can."""
    if find_spec("selenium") is None:
        return "the page is read through selenium: pip install selenium"
    absent = [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]
    advice = "apt-get install chromium chromium-driver"
    return f"the page is read in {' and '.join(absent)}: {advice}" if absent else ""


class Browser:
    """A browser of its own, with a fresh profile."""

    def __init__(self, profile: Path) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        service = Service(shutil.which("chromedriver"), log_output=subprocess.DEVNULL)
        self.driver = webdriver.Chrome(options=options, service=service)
        self.driver.set_script_timeout(100)

    def quit(self) -> None:
        self.driver.quit()

    def open(self, address: str, *, width: int = 1280, height: int = 900, dark: bool = False):
        """Open an address afresh in a window of a size, light or dark."""
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height,
                 deviceScaleFactor=1, mobile=False)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.cdp("Emulation.setEmulatedMedia", features=[scheme])
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get(address)

    def cdp(self, command: str, **arguments: Any) -> Any:
        return self.driver.execute_cdp_cmd(command, arguments)

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def move(self, settings: list[dict]) -> list[dict]:
        """Put the inputs at each setting in turn; return what the page shows there."""
        return self.driver.execute_async_script(MOVE, settings)

    def rest(self) -> str:
        """Wait until the sliders have rested and the summary is said anew; return it.

        The page says it some time after its last move, however busy the machine is.
        """
        return self.driver.execute_async_script(REST)

    def complaints(self) -> list[str]:
        """Return what the console said."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """Return every address that was asked for."""
        messages = [
            json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")
        ]
        return [
            each["params"]["request"]["url"]
            for each in messages
            if each["method"] == "Network.requestWillBeSent"
        ]

    def print_to(self, path: Path) -> Path:
        """Print the page as a reader would, to a PDF."""
        printed = self.cdp("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        path.write_bytes(base64.b64decode(printed["data"]))
        return path
