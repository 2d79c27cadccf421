#!/usr/bin/env bash
# Package: PriceIndexCalc 0.7 and PriceIndexCalc2 0.8.0: price indices of two months (bilateral_methods) and of many (multilateral_methods) from a
#   table with month, product, price and quantity.
# Expected: the column for the product tells which price of one month belongs to which of another; if no price changes, any index is 1.
# Seen: prices are paired by the place of their row within the month. With rent 100 and bread 10 in both months, listed the other way round in
#   the second, Laspeyres is 3.4 and Carli 5.05. GEKS goes wrong likewise as soon as prices differ. Paasche, which the description lists,
#   always stops with an error.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pandas==2.3.3 numpy==2.3.5 scipy==1.16.3 scikit-learn==1.7.2 seaborn==0.13.2 statsmodels==0.14.5 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
for release in PriceIndexCalc==0.7 PriceIndexCalc2==0.8.0; do
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --target "$work/$release" "$release" 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
echo "$release"
PYTHONPATH="$work/$release" "$work/venv/bin/python" -W ignore - <<'PY'
import numpy as np, pandas as pd
from PriceIndexCalc.pandas_modules.index_methods import bilateral_methods, multilateral_methods

def months(rent, bread, turned):
    table = pd.DataFrame({"month": ["2024-01"] * 2 + ["2024-02"] * 2, "id": ["rent", "bread"] * 2,
                          "price": [100.0, 10.0, rent, bread], "quantity": [1, 5, 1, 5]})
    return table.iloc[[0, 1, 3, 2]].reset_index(drop=True) if turned else table

def index(table, method):
    call = {"geks": multilateral_methods}.get(method, bilateral_methods)
    return float(call(table.copy(), method=method)["index_value"].iloc[-1])

for rent, bread in ((100, 10), (110, 10)):
    alike = {m: round(index(months(rent, bread, False), m), 3) for m in ("carli", "laspeyres", "geks")}
    turned = {m: round(index(months(rent, bread, True), m), 3) for m in ("carli", "laspeyres", "geks")}
    print(f"rent from 100 to {rent}, bread 10: rows in the same order {alike}, turned round in the second month {turned}")
    weight = np.array([100, 50]) / 150  # of what was bought in the first month
    by_hand = np.array([rent / 100, bread / 10])
    assert np.isclose(alike["carli"], by_hand.mean(), atol=1e-3) and np.isclose(alike["laspeyres"], weight @ by_hand, atol=1e-3)
    crossed = np.array([bread / 100, rent / 10])
    assert np.isclose(turned["carli"], crossed.mean(), atol=1e-3) and np.isclose(turned["laspeyres"], weight @ crossed, atol=1e-3)
    assert (alike["geks"] == turned["geks"]) == (rent == 100)
try:
    index(months(110, 10, False), "paasche")
except TypeError as error:
    print("Paasche:", error)
else:
    raise SystemExit("Paasche works now")
PY
done
