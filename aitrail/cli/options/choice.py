"""One of several values, as the type of an option or argument."""

from typing import Any

import click

from aitrail.cli.options.command import repeated


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
            advice = several or self._advice(str(value))
            raise click.BadParameter(f"{error.message}{advice}", ctx=ctx, param=param) from error

    def _advice(self, text: str) -> str:
        from aitrail.questions import nearest  # noqa: PLC0415 (would slow down --help)

        meant = nearest(text, self.choices)
        return f" Did you mean {meant!r}?" if meant else ""
