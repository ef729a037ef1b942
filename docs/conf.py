"""The documentation site: `make docs` builds it with Sphinx, and needs no network."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sphinx.util.nodes import make_refnode

from tradegen.version import __version__

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import made_pages  # noqa: E402 - beside this file, which is on no path before

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

project = "tradegen"
copyright = ""  # noqa: A001 - Sphinx's own name for it; the licence has it
version = release = __version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_design",
]
exclude_patterns = ["_build"]

# Pages are Markdown as GitHub shows it, with directives where GitHub has nothing of the kind.
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
# The notebooks are executed by `made_pages`, two at a time.
nb_execution_mode = "off"
nb_merge_streams = True

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say what is taken, in words
autosummary_generate = False
napoleon_google_docstring = False
napoleon_use_ivar = True
# What stands between single backticks is a link where it is a public name, and code where it is not.
default_role = "py:obj"
# Of types, only our own have a page here.
nitpick_ignore_regex = [("py:.*", r"(?!tradegen\.).*")]

# Pages with wide tables and code have the room of the list of their sections as well.
_WIDE = ["index", "catalogue", "leaderboard", "generated/scenario_fields", "generated/speed"]
_WIDE += [f"tutorial/{path.stem}" for path in made_pages.NOTEBOOKS]
html_theme = "pydata_sphinx_theme"
html_title = f"tradegen {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "_static/tradegen.svg"
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system has it
html_copy_source = False
html_show_sourcelink = False
html_show_search_summary = False  # pages opened from the disk may not fetch others
html_theme_options = {
    "logo": {"text": html_title},
    "navbar_align": "left",
    "navigation_with_keys": False,
    "footer_start": [],
    "footer_end": [],
    "show_toc_level": 2,
    "secondary_sidebar_items": {"**": ["page-toc"]} | {page: [] for page in _WIDE},
}
html_sidebars = {"index": [], "leaderboard": [], "search": []}

_LINKS = {
    r"\]\(\.\./notebooks/(\w+)\.ipynb\)": r"](tutorial/\1.ipynb)",
    r"\]\(\.\./benchmarks/RESULTS\.md\)": r"](generated/speed.md)",
}


def _links_within_the_site(_app: Sphinx, docname: str, source: list[str]) -> None:
    """Let links to files of the repository that have a page here lead to it, and those to folders be text."""
    for link, page in _LINKS.items():
        source[0] = re.sub(link, page, source[0])
    folder = (HERE / docname).parent
    source[0] = re.sub(
        r"\[([^][]+)\]\((\.\./[^)#]+)\)",
        lambda found: f"`{found[1]}`" if (folder / found[2]).is_dir() else found[0],
        source[0],
    )


def _by_its_last_name(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, shown: nodes.TextElement
) -> nodes.reference | None:
    """A link for the name by which a module knows another one's, if only one thing here ends so."""
    target = node["reftarget"]
    known = {
        full: found
        for full, found in env.domains["py"].objects.items()
        # Without its class, the name of an attribute is as likely that of a parameter.
        if full.endswith(f".{target}") and ("." in target or found.objtype in ("class", "function"))
    }
    if node.get("refdomain") != "py" or len(known) != 1:
        return None
    [(full, found)] = known.items()
    return make_refnode(app.builder, node["refdoc"], found.docname, found.node_id, shown, full)


def setup(app: Sphinx) -> None:
    """Register what is done before and while pages are read."""
    app.connect("builder-inited", lambda _app: made_pages.make(HERE))
    app.connect("source-read", _links_within_the_site)
    app.connect("missing-reference", _by_its_last_name)
