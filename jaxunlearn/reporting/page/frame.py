"""The frame of every page: templates, style, script, and a policy that lets a browser load nothing else."""

import base64
import functools
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from jaxunlearn.files.door import write_text
from jaxunlearn.reporting.page.glossary import Glossary

REFRESH_SECONDS = 10
"""Seconds after which the page of a run that is going on reloads itself."""


@functools.cache
def environment() -> jinja2.Environment:
    """Return the templates of this package; all values are escaped, and an unknown name is an error."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("jaxunlearn.reporting.page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["minus"] = minus
    return made


def minus(text: str) -> str:
    """Return a text with minus signs where the terminal has hyphens: before numbers."""
    return re.sub(r"(?<![\w-])-(?=\d)", "\N{MINUS SIGN}", text)


def figure_text(value: float | None, digits: int = 2) -> str:
    """Return a figure in words of a page: "not measured" for None."""
    return "not measured" if value is None else minus(f"{value:.{digits}f}")


def _source(name: str) -> Markup:
    """Return a file of the templates as it is: style or script, which belong to this package."""
    loader = environment().loader
    assert loader is not None
    return Markup(loader.get_source(environment(), name)[0])


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def render_page(
    template: str,
    title: str,
    values: Mapping[str, Any],
    *,
    refresh: bool = False,
    linked_pictures: bool = False,
    own: str = "",
) -> str:
    """Return an HTML page without outside files.

    Args:
      template: name of the template.
      title: plain text; also the heading.
      values: of the template.
      refresh: True makes the browser load the page anew every few seconds.
      linked_pictures: True lets the page show picture files beside it.
      own: name of files of the templates that the page has of its own: a script in place of the common one,
        and a style after the common one.
    """
    style = _source("style.css") + (_source(f"{own}.css") if own else "")
    script = _source(f"{own or 'script'}.js")
    images = "'self' file: data:" if linked_pictures else "data:"
    policy = (
        f"default-src 'none'; img-src {images}; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )
    glossary = Glossary()
    frame = {
        "title": title,
        "style": style,
        "script": script,
        "policy": Markup(policy),
        "glossary": glossary,
        "explain": glossary.explain,
    }
    seconds = REFRESH_SECONDS if refresh else None
    return environment().get_template(template).render(**values, **frame, refresh=seconds)


def write_page(path: Path, template: str, title: str, values: Mapping[str, Any], **options: Any) -> None:
    """Write the page of `render_page`; it appears complete or not at all."""
    write_text(path, render_page(template, title, values, **options))
