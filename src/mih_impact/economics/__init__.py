"""Assumptions, programme costs, the double-entry ledger and the cost-benefit account."""
