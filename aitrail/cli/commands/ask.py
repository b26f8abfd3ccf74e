"""`aitrail ask`: runs a command that is saved in the configuration file under a name."""

import shlex
from collections.abc import Collection, Iterable
from typing import cast

import click
from click.core import ParameterSource

from aitrail.cli.options import Command, config_of, config_path, offer_of, option, output_options
from aitrail.cli.output import Output, narrate
from aitrail.config import SavedQuestion
from aitrail.questions import or_valid

_COLUMNS = ("name", "description", "command")
_EXAMPLE = "[questions.team-cost] with command = 'usage --by team --cost --during last-month'"


def _names(context: click.Context) -> Iterable[str]:
    return config_of(context).questions


# Options behind the name belong to the saved command.
@click.command(cls=Command, context_settings={"allow_interspersed_args": False})
@click.argument("name", required=False, shell_complete=offer_of(_names))
@click.argument("more", nargs=-1, type=click.UNPROCESSED, metavar="[MORE OPTIONS]...")
@option("What to show", "--list", "listed", is_flag=True, help="List the questions, as without NAME.")
@output_options(of="the list of questions")
@click.pass_context
def ask(context: click.Context, *, name: str | None, more: tuple[str, ...], listed: bool, output: Output) -> None:
    """Run a saved question, or list them.

    NAME is that of a question in the configuration file. MORE OPTIONS are added to its command: where an option may be
    given once, the last one counts. The command is shown on stderr, and then runs as if you had entered it, without a
    shell. It may be any command but ask. A command that asks for confirmation still does.

    docs/asking.md describes the configuration file (--config).

    \b
    Examples:
      aitrail ask --list
      aitrail ask team-cost
      aitrail ask team-cost --by service -o csv
    """
    questions = config_of(context).questions
    if name is None:
        _list([*questions.values()], context, output)
        return
    own = [each for each in context.params if each not in ("name", "more")]
    if listed or any(context.get_parameter_source(each) is ParameterSource.COMMANDLINE for each in own):
        raise click.UsageError(f"Put options of the question behind its name: aitrail ask {name} …")
    found = next((each for each in questions.values() if each.name.lower() == name.lower()), None)
    if found is None:
        known = or_valid(name, questions) if questions else f". No question is saved: see aitrail {context.info_name}."
        raise click.UsageError(f"There is no question {name!r}{known}")
    _run(context.find_root(), (*found.words, *more))


def _run(root: click.Context, words: tuple[str, ...]) -> None:
    narrate(f"$ {shlex.join((root.info_name or '', *words))}")
    group = cast("click.Group", root.command)
    command = group.get_command(root, words[0])
    assert command is not None  # noqa: S101 (the configuration is checked)
    with command.make_context(words[0], [*words[1:]], parent=root) as context:
        command.invoke(context)


def _list(questions: Collection[SavedQuestion], context: click.Context, output: Output) -> None:
    rows = [{name: getattr(question, name) for name in _COLUMNS} for question in questions]
    output.write(rows, table=_COLUMNS, csv=_COLUMNS, fold=True)
    if not questions:
        path = config_path(context)
        where = f"the configuration file, {path}" if path else "a configuration file (--config)"
        narrate(f"No question is saved. Questions are in {where}, such as {_EXAMPLE}; docs/asking.md describes it.")
