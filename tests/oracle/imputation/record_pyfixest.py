"""Record what pyfixest's did2s makes of panel.csv; run with pyfixest 0.60.0.

panel.csv is diff-diff's `generate_staggered_data(n_units=150, n_periods=8, cohort_periods=[3, 4,
6], never_treated_frac=0.4, seed=11)` in calendar years from 2010. The second stage has an indicator
of every year since start; those from the start on are the imputation estimates. Fixed effects are
solved to 1e-12: did2s stops at 1e-6, which is the size of the difference then.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pyfixest as pf
from pyfixest.estimation.models.feols_ import Feols

Feols.fixef.__defaults__ = (1e-12, 1e-12)
Feols.predict.__defaults__ = (None, 1e-12, 1e-12, *Feols.predict.__defaults__[3:])
HERE = Path(__file__).parent
frame = pd.read_csv(HERE / "panel.csv")
since = frame["year"] - frame["start_year"]
frame["treated"] = (since >= 0).astype(int)
frame["since"] = since.where(since >= 0, -1).fillna(-1).astype(int)
fit = pf.did2s(
    frame, yname="outcome", first_stage="~ 0 | person_id + year",
    second_stage="~ i(since, ref=-1)", treatment="treated", cluster="person_id",
)  # fmt: skip
found = fit.coef()
levels = [int("".join(c for c in name.split("[")[-1] if c.isdigit())) for name in found.index]
table = pd.DataFrame({"level": levels, "estimate": np.asarray(found)})
table[table["level"] <= 4].to_csv(HERE / "pyfixest.csv", index=False)
print(found)
