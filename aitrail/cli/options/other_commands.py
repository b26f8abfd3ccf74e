"""Other commands on the command line, with their options: they are parsed, and not run."""

import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import click

from aitrail.deliveries import S3, BadUrlError, bucket_and_key


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """A command, the options it is given, in every spelling, and the buckets of paths and files in S3, and of bills."""

    name: str
    options: frozenset[str] = frozenset()
    buckets: tuple[str, ...] = ()
    bill_buckets: tuple[str, ...] = ()


def command_lines(context: click.Context, words: Iterable[str], *, others: Collection[str]) -> Iterator[CommandLine]:
    """The commands that `words` are: each word is a command, a command with options, or an option of the one before.

    `others` are names that count as commands without options. Raises click.UsageError.
    """
    root = context.find_root()
    group = cast("click.Group", root.command)
    names = (*group.list_commands(root), *others)
    for name, *arguments in _separate(words, names):
        if name not in names:
            raise click.NoSuchCommand(name, possibilities=names, ctx=context)
        command = None if name in others else group.get_command(root, name)
        yield _parsed(command or click.Command(name), arguments, context)


def _separate(words: Iterable[str], names: Collection[str]) -> list[list[str]]:
    """The words of each command."""
    found: list[list[str]] = []
    for word in words:
        try:
            parts = shlex.split(word)
        except ValueError as error:
            raise click.UsageError(f"{word!r}: {error}.") from error
        # What follows an option is its value, unless it is a command.
        is_further = bool(found) and (
            word.startswith(("-", S3)) or (found[-1][-1].startswith("-") and word not in names)
        )
        if is_further and parts:
            found[-1] += parts
        else:
            found.append(parts or [word])
    return found


def _parsed(command: click.Command, arguments: Sequence[str], context: click.Context) -> CommandLine:
    own = click.Context(command, info_name=command.name, parent=context.find_root())
    values, rest, given = command.make_parser(own).parse_args(args=list(arguments))
    if rest:
        raise click.UsageError(f"`aitrail {command.name}` takes no {rest[0]!r}.", ctx=context)
    named = {kind: [each for each in given if is_one(each)] for kind, is_one in _PATHS.items()}
    options = {name for parameter in given if isinstance(parameter, click.Option) for name in parameter.opts}
    try:
        buckets = {kind: _buckets(values.get(each.name or "") for each in of) for kind, of in named.items()}
    except BadUrlError as error:
        raise click.UsageError(str(error), ctx=context) from error
    return CommandLine(name=str(command.name), options=frozenset(options), **buckets)


# The parameters that name log files and other objects, and those that name bills.
_PATHS: dict[str, Callable[[click.Parameter], bool]] = {
    "buckets": lambda parameter: isinstance(parameter, click.Argument) or "--from" in parameter.opts,
    "bill_buckets": lambda parameter: "--bill" in parameter.opts,
}


def _buckets(values: Iterable[object]) -> tuple[str, ...]:
    paths = (path for value in values for path in _flat(value))
    return tuple(dict.fromkeys(bucket_and_key(each)[0] for each in paths if each.startswith(S3)))


def _flat(value: Any) -> list[str]:  # noqa: ANN401 (a text, several, or none)
    return [value] if isinstance(value, str) else list(value) if isinstance(value, list | tuple) else []
