import subprocess
import sys

import pytest

import aitrail

IMPORTS = {
    "the package": ("import aitrail", {"boto3", "botocore", "sqlite3", "click", "rich"}),
    "the store": ("from aitrail import EventStore", {"boto3", "botocore", "sqlite3", "click", "rich", "pyarrow"}),
    "log files": ("import aitrail; aitrail.EventStore.read('.').event('x')", {"boto3", "botocore", "click", "rich"}),
}


@pytest.mark.parametrize(("statement", "heavy"), IMPORTS.values(), ids=IMPORTS)
def test_nothing_is_imported_that_is_not_needed(statement, heavy, tmp_path):
    root = aitrail.__file__.removesuffix("aitrail/__init__.py")
    program = f"import sys; sys.path.insert(0, {root!r}); {statement}; print(*{heavy} & set(sys.modules))"

    shown = subprocess.check_output([sys.executable, "-c", program], text=True, cwd=tmp_path)  # noqa: S603 - ours

    assert shown == "\n"


def test_the_package_has_nothing_else():
    with pytest.raises(AttributeError, match="module 'aitrail' has no attribute 'EventStor'"):
        _ = aitrail.EventStor
