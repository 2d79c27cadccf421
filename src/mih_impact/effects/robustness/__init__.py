"""Doubt about choices: placebos, one left out at a time, every reasonable specification."""
