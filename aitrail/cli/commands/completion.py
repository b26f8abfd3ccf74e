"""`aitrail completion`: prints the script that makes a shell complete commands, options and values."""

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from aitrail.cli.options import Command, OneOf

_SHELLS: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}

_BASH_REPLY = """COMPREPLY+=($value)
            [[ $value == */ ]] && compopt -o nospace 2>/dev/null"""


@click.command(cls=Command)
@click.argument("shell", type=OneOf(tuple(_SHELLS)))
@click.pass_context
def completion(context: click.Context, *, shell: str) -> None:
    """Print a shell completion script.

    With it, the Tab key completes commands, options and values: operations, Regions, profiles, kinds of resources, and
    principals, which are those of the newest calls in the table. They are read in the background at most every ten
    minutes (at most 450 read units), and kept in the folder for caches, in a file that only you can read.

    To install it permanently:

    \b
      bash  add to ~/.bashrc: source <(aitrail completion bash)
      zsh   add to ~/.zshrc, after compinit: source <(aitrail completion zsh)
      fish  run: aitrail completion fish > ~/.config/fish/completions/aitrail.fish

    bash must be version 4.4 or newer; macOS comes with an older one.

    \b
    Examples:
      source <(aitrail completion bash)
      aitrail completion zsh > ~/.zfunc/_aitrail
    """
    parts = _SHELLS[shell](context.find_root().command, {}, "aitrail", "_AITRAIL_COMPLETE")
    # Not parts.source(), which starts bash to check its version: the script may be for another machine.
    script = ShellComplete.source(parts)
    # bash would otherwise end a kind, as in user/, with a space.
    script = script.replace("COMPREPLY+=($value)", _BASH_REPLY)
    # The script for fish would otherwise cut values of --columns at a comma.
    click.echo(script.replace('string split ","', 'string split --max 1 ","'), nl=False)
