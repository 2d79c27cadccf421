#!/usr/bin/env bash
# Package: inequalipy 1.0.5, inequalipy.atkinson.index.
# Expected: its docstring takes "weights: array_like"; and the index at aversion 1 is one less the geometric over the
#   arithmetic mean (Atkinson 1970).
# Seen: no kind of weights works: an array raises ValueError (its truth value is asked for), a list AttributeError (it is
#   asked for .sum()). At aversion 1, the value most often published, it raises ZeroDivisionError.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check inequalipy==1.0.5 numpy==1.26.4 pandas==2.3.3 2> "$work/pip.log" || { cat "$work/pip.log"; exit 2; }
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np
from inequalipy import atkinson

x, w = [10.0, 20.0, 30.0, 40.0], [4.0, 1.0, 1.0, 2.0]
seen = []
for what, call in {"array of weights": lambda: atkinson.index(np.array(x), 0.5, np.array(w)), "list of weights": lambda: atkinson.index(x, 0.5, w),
                   "aversion 1": lambda: atkinson.index(np.array(x), 1.0)}.items():
    try:
        seen.append(call())
    except Exception as error:
        seen.append(type(error).__name__)
    print(what, "->", seen[-1])
print("right at aversion 1:", 1 - np.exp(np.log(x).mean()) / np.mean(x))
assert seen == ["ValueError", "AttributeError", "ZeroDivisionError"]
PY
