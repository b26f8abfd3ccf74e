"""The profiles in the AWS configuration of this user, without importing the SDK."""

import os
from configparser import Error, RawConfigParser
from pathlib import Path

_FILES = {"AWS_CONFIG_FILE": "~/.aws/config", "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials"}
_PROFILE = "profile "


def known_profiles() -> tuple[str, ...]:
    """Their names, sorted. A file that does not exist or cannot be read has none."""
    return tuple(sorted({name for variable, usual in _FILES.items() for name in _names(variable, usual)}))


def _names(variable: str, usual: str) -> list[str]:
    parser = RawConfigParser(strict=False, default_section="")
    try:
        parser.read(Path(os.environ.get(variable) or usual).expanduser(), encoding="utf-8")
    except (Error, OSError, UnicodeError):
        return []
    is_config = variable == "AWS_CONFIG_FILE"
    sections = [name for name in parser.sections() if not is_config or name == "default" or name.startswith(_PROFILE)]
    return [name.removeprefix(_PROFILE).strip(" \"'") if is_config else name for name in sections]
