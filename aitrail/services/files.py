"""The service files of a folder that a user names, which may hold anything."""

import stat
from pathlib import Path

from aitrail.services.checks import RegistryError

# Far above any service: the longest of aitrail's own files has 7 KB.
_MOST_BYTES = 256 * 1024
_MOST_FILES = 100


def service_files(folder: Path) -> dict[str, bytes]:
    """The content of every `*.toml` file of the folder, by its name, in order. Raises RegistryError.

    The files have to be regular ones, so that what is deployed is in the folder.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix == ".toml")
    except (OSError, ValueError) as error:  # a name cannot have a null character
        raise RegistryError(
            f"The folder of service files {folder} cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from error
    if not paths:
        raise RegistryError(f"{folder} has no *.toml file; it needs one for each service, such as bedrock.toml")
    if len(paths) > _MOST_FILES:
        raise RegistryError(f"{folder} has {len(paths):,} *.toml files; it must have at most {_MOST_FILES}")
    return {path.name: _content(path) for path in paths}


def _content(path: Path) -> bytes:
    try:
        mode = path.lstat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a symbolic link" if stat.S_ISLNK(mode) else "no regular file"
            raise RegistryError(f"{path} is {kind}; put the service file itself there")
        with path.open("rb") as stream:
            content = stream.read(_MOST_BYTES + 1)
    except OSError as error:
        raise RegistryError(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > _MOST_BYTES:
        raise RegistryError(f"{path} has more than {_MOST_BYTES // 1024} KB; a service file has a few")
    return content
