"""The site: `make docs` builds it, with warnings as errors."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
os.environ.setdefault("MPLBACKEND", "agg")

from site_pages import floors, gallery, notebooks, reference  # noqa: E402
from sphinx.application import Sphinx  # noqa: E402

import mih_impact as mih  # noqa: E402

project = "mih_impact"
author = copyright = "The mih_impact authors"
version = release = mih.__version__
language = "en"
html_last_updated_fmt = None

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx_design",
]
exclude_patterns = ["_build", "site_pages", "**/README.md"]
templates_path = ["_templates"]
# The first is what autosummary writes its pages as.
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb", ".ipynb": "myst-nb"}

# Notebooks keep the outputs that they were run with; a test runs them.
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 3
suppress_warnings = ["mystnb.unknown_mime_type"]

autosummary_generate = True
autosummary_imported_members = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "undoc-members": False}
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
maximum_signature_line_length = 78
add_module_names = False
toc_object_entries_show_parents = "hide"
default_role = "py:obj"
smartquotes = False

#: Pages of wide tables and pictures have no list of headings at their side.
WIDE = (
    "validation",
    "published_numbers",
    "r_and_stata",
    "contract",
    "monte_carlo",
    "size",
    "findings",
    "glossary",
    "gallery/index",
)

html_theme = "pydata_sphinx_theme"
html_title = "mih_impact"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_show_sourcelink = False
html_show_sphinx = False
html_copy_source = False
html_sidebars = {"index": [], "gallery/index": []}
html_theme_options = {
    "logo": {"text": "mih_impact"},
    "header_links_before_dropdown": 7,
    "navbar_align": "left",
    "show_prev_next": True,
    "show_toc_level": 2,
    "secondary_sidebar_items": {"**": ["page-toc"]} | {page: [] for page in WIDE},
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}


def language_of(_app: Sphinx, page: str, _template: str, context: dict, _tree: object) -> None:
    """Say in the page's head which language it is in, for those who have it read to them."""
    if page.startswith("nb/") or page == "forklar_intervall":
        context["language"] = "nb"


def setup(app: Sphinx) -> None:
    """Write the pages that come from the code before any page is read."""
    notebooks.copy(HERE.parent / "notebooks", HERE / "notebooks")
    reference.write(HERE / "reference")
    gallery.write(HERE / "gallery")
    app.connect("source-read", floors.drawn)
    app.connect("html-page-context", language_of)
    app.connect("autodoc-skip-member", reference.is_field)
    app.connect("autodoc-process-signature", reference.signature)
