"""Explain words at their first use on a page, and list them at its end."""

import dataclasses
import re

from markupsafe import Markup, escape

from jaxunlearn.reporting.page.terms import TERMS, Term


@dataclasses.dataclass(frozen=True)
class Entry:
    """A word that a page used: its number from 0, which is in its ids, and the term."""

    number: int
    term: Term


class Glossary:
    """Marks the first use of each term on one page, in the order in which the page is written.

    A mark is a link to the list at the end. The style shows its `data-tip` under the pointer and the focus.

    Args:
      terms: words to explain.
    """

    def __init__(self, terms: tuple[Term, ...] = TERMS):
        self._terms = terms
        self._spelling = re.compile(
            "|".join(rf"(?P<t{number}>\b(?:{term.spelling})\b)" for number, term in enumerate(terms))
        )
        self._used: dict[int, None] = {}

    def explain(self, text: str) -> Markup:
        """Return a text, escaped, with a mark on each term that the page has not used before."""
        parts, end = [], 0
        for match in self._spelling.finditer(text):
            number = int(str(match.lastgroup)[1:])
            if number not in self._used:
                self._used[number] = None
                parts += [escape(text[end : match.start()]), self._mark(number, match.group())]
                end = match.end()
        return Markup("").join([*parts, escape(text[end:])])

    def _mark(self, number: int, word: str) -> Markup:
        return Markup('<a class="term" id="use-{0}" href="#term-{0}" data-tip="{1}">{2}</a>').format(
            number, self._terms[number].meaning, word
        )

    @property
    def used(self) -> list[Entry]:
        """The terms that were marked so far, by name."""
        entries = [Entry(number, self._terms[number]) for number in self._used]
        return sorted(entries, key=lambda entry: entry.term.name.casefold())
