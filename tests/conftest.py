"""What all tests share."""

from __future__ import annotations

import gc
import os
import sys

import pytest
from hypothesis import Phase, settings

import mih_impact as mih
from tests.support import small_register

# A backend chosen outside would take the figures from the notebooks' kernels.
os.environ.pop("MPLBACKEND", None)

# Scripts that write recorded results run where the reference package is installed.
collect_ignore_glob = ["**/record_*.py"]

settings.register_profile("suite", deadline=None, derandomize=True, max_examples=50)
settings.register_profile("mutants", settings.get_profile("suite"), phases=[Phase.generate])
settings.load_profile(os.environ.get("MIH_HYPOTHESIS", "suite"))


# --- who runs what ---------------------------------------------------------------------------

#: Folders whose files share a program that takes long to start: one worker runs the whole folder.
TOGETHER = ("tests/memo/", "tests/page/", "tests/spark/")
#: What takes longest, longest first: what is begun last keeps the other workers waiting.
SLOWEST_FIRST = (
    "tests/spark/",
    "tests/notebooks/test_notebooks.py",
    "tests/memo/",
    "tests/unit/test_reproduce.py",
    "tests/workbook/test_recalculated.py",
    "tests/engines/test_absent_rows.py",
    "tests/unit/test_account_figures.py",
    "tests/property/test_relabelling.py",
    "tests/page/",
    "tests/unit/test_study_spec.py",
    "tests/oracle/test_coverage.py",
    "tests/oracle/test_randomisation.py",
    "tests/oracle/test_months.py",
    "tests/unit/test_measures.py",
    "tests/unit/test_resampling.py",
    "tests/property/test_subgroups.py",
    "tests/oracle/test_robustness.py",
    "tests/size/test_millions_of_rows.py",
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep the tests of a file on one worker, so that what they share is made once.

    pytest-xdist's own groups (`xdist_group`) rename tests, which pytest 9.2 no longer heeds: the
    tests of a group went to any worker, and each worker made their fixtures.
    """
    from xdist.scheduler import LoadScopeScheduling

    class InOrder(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return next((folder for folder in TOGETHER if file.startswith(folder)), file)

    config.option.loadscopereorder = False  # the order is that of the tests as collected, below
    return InOrder(config, log) if config.getvalue("dist") == "loadgroup" else None


def pytest_collection_modifyitems(items):
    """In a worker of pytest-xdist: bring forward what takes longest."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: _place(item.nodeid))


def pytest_collection_finish():
    """Leave what was collected, some thousands of tests, out of every later search for garbage."""
    gc.collect()
    gc.freeze()


def _place(nodeid: str) -> int:
    places = (k for k, start in enumerate(SLOWEST_FIRST) if nodeid.startswith(start))
    return next(places, len(SLOWEST_FIRST))


# --- what all tests share --------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _quiet():
    """Show no progress bars."""
    with mih.options(progress=False):
        yield


@pytest.fixture(autouse=True)
def _close_figures():
    """Close the figures a test drew, and those of docstrings before it."""
    _close()
    yield
    _close()


def _close() -> None:
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


@pytest.fixture(scope="session")
def panel():
    """A small register without word on residency, complete rows."""
    return mih.read_panel(small_register(), price_year=2024)


@pytest.fixture(scope="session")
def gappy():
    """A small register with 6 % of its rows missing."""
    return mih.read_panel(small_register(missing=0.06, seed=3), price_year=2024)


@pytest.fixture(scope="session")
def group(panel):
    """Propensity matching, five with replacement."""
    return mih.match(
        panel, exact=["county"], on=["age", "education", *mih.lag("wage_income", 1, 2, 3)]
    )


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Where everything must run (MIH_NO_SKIP=1) a skip is a failure."""
    outcome = yield
    report = outcome.get_result()
    if report.skipped and os.environ.get("MIH_NO_SKIP") == "1" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be skipped: {report.longrepr}"
