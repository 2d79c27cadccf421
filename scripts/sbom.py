"""The bill of materials: every package that an installation brings, with its licence.

``python scripts/sbom.py [FILE] [EXTRA ...]`` follows the requirements of mih-impact, and those of
the named extras, through the packages installed here, and writes them as CycloneDX 1.5 (JSON). A
table is printed beside it. A package that says nothing of its licence is listed as unknown, and
ends the run with 1.
"""

from __future__ import annotations

import json
import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = "mih-impact"
UNKNOWN = "unknown"


def licence(package: Distribution) -> str:
    """Return what a package says of its licence: an expression, a classifier or a few words."""
    said = package.metadata
    if expression := said.get("License-Expression"):
        return str(expression)
    classified = [
        line.rsplit(" :: ", 1)[-1]
        for line in said.get_all("Classifier") or []
        if line.startswith("License :: ") and line != "License :: OSI Approved"
    ]
    if classified:
        return " AND ".join(classified)
    first = (said.get("License") or "").strip().split("\n")[0]
    return first[:80] or UNKNOWN


def needed(name: str, extras: tuple[str, ...], seen: dict[str, Distribution]) -> None:
    """Add a package, and all that it requires here, to those seen."""
    key = re.sub(r"[-_.]+", "-", name).lower()
    try:
        package = distribution(name)
    except PackageNotFoundError:
        return  # for another platform, or not asked for
    if key in seen and not extras:
        return
    seen[key] = package
    for line in package.requires or []:
        requirement = Requirement(line)
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            needed(requirement.name, tuple(requirement.extras), seen)


def main(file: str = "out/sbom.json", *extras: str) -> int:
    """Write the bill, and print it; 1 if a licence is unknown."""
    seen: dict[str, Distribution] = {}
    needed(ROOT, extras, seen)
    rows = [(key, package.version, licence(package)) for key, package in sorted(seen.items())]
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {"type": "library", "name": ROOT, "version": seen[ROOT].version}},
        "components": [
            {
                "type": "library",
                "name": name,
                "version": version,
                "purl": f"pkg:pypi/{name}@{version}",
                "licenses": [{"license": {"name": said}}],
            }
            for name, version, said in rows
            if name != ROOT
        ],
    }
    Path(file).parent.mkdir(parents=True, exist_ok=True)
    Path(file).write_text(json.dumps(bill, indent=2) + "\n", encoding="utf-8")
    width = max(len(name) for name, _, _ in rows)
    for name, version, said in rows:
        print(f"{name:<{width}}  {version:<16}  {said}")
    unknown = [name for name, _, said in rows if said == UNKNOWN]
    print(f"{len(rows)} packages in {file}; no licence said: {', '.join(unknown) or 'none'}")
    return int(bool(unknown))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
