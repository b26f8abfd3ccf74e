"""Paths of log files on the command line."""

import sys
from typing import Any, TextIO

import click

from aitrail.deliveries import S3, BadUrlError, bucket_and_key


class _Path(click.Path):
    """An existing file or folder, - for standard input, or a URL in S3."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ANN401
        stdin: TextIO | None = sys.stdin
        if value == "-" and stdin is None:
            self.fail("standard input is closed.", param, ctx)
        if not str(value).startswith(S3):
            return super().convert(value, param, ctx)
        try:
            bucket_and_key(value)
        except BadUrlError as error:
            self.fail(str(error), param, ctx)
        return value


PATH = _Path(exists=True, readable=False, allow_dash=True)
BILL_PATH = _Path(exists=True, readable=False)


def further(path: str) -> str:
    """A path that follows the path of --from, validated in the same way."""
    try:
        return str(PATH.convert(path, None, None))
    except click.BadParameter as error:
        error.param_hint = "'--from'"
        raise
