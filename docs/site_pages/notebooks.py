"""The notebooks as pages: as they were last run, with links between pages that work here."""

from __future__ import annotations

import json
import re
from pathlib import Path


def copy(source: Path, out: Path) -> None:
    """Write every notebook of a folder to another: links to pages, and a text for each figure."""
    out.mkdir(exist_ok=True)
    for path in sorted(source.glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "markdown":
                text = "".join(cell["source"])
                cell["source"] = re.sub(r"`docs/(\w+)\.md`", r"[`docs/\1.md`](../\1.md)", text)
            else:
                call = "".join(cell["source"]).strip().splitlines()[-1].rstrip(";")
                cell["metadata"]["mystnb"] = {"image": {"alt": f"The figure that {call} draws."}}
        (out / path.name).write_text(json.dumps(notebook), encoding="utf-8")
