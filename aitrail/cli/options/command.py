"""Commands whose --help shows their options under headings."""

import gc
from collections.abc import Callable, Collection
from typing import Any

import click
from click.core import ParameterSource

from aitrail.cli.options.config import ConfiguredContext
from aitrail.cli.options.offering import OFFERS

_LAST = "Options"


_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


class _FromEnvironment(click.Option):
    """An option that a variable of the environment can set; an error of its value names the one that set it."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """The value of the variable; one that is blank counts as unset."""
        return (super().resolve_envvar_value(ctx) or "").strip() or None

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """The variable if it has the value, otherwise the option."""
        is_from_variable = ctx and ctx.get_parameter_source(self.name or "") is ParameterSource.ENVIRONMENT
        # Not Option's, which names the variable in either case.
        return f"'{self.envvar}'" if is_from_variable else click.Parameter.get_error_hint(self, ctx)


class Command(click.Command):
    """A command of aitrail, whose options are added with `option` under a heading."""

    context_class = ConfiguredContext

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parses the options; --config is one of all commands, and belongs before their names."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.option_name != "--config":
                raise
            raise click.UsageError(
                f"Put --config before the command: aitrail --config FILE {ctx.info_name} …"
            ) from error

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 (click's signature)
        """Runs the command."""
        if not gc.isenabled():  # since `main`
            gc.freeze()  # what has been imported stays, so the collector need not scan it every time
            gc.enable()
        return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the options, with headings in order of first occurrence; --help is last."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record:
                sections.setdefault(getattr(parameter, "section", _LAST), []).append(record)
        sections[_LAST] = sections.pop(_LAST)
        for section, records in sections.items():
            with formatter.section(section):
                formatter.write_dl(records)


def repeated(name: str, text: str) -> str:
    """The end of an error message that refuses comma-separated values: how to give several values."""
    values = [each.strip() for each in text.split(",")]
    is_list = len(values) > 1 and all(values)
    return (
        f" For several values, repeat the option: {' '.join(f'{name} {each}' for each in values)}." if is_list else ""
    )


def option(section: str, *names: str, **settings: Any) -> _Decorator:  # noqa: ANN401 (click's)
    """An option under a heading: click.option with an additional argument; OFFERS has completions by its name.

    Its help shows the variable `envvar` that can set it, if there is one.
    """
    if "envvar" in settings:
        settings |= {"cls": _FromEnvironment, "show_envvar": True}
    offer = settings.pop("shell_complete", None) or OFFERS.get(names[0])

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        decorated = click.option(*names, shell_complete=offer, **settings)(command)
        decorated.__click_params__[-1].section = section  # type: ignore[attr-defined]
        return decorated

    return add


def variables_in_use(context: click.Context | None, names: Collection[str]) -> str:
    """A sentence, after a space, about the variables that set parameters with these names; empty if none does."""
    found = [
        str(each.envvar)
        for each in (context.command.params if context else ())
        if each.name in names and context and context.get_parameter_source(each.name) is ParameterSource.ENVIRONMENT
    ]
    return f" {' and '.join(found)} {'is' if len(found) == 1 else 'are'} set." if found else ""


def verbose_option(text: str) -> _Decorator:
    """Adds -v; the command gets it as `verbose`."""
    return option("Where", "-v", "--verbose", is_flag=True, help=text)
