"""Figures of the account."""
