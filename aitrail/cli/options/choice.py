"""One of several values, as the type of an option or argument."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from aitrail.cells import printable
from aitrail.cli.options.command import repeated

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# A message that lists more values is hard to read.
_MOST_LISTED = 12


class OneOf(click.Choice[str]):
    """One of several texts, whatever their case; a mistyped one is refused with the text that was probably meant."""

    def __init__(self, choices: tuple[str, ...]) -> None:
        super().__init__(choices, case_sensitive=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401
        """The value, spelled as in the choices."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            several = repeated(param.opts[0], str(value)) if param and param.multiple else ""
            message = error.message
            if len(self.choices) > _MOST_LISTED:  # the list would hide the advice
                message = f"{printable(str(value))!r} is not one of the {len(self.choices)} values that --help lists."
            raise click.BadParameter(f"{message}{several or self._advice(str(value))}", ctx=ctx, param=param) from error

    def _advice(self, text: str) -> str:
        from aitrail.questions import nearest  # noqa: PLC0415 (would slow down --help)

        meant = nearest(text, self.choices)
        return f" Did you mean {meant!r}?" if meant else ""


class OneOfKnown(click.ParamType[str]):
    """The same for values that depend on the command line, such as those of --service-files."""

    name = "choice"

    def __init__(self, known: Callable[[click.Context], tuple[str, ...]]) -> None:
        self._known = known

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ANN401
        """The value, spelled as in the choices."""
        return OneOf(self._known(ctx or click.get_current_context())).convert(value, param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """The choices that begin with what has been typed."""
        return OneOf(self._known(ctx)).shell_complete(ctx, param, incomplete)
