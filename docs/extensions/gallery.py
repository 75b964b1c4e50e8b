"""The directive `gallery`: real runs with their pictures, words and commands, and links to their pages."""

import itertools
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

MAKE = "python tools/make_gallery.py"


class Gallery(SphinxDirective):
    """Writes a section for each run of `gallery/runs.toml`."""

    def run(self) -> list[nodes.Node]:
        """Return the sections."""
        docs = Path(self.env.srcdir)
        for name in ("runs.toml", "made.json"):
            self.env.note_dependency(str(docs / "gallery" / name))
        up = "../" * self.env.docname.count("/")
        return self.parse_text_to_nodes("\n".join(lines(docs, up)), allow_section_headings=True)


def lines(docs: Path, up: str) -> Iterator[str]:
    """Yield Markdown about all runs, for MyST: the page with the directive is in Markdown, too.

    Args:
      docs: the folder of the docs.
      up: the way from the page to the root of the built pages, such as `../`.
    """
    runs = tomllib.loads((docs / "gallery" / "runs.toml").read_text(encoding="utf-8"))
    made = json.loads((docs / "gallery" / "made.json").read_text(encoding="utf-8"))
    for name, run in runs.items():
        yield from ("", f"## {run['title']}", "")
        yield from _result(docs, name, run, made.get(name))
        page = f"gallery/{name}/{Path(run['page']).name}"
        if (docs / "_pages" / page).is_file():
            size = made[name]["megabytes"]
            link = f'<p><a href="{up}{page}">Look at the page of this run</a> ({size} MB)</p>'
            yield from _block("{raw} html", link)
        else:
            yield from (f"Make its page: `{MAKE} --only {name}`, then build the docs anew.", "")
        yield from _block("bash", *run["commands"])


def _block(kind: str, *text: str) -> Iterator[str]:
    """Yield a fenced block: code in a language, or a directive."""
    yield from (f"```{kind}", *text, "```", "")


def _result(docs: Path, name: str, run: dict[str, Any], made: dict[str, Any] | None) -> Iterator[str]:
    """Yield picture and words; of a run that was not made, or by other commands, a sentence that says so."""
    if made is None or made["commands"] != run["commands"]:
        yield from ("This run was not made yet.", "")
        return
    picture = f"/images/gallery/{name}.webp"
    assert (docs / picture[1:]).is_file(), f"{picture}: {MAKE} --only {name} makes it"
    yield from _block(f"{{figure}} {picture}", f":alt: {run['shows']}", "", run["shows"])
    for is_table, said in itertools.groupby(made["said"], lambda line: line.startswith("|")):
        escaped = (re.sub(r"([\\`*_\[\]<>])", r"\\\1", line) for line in said)
        yield from escaped if is_table else (f"- {line}" for line in escaped)
        yield ""
    if "note" in made:
        yield from (made["note"], "")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("gallery", Gallery)
    return {"parallel_read_safe": True}
