"""Explains archived files, which have to be restored in S3 before they can be read."""

from aitrail.cells import counted
from aitrail.cli.output import narrate


def narrate_archived(count: int, bucket: str) -> None:
    """Explains how to restore archived files, if there are any."""
    if count:
        narrate(
            f"{counted(count, 'file')} archived, which S3 does not hand out. Restore what is needed (`aws s3api "
            f"restore-object --bucket {bucket} --key KEY --restore-request Days=7`): it is read when S3 announces it."
        )
