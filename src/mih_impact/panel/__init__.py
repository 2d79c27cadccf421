"""The panel floor: the contract, the checks at the door, and the cube that leaves the engine."""

from mih_impact.panel.check import PanelReport
from mih_impact.panel.cube import NEVER, Cube
from mih_impact.panel.panel import Panel
from mih_impact.panel.read import read_panel
from mih_impact.panel.residency import State
from mih_impact.panel.selection import CovariateRead

__all__ = ["NEVER", "CovariateRead", "Cube", "Panel", "PanelReport", "State", "read_panel"]
