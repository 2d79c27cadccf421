"""Who the account is kept for.

Every krone in the ledger leaves or reaches one of these. Public budgets are the sum of three of
them, society the sum of all: neither is an actor, both are views.
"""

from __future__ import annotations

from typing import Literal

from mih_impact.display.labels import Label

__all__ = ["ACTORS", "GROUPS", "GROUP_LABELS", "PUBLIC", "Actor"]

Actor = Literal[
    "participant",
    "displaced",
    "users",
    "employer",
    "state",
    "county",
    "municipality",
    "rest_of_society",
]

#: The actors, in the order of every table.
ACTORS: tuple[str, ...] = (
    "participant",
    "displaced",
    "users",
    "employer",
    "state",
    "county",
    "municipality",
    "rest_of_society",
)

#: The actors whose sum is the public budgets.
PUBLIC: tuple[str, ...] = ("state", "county", "municipality")

#: The actors and the two sums over them.
GROUPS: tuple[str, ...] = (*ACTORS, "public", "society")

GROUP_LABELS: dict[str, Label] = {
    "participant": Label(nb="deltakeren", en="the participant"),
    "displaced": Label(nb="de fortrengte", en="the displaced"),
    "users": Label(nb="brukerne av tjenestene", en="users of the services"),
    "employer": Label(nb="arbeidsgiveren", en="the employer"),
    "state": Label(nb="staten", en="the state"),
    "county": Label(nb="fylkeskommunen", en="the county"),
    "municipality": Label(nb="kommunen", en="the municipality"),
    "rest_of_society": Label(
        nb="resten av samfunnet (skattefinansiering)", en="rest of society (tax-financing)"
    ),
    "public": Label(nb="offentlige budsjetter", en="public budgets"),
    "society": Label(nb="samfunnet", en="society"),
}
