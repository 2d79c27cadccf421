"""Record the Python package wildboottest on a small sample; the test runs without it.

python -m pip install wildboottest==0.3.2; python record_wildboottest.py
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from wildboottest.wildboottest import WildboottestCL

HERE = Path(__file__).parent
CLUSTERS, ROWS = 8, 60


def sample():
    """Return clusters of unequal size, half of them with treated rows, and uneven weights."""
    rng = np.random.default_rng(7)
    cluster = np.sort(rng.choice(CLUSTERS, ROWS, p=np.arange(1, 9) / 36))
    treated = (rng.random(ROWS) < 0.4) & (cluster % 2 == 0)
    y = 0.8 * treated + 0.5 * rng.standard_normal(CLUSTERS)[cluster] + rng.standard_normal(ROWS)
    weight = np.where(treated, 1.0, rng.uniform(0.2, 2.0, ROWS))
    # Controls weigh as much as the treated together, as in a matched sample.
    weight[~treated] *= weight[treated].sum() / weight[~treated].sum()
    return pd.DataFrame({"y": y.round(4), "treated": treated, "cluster": cluster, "weight": weight})


def record(frame, null):
    """Return the statistic and those of all 2^G signs, with the null imposed."""
    root = np.sqrt(frame["weight"].to_numpy())
    X = np.column_stack([np.ones(len(frame)), frame["treated"].astype(float)]) * root[:, None]
    y = (frame["y"] - null * frame["treated"]).to_numpy() * root
    boot = WildboottestCL(
        X=X, Y=y, cluster=frame["cluster"].to_numpy(), R=np.array([0.0, 1.0]), B=999, seed=1
    )
    boot.get_scores(bootstrap_type="11", impose_null=True)
    boot.get_weights(weights_type="rademacher")
    boot.get_numer()
    boot.get_denom()
    boot.get_tboot()
    boot.get_vcov()
    boot.get_tstat()
    boot.get_pvalue(pval_type="two-tailed")
    drawn = np.sort(np.abs(np.asarray(boot.t_boot).ravel()))
    return {"null": null, "t": float(np.ravel(boot.t_stat)[0]), "draws": drawn.tolist(),
            "p_value": float(boot.pvalue)}  # fmt: skip


if __name__ == "__main__":
    frame = sample()
    frame.to_csv(HERE / "wild_sample.csv", index=False)
    found = [record(frame, null) for null in (0.0, 0.5)]
    (HERE / "wildboottest.json").write_text(json.dumps({"version": "0.3.2", "found": found}))
