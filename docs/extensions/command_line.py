"""The directive `command-line`: a section for each subcommand, written from the parsers themselves."""

import argparse
from collections.abc import Iterator

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from jaxunlearn.cli.main import parser


class CommandLine(SphinxDirective):
    """Writes what `jaxunlearn COMMAND --help` says of every command."""

    def run(self) -> list[nodes.Node]:
        """Return a section for each subcommand."""
        text = "\n".join(line for name, command in _commands() for line in _section(name, command))
        return self.parse_text_to_nodes(text, allow_section_headings=True)


def _commands() -> list[tuple[str, argparse.ArgumentParser]]:
    """Return name and parser of each subcommand, in the order of `--help`."""
    actions = parser()._actions
    subcommands = next(action for action in actions if isinstance(action, argparse._SubParsersAction))
    return list(subcommands.choices.items())


def _section(name: str, command: argparse.ArgumentParser) -> Iterator[str]:
    """Yield reStructuredText about one subcommand."""
    yield from ("", f"jaxunlearn {name}", "-" * (11 + len(name)), "", f".. program:: jaxunlearn {name}", "")
    yield from _escaped(command.description or "").splitlines()
    yield from ("", ".. code-block:: text", "", *_indented(command.format_usage(), 3), "")
    for group in command._action_groups:
        actions = [action for action in group._group_actions if action.help != argparse.SUPPRESS]
        if not actions:
            continue
        title = (group.title or "").capitalize()
        yield from (f".. rubric:: {title}", "", _escaped(group.description or ""), "")
        for action in actions:
            yield from _argument(command, action)
    yield from _epilog(command.epilog or "")


def _argument(command: argparse.ArgumentParser, action: argparse.Action) -> Iterator[str]:
    """Yield an `option` directive, or a definition for an argument without dashes."""
    formatter = command._get_formatter()
    said = _escaped(formatter._expand_help(action)) if action.help else ""
    if action.option_strings:
        value = "" if action.nargs == 0 else " " + formatter._format_args(action, _metavar(action))
        names = ", ".join(name + value for name in action.option_strings)
        yield from (f".. option:: {names}", "", f"   {said}", "")
    else:
        shown = formatter._format_args(action, _metavar(action))
        yield from (f"``{shown}``", f"   {said}", "")


def _metavar(action: argparse.Action) -> str:
    if isinstance(action.metavar, str):
        return action.metavar
    if action.choices is not None:
        return "{" + ",".join(map(str, action.choices)) + "}"
    return action.dest.upper()


def _epilog(text: str) -> Iterator[str]:
    """Yield examples as code, and what else stands below the options as text."""
    code: list[str] = []
    for line in [*text.splitlines(), ""]:
        if line.startswith("  jaxunlearn"):
            code.append(line.strip())
            continue
        if code:
            yield from ("", ".. code-block:: console", "", *_indented("\n".join(code), 3), "")
            code = []
        yield (
            _escaped(line.strip()).capitalize()
            if line.strip() in ("example:", "examples:")
            else _escaped(line.strip())
        )
    yield ""


def _indented(text: str, by: int) -> list[str]:
    return [" " * by + line if line else "" for line in text.splitlines()]


def _escaped(text: str) -> str:
    """Return text in which reStructuredText finds no markup, and takes no `FILE:ARGUMENT` for an address."""
    return "".join("\\" + char if char in "\\*`|_:" else char for char in text)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the directive."""
    app.add_directive("command-line", CommandLine)
    return {"parallel_read_safe": True}
