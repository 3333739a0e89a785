"""The command line as a tree of parts, read off its parser: completion scripts and the manual page are made from it."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

from app.cli import parser


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A command, or a group of them: its words after `kaoji`, what it is for, what it takes and what it leads to."""

    path: tuple[str, ...]
    about: str
    usage: str
    options: tuple[argparse.Action, ...]
    arguments: tuple[argparse.Action, ...]
    commands: tuple["Part", ...]

    def all(self) -> Iterator["Part"]:
        """This part and every part below it, in their order."""
        yield self
        for part in self.commands:
            yield from part.all()

    @property
    def words(self) -> tuple[tuple[str, str], ...]:
        """What may be written next, each with what it is for: commands, choices, options."""
        commands = [(part.path[-1], part.about) for part in self.commands]
        choices = [(str(choice), action.help or "") for action in self.arguments for choice in action.choices or ()]
        options = [(max(action.option_strings, key=len), action.help or "") for action in self.options]
        return (*commands, *choices, *options)


def tree() -> Part:
    """The whole command line."""
    return _part(parser(), (), "")


def _part(of: argparse.ArgumentParser, path: tuple[str, ...], about: str) -> Part:
    actions = of._actions  # noqa: SLF001  argparse has no public way to ask a parser what it takes
    below = next((action for action in actions if isinstance(action, argparse._SubParsersAction)), None)  # noqa: SLF001  as above
    told = {action.dest: action.help or "" for action in below._choices_actions} if below else {}  # noqa: SLF001  as above
    seen = [action for action in actions if action.help != argparse.SUPPRESS and action is not below]
    return Part(
        path=path,
        about=about,
        usage=of.format_usage().removeprefix("用法：").strip(),
        options=tuple(action for action in seen if action.option_strings),
        arguments=tuple(action for action in seen if not action.option_strings),
        commands=tuple(
            _part(sub, (*path, name), told.get(name, "")) for name, sub in (below.choices if below else {}).items()
        ),
    )
