"""Help texts whose lines end between words, never at the hyphen within one, as in `--dry-run`."""

from collections.abc import Iterable

import click

# textwrap breaks a line behind a hyphen-minus, and this one looks the same and is none.
_UNBREAKABLE = str.maketrans("-", "\N{NON-BREAKING HYPHEN}")
_BREAKABLE = str.maketrans("\N{NON-BREAKING HYPHEN}", "-")


class WholeWords(click.HelpFormatter):
    """Breaks lines at spaces alone."""

    def write_text(self, text: str) -> None:
        """Write a paragraph."""
        super().write_text(text.translate(_UNBREAKABLE))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names with what they mean."""
        super().write_dl([(name, text.translate(_UNBREAKABLE)) for name, text in rows], col_max, col_spacing)

    def getvalue(self) -> str:
        """Give what was written, with the hyphens that it had."""
        return super().getvalue().translate(_BREAKABLE)


class HelpContext(click.Context):
    """The context of a command whose help keeps words whole."""

    formatter_class = WholeWords
