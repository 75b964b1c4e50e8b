"""Pages of the docs, taken apart: code blocks, commands, links and headings."""

import dataclasses
import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")])

_FENCE = re.compile(r"^( *)(`{3,})(\S*)[^\n]*\n(.*?)^ *\2`* *$", re.MULTILINE | re.DOTALL)
_NOT_RUN = re.compile(r"<!-- not run: [^>]*\S -->\s*\Z")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.*?) *$", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes:
      page: file that it is in.
      line: its first line of code, counted from 1.
      language: as after the fence.
      code: its content.
      runs: False if a comment before it gives the reason why it does not run.
    """

    page: Path
    line: int
    language: str
    code: str
    runs: bool


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            page,
            text.count("\n", 0, match.start(4)) + 1,
            match[3],
            match[4],
            runs=_NOT_RUN.search(text, 0, match.start()) is None,
        )
        for match in _FENCE.finditer(text)
    ]


def commands(text: str) -> list[list[str]]:
    """Return the arguments of each `jaxunlearn` command in lines of a shell."""
    found = []
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        while words:
            end = next((k for k, word in enumerate(words) if word in ("&&", ";", "|")), len(words))
            command, words = words[:end], words[end + 1 :]
            while command and re.fullmatch(r"[A-Z_]+=.*", command[0]):
                command = command[1:]
            if command and Path(command[0]).name == "jaxunlearn":
                found.append(command[1:])
    return found


def links(page: Path) -> list[str]:
    """Return the targets of a page's links to files and headings, without those of other sites."""
    prose = re.sub(r"`[^`\n]*`", "", _FENCE.sub("", page.read_text(encoding="utf-8")))
    return [target for target in _LINK.findall(prose) if "://" not in target]


def anchors(page: Path) -> set[str]:
    """Return what may stand after # in a link to a page: its headings, as GitHub writes them."""
    headings = _HEADING.findall(_FENCE.sub("", page.read_text(encoding="utf-8")))
    found: set[str] = set()
    for heading in headings:
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        copies = sum(
            other == anchor or re.fullmatch(f"{re.escape(anchor)}-\\d+", other) is not None for other in found
        )
        found.add(f"{anchor}-{copies}" if copies else anchor)
    return found
