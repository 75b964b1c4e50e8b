"""Write docs/reference/glossary.md, the words that the pages of runs explain.

python tools/glossary_page.py
"""

from pathlib import Path

from jaxunlearn.reporting.page.terms import TERMS, Term

HEAD = """\
# Words

These words stand in the documentation and on the pages of runs, where each page lists its own at its end.

This page is written by `python tools/glossary_page.py`.

| Word | What it means |
| --- | --- |
"""


def page() -> str:
    """Return the page, with the words in order of the alphabet."""
    return HEAD + "".join(map(_row, sorted(TERMS, key=lambda term: term.name.casefold())))


def _row(term: Term) -> str:
    return f"| {term.name} | {term.meaning} |\n"


def main() -> None:
    """Write the page."""
    path = Path(__file__).parents[1] / "docs" / "reference" / "glossary.md"
    path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
