"""One picture of all figures of a folder, in colour and in grey: `python -m ... FOLDER`."""

from __future__ import annotations

import sys

from mih_impact.display.layout import contact_sheet

__all__ = ["main"]


def main(folder: str) -> None:
    """Write and name the contact sheet of a folder."""
    print(contact_sheet(folder))


if __name__ == "__main__":
    main(sys.argv[1])
