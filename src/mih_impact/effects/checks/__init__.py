"""Doubt: each check is a verdict, a table and a sentence in both languages."""

from mih_impact.effects.checks.result import CheckResult

__all__ = ["CheckResult"]
