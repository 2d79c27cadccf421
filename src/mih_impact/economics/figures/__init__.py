"""The figures of the account: each draws one result of this floor."""

from mih_impact.economics.figures.account import plot_actors, plot_cumulative

__all__ = ["plot_actors", "plot_cumulative"]
