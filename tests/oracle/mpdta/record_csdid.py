"""Record what csdid makes of mpdta with balanced event years and with clusters of states.

Run with csdid 0.4.3, whose results its own tests hold to those of R's did 2.5.1; the states are the
first digits of the county codes. Writes `csdid.csv`.
"""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from csdid.att_gt import ATTgt

warnings.simplefilter("ignore")
wide = pd.read_csv(Path(__file__).parent / "mpdta.csv")
long = wide.melt(["countyreal", "first.treat", "lpop"], var_name="year", value_name="lemp")
long["year"] = long["year"].str[1:].astype(int)
long["state"] = long["countyreal"] // 1000
options = {"yname": "lemp", "tname": "year", "idname": "countyreal", "gname": "first.treat"}
rows = []
for case, more, aggregation in (
    ("balance_e=1", {}, {"balance_e": 1}),
    ("cluster", {"clustervar": "state"}, {}),
):
    fitted = ATTgt(data=long, control_group="nevertreated", **options, **more)
    fitted = fitted.fit(est_method="reg", bstrap=False)
    for kind in ("simple", "dynamic", "group", "calendar"):
        if aggregation and kind != "dynamic":
            continue
        found = fitted.aggte(typec=kind, bstrap=False, **aggregation).atte
        rows.append((case, kind, np.nan, found["overall_att"], found["overall_se"]))
        if kind != "simple":
            each = (np.ravel(found[name]) for name in ("egt", "att_egt", "se_egt"))
            rows += [(case, kind, *row) for row in zip(*each, strict=True)]
table = pd.DataFrame(rows, columns=["case", "type", "level", "att", "se"])
table[["att", "se"]] = table[["att", "se"]].map(lambda x: float(np.ravel(x)[0]))
table.to_csv(Path(__file__).parent / "csdid.csv", index=False)
