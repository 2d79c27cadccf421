"""The figures of the account: each module draws one result of this floor."""

from mih_impact.economics.figures.account import plot_actors, plot_cumulative
from mih_impact.economics.figures.costs import plot_costs
from mih_impact.economics.figures.grid import plot_grid
from mih_impact.economics.figures.odds import plot_acceptability, plot_break_even
from mih_impact.economics.figures.residual import plot_residual
from mih_impact.economics.figures.scenarios import plot_scenarios
from mih_impact.economics.figures.tornado import plot_tornado
from mih_impact.economics.figures.uncertainty import plot_intervals
from mih_impact.economics.figures.waterfall import plot_bridge

__all__ = [
    "plot_acceptability",
    "plot_actors",
    "plot_break_even",
    "plot_bridge",
    "plot_costs",
    "plot_cumulative",
    "plot_grid",
    "plot_intervals",
    "plot_residual",
    "plot_scenarios",
    "plot_tornado",
]
