"""Explains archived files, which have to be restored in S3 before they can be read."""

from aitrail.cells import counted
from aitrail.cli.output import narrate


def narrate_archived(count: int, bucket: str) -> None:
    """Explains how to restore archived files, if there are any."""
    if count:
        narrate(
            f"{counted(count, 'file')} archived: S3 cannot return them before they are restored. Restore what you need "
            f"(`aws s3api restore-object --bucket {bucket} --key KEY --restore-request Days=7`). The function then "
            "reads it automatically."
        )
