"""Makes folders with files, and files and folders that cannot be read."""

import os

import pytest


def put(folder, *names):
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(str(file))


def locked(path):
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
