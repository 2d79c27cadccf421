"""Bounds under deviations from parallel trends."""
