"""Where a number comes from, in bokmål: sources are kept in English, as they stand in the tables.

A source that is a name (a publication, a chapter of the budget) is the same in both languages. One
that is a sentence has its translation in a row of `data/source_texts.csv`; several sources of one
number are joined by semicolons and translated one by one.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

__all__ = ["source_in"]


@cache
def _translations() -> dict[str, str]:
    text = (files(__package__) / "data" / "source_texts.csv").read_text(encoding="utf-8")
    return {row["en"]: row["nb"] for row in csv.DictReader(text.splitlines())}


def source_in(source: str, lang: str) -> str:
    """Return a source in a language; what has no translation is shown as it is.

    Parameters
    ----------
    source
        The source as it stands in a table or on an assumption.
    lang
        "nb" or "en".

    Examples
    --------
    >>> source_in("Vista Analyse 2021/37; ours, without a source", "nb")
    'Vista Analyse 2021/37; vårt, uten kilde'
    """
    if lang != "nb":
        return source
    known = _translations()
    if source in known:
        return known[source]
    parts = source.split("; ")
    for cut in range(len(parts) - 1, 0, -1):  # the longest beginning that is known
        first, rest = "; ".join(parts[:cut]), "; ".join(parts[cut:])
        if first in known or cut == 1:
            return f"{known.get(first, first)}; {source_in(rest, lang)}"
    return source
