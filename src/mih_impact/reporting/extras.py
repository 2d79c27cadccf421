"""Optional packages: one sentence when one is missing."""

from __future__ import annotations

from importlib.util import find_spec

from mih_impact.errors import MissingExtraError

__all__ = ["require"]


def require(module: str, *, extra: str, to: str) -> None:
    """Raise unless a package is installed; the error names the pip command.

    Parameters
    ----------
    module
        The name it is imported by.
    extra
        The extra of ours that brings it.
    to
        What needs it.

    Examples
    --------
    >>> require("json", extra="memo", to="Writing Word")
    >>> require("no_such_package", extra="memo", to="Writing Word")
    Traceback (most recent call last):
      ...
    mih_impact.errors.MissingExtraError: Writing Word needs an optional package. Found: \
no_such_package is not installed. Do: pip install 'mih-impact[memo]'.
    """
    if find_spec(module) is None:
        raise MissingExtraError(
            f"{to} needs an optional package",
            found=f"{module} is not installed",
            do=f"pip install 'mih-impact[{extra}]'",
        )
