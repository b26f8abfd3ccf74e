"""Archived files, which S3 does not hand out, and how to have them read."""

from aitrail.cells import counted
from aitrail.cli.output import narrate


def narrate_archived(count: int, bucket: str) -> None:
    """Tell how archived files are read, if there are any."""
    if count:
        narrate(
            f"{counted(count, 'file')} archived, which S3 does not hand out. Restore what is needed (`aws s3api "
            f"restore-object --bucket {bucket} --key KEY --restore-request Days=7`): it is read when S3 announces it."
        )
