"""Honest bounds: what is left of an effect when trends were not parallel (Rambachan and Roth)."""
