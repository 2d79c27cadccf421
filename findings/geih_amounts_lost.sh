#!/usr/bin/env bash
# Package: geih-analisis 0.1.9 (analysis of Colombia's household survey of the labour market): ConversorTipos.a_numerico.
# Expected: amounts as the statistics office writes them become numbers; the description's own example is '1.234,56' -> 1234.56.
# Seen: only the comma is replaced, so that the example becomes 1.234.56, which is no number, and is made missing without a word. All amounts
#   with both signs, or with two points, are lost, and one with a single point becomes a thousandth: of 950,5, 1.234,56, 1.423.500 and
#   1.423 there are left 950.5 and 1.423.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check geih-analisis==0.1.9 pandas==2.3.3 numpy==2.3.5 scipy==1.16.3 openpyxl==3.1.5 matplotlib==3.10.7 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import pandas as pd
from geih.utils import ConversorTipos

written = ["950,5", "1.234,56", "1.423.500", "1.423"]
read = ConversorTipos.a_numerico(pd.Series(written)).tolist()
by_hand = [float(text.replace(".", "").replace(",", ".")) for text in written]
print("written:", written, "| read:", read, "| by hand:", by_hand)
print("the example in the description:", next(line.strip() for line in ConversorTipos.a_numerico.__doc__.splitlines() if "1.234,56" in line))
assert by_hand == [950.5, 1234.56, 1423500.0, 1423.0]
assert read[0] == 950.5 and read[3] == 1.423 and all(pd.isna(amount) for amount in read[1:3])
assert "'1.234,56' → 1234.56" in ConversorTipos.a_numerico.__doc__
PY
