"""Run the notebooks and write them back clean: `python notebooks/execute.py [NAME ...]`.

The notebooks are their own source, kept with their outputs. Running them again changes a file only
where a result has changed: times, counters of earlier runs and kernel details are not kept.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
#: Metadata that says what the notebook is; the rest says when and where it ran.
_KERNEL = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# The kernel's own warnings, when it shuts down, are not the notebook's.
_STRICT = """\
import warnings
warnings.simplefilter("error")
warnings.filterwarnings("ignore", module="ipykernel")
"""


def notebooks() -> list[Path]:
    """Return the notebooks in order."""
    return sorted(HERE.glob("*.ipynb"))


def execute(
    path: Path, *, kernel: str = "python3", warnings_are_errors: bool = False
) -> nbformat.NotebookNode:
    """Return the notebook with fresh outputs and nothing else changed.

    Parameters
    ----------
    path
        The notebook.
    kernel
        The kernel to run it in.
    warnings_are_errors
        Whether a warning in a cell stops the run.
    """
    notebook = nbformat.read(path, as_version=4)
    if warnings_are_errors:
        strict = nbformat.v4.new_code_cell(_STRICT, id="strict")
        notebook.cells.insert(0, strict)
    with tempfile.TemporaryDirectory() as folder:
        where = {"metadata": {"path": folder}}
        NotebookClient(notebook, kernel_name=kernel, timeout=120, resources=where).execute()
    notebook.cells = [cell for cell in notebook.cells if cell["id"] != "strict"]
    return clean(notebook)


def clean(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Take away what differs between two runs with the same result."""
    notebook.metadata = nbformat.from_dict(_KERNEL)
    count = 0
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
        if cell.cell_type != "code":
            continue
        count += 1
        cell.execution_count = count
        for output in cell.outputs:
            output.pop("metadata", None)
            if output.output_type in ("display_data", "execute_result"):
                output["metadata"] = nbformat.from_dict({})
            if output.output_type == "execute_result":
                output.execution_count = count
    return notebook


@contextmanager
def temporary_kernel(folder: Path) -> Iterator[str]:
    """Give the name of a kernel that runs this interpreter and keeps every file in `folder`."""
    spec = {
        "argv": [
            sys.executable,
            "-m",
            "ipykernel_launcher",
            "--log-level=ERROR",
            "-f",
            "{connection_file}",
        ],
        "display_name": "this interpreter",
        "language": "python",
    }
    home = folder / "kernels" / "mih_impact_here"
    home.mkdir(parents=True)
    (home / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    settings = {
        "JUPYTER_PATH": str(folder),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield home.name
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value


def main(names: list[str]) -> None:
    """Run the notebooks named, or all of them, and write them back."""
    for path in [HERE / name for name in names] or notebooks():
        with tempfile.TemporaryDirectory() as folder, temporary_kernel(Path(folder)) as kernel:
            notebook = execute(path, kernel=kernel)
        nbformat.write(notebook, path)
        print(path.name)


if __name__ == "__main__":
    main(sys.argv[1:])
