"""Runs Python's own tools, pip and compileall, so that only the settings of downloads change what they do."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

from aitrail.errors import AitrailError

# The settings of pip that may apply: from where to download, and how. Others, such as `user = true`, would change the
# result, or make pip fail.
_OF_DOWNLOADS = {
    *("index-url", "pypi-url", "extra-index-url", "no-index", "find-links", "trusted-host", "keyring-provider"),
    *("proxy", "cert", "client-cert", "timeout", "default-timeout", "retries", "cache-dir", "no-cache-dir"),
}
# The later ones take precedence.
_SECTIONS = ("global", "install", ":env:")
_CREDENTIALS_OF_URL = re.compile(r"(?<=//)[^\s'\"]*@")
# pip also takes proxies without a scheme.
_CREDENTIALS = re.compile(r"[^\s'\"=/]+:[^\s'\"/]+@")


class ToolError(AitrailError):
    """pip or compileall failed; the message is what it wrote, without credentials."""


def install(requirements: Path, output: Path, *options: str) -> None:
    """Installs pinned wheels into a folder, with more options of pip. Raises ToolError."""
    command = ["pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--require-hashes", "--only-binary=:all:", "--no-compile", *options]
    command += ["--requirement", str(requirements), "--target", str(output)]
    _run(command, _pip_environment())


def compile_all(folder: Path, *, installed_at: str) -> None:
    """Compiles all modules, by content and not by time, so that the same sources give the same bytecode.

    Raises ToolError if one cannot be compiled.
    """
    command = ["compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    # Sets in bytecode are in the order of hashes.
    _run([*command, "-s", str(folder), "-p", installed_at, str(folder)], {**os.environ, "PYTHONHASHSEED": "0"})


def _run(command: list[str], environment: dict[str, str]) -> str:
    """What a module of Python writes to stdout. Raises ToolError if it fails."""
    # Like -I, which would also ignore the seed of hashes: PYTHONOPTIMIZE, PYTHONWARNINGS and others change the result.
    kept = {
        name: value for name, value in environment.items() if not name.startswith("PYTHON") or name == "PYTHONHASHSEED"
    }
    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-P", "-s", "-m", *command], env=kept, capture_output=True, text=True, check=False
    )
    if ran.returncode:
        raise ToolError(_without_credentials(ran.stderr.strip() or ran.stdout.strip() or f"code {ran.returncode}"))
    return ran.stdout


def _without_credentials(text: str) -> str:
    return _CREDENTIALS.sub("***@", _CREDENTIALS_OF_URL.sub("***@", text))


def _pip_environment() -> dict[str, str]:
    """The environment in which pip has only the settings of downloads, of the environment and of its files.

    Raises ToolError.
    """
    others = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    given = {name: value for name, value in os.environ.items() if _is_of_downloads(name) or name == "PIP_CONFIG_FILE"}
    # A quiet pip lists nothing.
    audible = {"PIP_QUIET": "0", "PIP_VERBOSE": "0"}
    found: dict[tuple[str, str], str] = {}
    for line in _run(["pip", "config", "list"], others | given | audible).splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in _SECTIONS and name in _OF_DOWNLOADS:
            found[section, name] = ast.literal_eval(value)
    chosen = {name: value for each in _SECTIONS for (section, name), value in found.items() if section == each}
    settings = {f"PIP_{name.upper().replace('-', '_')}": value for name, value in chosen.items()}
    return others | settings | {"PIP_CONFIG_FILE": os.devnull}


def _is_of_downloads(variable: str) -> bool:
    return variable.startswith("PIP_") and variable[4:].lower().replace("_", "-") in _OF_DOWNLOADS
