"""The configuration file on the command line: --config, and its defaults for options, read when they are needed.

An option counts more than its environment variable, that more than the file, and the file more than the default that
--help shows. AWS's variables name a Region and credentials as well, so they count more than the file, too.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aitrail.cli.options.wrapping import HelpContext
from aitrail.errors import AitrailError

if TYPE_CHECKING:
    from aitrail.config import Config
    from aitrail.questions import Naming

VARIABLE = "AITRAIL_CONFIG"
# Keys in ctx.meta of the path that was given, and of the content.
_PATH = "aitrail.config path"
_CONFIG = "aitrail.config"
# Of AWS: if one of them is set, the file's default does not count.
_OF_AWS = {
    "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    "profile": ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID"),
}
# The command that runs questions; it is no question itself.
ASK = "ask"


def config_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --config, which `config_of` reads."""

    def remembered(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
        context.meta[_PATH] = value if value and value.strip() else None  # a blank variable counts as unset

    return click.option(
        "--config",
        metavar="FILE",
        envvar=VARIABLE,
        show_envvar=True,
        expose_value=False,
        callback=remembered,
        help="The configuration file: defaults of options, teams, networks, saved questions.  [default: "
        "~/.config/aitrail/config.toml; macOS: ~/Library/Application Support/aitrail/config.toml]",
    )(command)


def config_of(context: click.Context) -> "Config":
    """The configuration of the command, which is read once; empty if there is no file. Raises ConfigError."""
    if _CONFIG not in context.meta:
        context.meta[_CONFIG] = _read(context)
    config: Config = context.meta[_CONFIG]
    return config


def naming_of(context: click.Context) -> "Naming":
    """The names of teams and networks. Raises ConfigError."""
    return config_of(context).naming


def config_path(context: click.Context) -> str | None:
    """The path of the configuration file, which need not exist; None if there is no place for it."""
    from aitrail.config import usual_path  # noqa: PLC0415 (would slow down --help)

    given: str | None = context.meta.get(_PATH)
    usual = usual_path()
    return given or (str(usual) if usual else None)


def _read(context: click.Context) -> "Config":
    from aitrail.cli.output import FORMATS  # noqa: PLC0415 (would slow down --help)
    from aitrail.config import Config  # noqa: PLC0415

    path = config_path(context)
    # Of a folder that nobody may look into, nobody knows whether it has the file.
    if path is None or (context.meta.get(_PATH) is None and not os.path.lexists(path)):
        return Config()
    group = context.find_root().command
    commands = group.list_commands(context) if isinstance(group, click.Group) else []
    return Config.read(Path(path), commands=[name for name in commands if name != ASK] or None, formats=FORMATS)


class ConfiguredContext(HelpContext):
    """The context of a command whose options have defaults in the configuration file."""

    def lookup_default(self, name: str, call: bool = True) -> Any:  # noqa: ANN401, FBT001, FBT002 (click's signature)
        """The default of a parameter, as click asks for it; --help shows the usual ones."""
        if not call:
            return super().lookup_default(name, call=False)
        from aitrail.config import DEFAULTS  # noqa: PLC0415 (would slow down --help)

        parameters = (each for each in self.command.params if each.name == name)
        found = next(((each, opt[2:]) for each in parameters for opt in each.opts if opt[2:] in DEFAULTS), None)
        if found is None:
            return super().lookup_default(name)
        try:
            return _fitting(config_of(self), *found)
        except (AitrailError, click.UsageError):
            if self.resilient_parsing:  # completion
                return None
            raise


def _fitting(config: "Config", parameter: click.Parameter, option: str) -> Any:  # noqa: ANN401 (a value of an option)
    """The file's values for an option, as far as they suit it."""
    values = config.defaults.get(option, ())
    if not values or any(os.environ.get(variable) for variable in _OF_AWS.get(option, ())):
        return None
    if isinstance(parameter.type, click.Choice) and not {*values} <= {*parameter.type.choices}:
        return None  # not every command has every format
    if parameter.multiple:
        return values
    if len(values) > 1:
        raise click.UsageError(
            f"{config.path}: {option} has several values, and this command takes one: give it with --{option}."
        )
    return values[0]
