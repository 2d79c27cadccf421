"""Record what csdid makes of mpdta where each county weighs by a design weight.

Run with csdid 0.4.3, a port of R's did whose `weightsname` it takes; the weights are made of the
county codes. Writes `csdid.csv`: ATT(g, t), and the averages of every kind, for the three
estimators with and without a covariate, and both kinds of controls and base years.
"""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from csdid.att_gt import ATTgt

warnings.simplefilter("ignore")
HERE = Path(__file__).parent
CASES = {
    "plain": ("reg", None, "nevertreated", "universal"),
    "plain, not yet": ("reg", None, "notyettreated", "varying"),
    "reg": ("reg", "lemp ~ lpop", "nevertreated", "varying"),
    "ipw": ("ipw", "lemp ~ lpop", "nevertreated", "universal"),
    "dr": ("dr", "lemp ~ lpop", "nevertreated", "universal"),
    "dr, not yet": ("dr", "lemp ~ lpop", "notyettreated", "varying"),
}


def number(value):
    """Return what csdid keeps in arrays of one."""
    return float(np.ravel(value)[0])


wide = pd.read_csv(HERE.parent / "mpdta" / "mpdta.csv")
long = wide.melt(["countyreal", "first.treat", "lpop"], var_name="year", value_name="lemp")
long["year"] = long["year"].str[1:].astype(int)
long["w"] = 0.5 + long["countyreal"] % 7
options = {"yname": "lemp", "tname": "year", "idname": "countyreal", "gname": "first.treat"}
rows = []
for case, (method, formula, controls, base) in CASES.items():
    fitted = ATTgt(
        data=long, control_group=controls, xformla=formula, weights_name="w", **options
    ).fit(est_method=method, base_period=base, bstrap=False)
    found = fitted.results
    each = zip(found["group"], found["year"], found["att"], found["se"], strict=True)
    rows += [(case, "gt", number(g), number(t), number(a), number(s)) for g, t, a, s in each]
    for kind in ("simple", "dynamic", "group", "calendar"):
        made = fitted.aggte(typec=kind, bstrap=False).atte
        rows.append((case, kind, np.nan, np.nan, number(made["overall_att"]),
                     number(made["overall_se"])))  # fmt: skip
        if kind != "simple":
            parts = (np.ravel(made[name]) for name in ("egt", "att_egt", "se_egt"))
            rows += [(case, kind, np.nan, *map(number, row)) for row in zip(*parts, strict=True)]
table = pd.DataFrame(rows, columns=["case", "type", "group", "level", "att", "se"])
table.to_csv(HERE / "csdid.csv", index=False)
