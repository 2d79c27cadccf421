#!/usr/bin/env bash
# Package: krl-causal-policy-toolkit 1.0.0 (with krl-core 0.1.1, which it needs and does not declare), CostBenefitAnalyzer: the account of a policy from its costs and benefits.
# Expected: the payback period is the first year in which what has been gained exceeds what has been spent; an amount can be varied while
#   the account at its own value stays as it is; the horizon ends the account.
# Seen: amounts are added up in the order in which they were entered, not by year: a cost of 300 in year 0 and gains of 40 a year from
#   year 1 pay back in year 1 if the gains are entered first, in year 10 (at 4 per cent) if the cost is. sensitivity_analysis puts one
#   amount on all years of a growing gain, so that the account at the "base value" is not the account. A gain in year 15 counts in full in an
#   account of ten years.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check krl-causal-policy-toolkit==1.0.0 krl-core==0.1.1 pandas==2.3.3 numpy==2.3.5 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np
from krl_policy.evaluators.cost_benefit import CostBenefitAnalyzer

def account(gains_first, growth=0.0):
    account = CostBenefitAnalyzer(discount_rate=0.04, time_horizon=10)
    enter = [lambda: account.add_cost("Training", 300, year=0),
             lambda: account.add_benefit("Wages", 40, year=1, recurring=True, growth_rate=growth)]
    for one in enter[::-1] if gains_first else enter:
        one()
    return account

found = {first: account(first).analyze() for first in (True, False)}
by_hand = -300 + sum(40 / 1.04**year for year in range(1, 11))
print("net present value", {k: round(v.npv, 2) for k, v in found.items()}, f"by hand {by_hand:.2f}")
print("payback period, gains entered first and last:", found[True].payback_period, found[False].payback_period)
growing = account(False, growth=0.05)
whole, varied = growing.analyze(), growing.sensitivity_analysis("Wages", n_values=3)
print(f"account with gains that grow: {whole.npv:.1f}; at the base value {varied.base_value:.0f} in the sensitivity analysis: {varied.npv_values[1]:.1f}")
late = account(False)
late.add_benefit("Pension", 100, year=15)
print(f"a gain of 100 in year 15 adds {late.analyze().npv - by_hand:.1f} to an account of ten years")
assert all(np.isclose(one.npv, by_hand) for one in found.values())
assert by_hand > 0 and found[True].payback_period == 1 and found[False].payback_period == 10
assert not np.isclose(whole.npv, varied.npv_values[1]) and np.isclose(varied.base_value, 40)
assert np.isclose(late.analyze().npv - by_hand, 100 / 1.04**15)
PY
