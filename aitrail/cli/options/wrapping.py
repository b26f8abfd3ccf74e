"""Wraps help texts only between words, never at the hyphen within a word such as `--dry-run`."""

from collections.abc import Iterable

import click

# textwrap breaks lines after a hyphen-minus, but not after this character, which looks the same.
_UNBREAKABLE = str.maketrans("-", "\N{NON-BREAKING HYPHEN}")
_BREAKABLE = str.maketrans("\N{NON-BREAKING HYPHEN}", "-")


class WholeWords(click.HelpFormatter):
    """Breaks lines only at spaces."""

    def write_text(self, text: str) -> None:
        """Writes a paragraph."""
        super().write_text(text.translate(_UNBREAKABLE))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Writes names with their meanings."""
        super().write_dl([(name, text.translate(_UNBREAKABLE)) for name, text in rows], col_max, col_spacing)

    def getvalue(self) -> str:
        """The text written, with its original hyphens."""
        return super().getvalue().translate(_BREAKABLE)


class HelpContext(click.Context):
    """The context of a command whose help keeps words whole."""

    formatter_class = WholeWords
