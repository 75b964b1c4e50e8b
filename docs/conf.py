"""Sphinx builds these pages: `sphinx-build -W -b html docs docs/_build/html`."""

import sys
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "extensions"))

project = "jaxunlearn"
author = "The jaxunlearn authors"
project_copyright = "2026 The jaxunlearn authors"
version = release = metadata.version("jaxunlearn")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "command_line",
    "gallery",
]
exclude_patterns = ["_build", "_pages", "extensions", "gallery"]

myst_heading_anchors = 4
myst_enable_extensions = ["attrs_inline", "dollarmath"]
myst_links_external_new_tab = False

default_role = "code"
smartquotes = False  # "--" in texts of commands would become a dash
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented_params"
autodoc_preserve_defaults = True
autodoc_member_order = "bysource"
napoleon_use_ivar = True

copybutton_prompt_text = "$ "

html_theme = "furo"
html_title = "jaxunlearn"
html_static_path = ["static"]
html_extra_path = [name for name in ["_pages"] if (Path(__file__).parent / name).is_dir()]
html_css_files = ["tables.css"]
html_theme_options = {"navigation_with_keys": True}
