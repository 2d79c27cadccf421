"""Average effects on candidates, or on everybody: estimates and rows of influence.

Columns are outcome-major, as in `comparison`. There the effect is on those who start, and they
weigh alike; here both sides are weighted, within start years that count by their share of those who
start.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from mih_impact.controls.comparison import Sets
from mih_impact.controls.group import ControlGroup
from mih_impact.controls.whose import mirrored, started, weighed_sides
from mih_impact.effects.comparison import Comparison
from mih_impact.effects.hidden import contributions
from mih_impact.effects.influence import (
    FLAT,
    Influence,
    by_coefficient,
    moved_by_score,
    neighbour_residual,
    neighbours,
)
from mih_impact.effects.question import TargetEffects
