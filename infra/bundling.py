"""Bundles the function's code: aitrail and the handler, with pinned wheels that pip downloads for its platform.

No compiler and no container are needed: every package has a wheel for every platform (`--only-binary`). The code is the
same byte for byte, with the same modes, whatever the umask, the user, the folder and the configuration of pip.
"""

import hashlib
import os
import platform as machine
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import jsii
from aws_cdk import AssetHashType, BundlingOptions, ILocalBundling
from aws_cdk import aws_lambda as lambda_

from aitrail.cells import printable
from aitrail.digests import InvalidKeysError, read_keys
from aitrail.errors import AitrailError
from aitrail.services import Registry, RegistryError, load, service_files
from infra import python_tools
from infra.python_tools import ToolError, compile_all, install
from infra.settings import Settings

ROOT = Path(__file__).parent.parent
RUNTIME = lambda_.Runtime.PYTHON_3_14

# lambdas/ingest/wiring.py reads it.
_PUBLIC_KEYS = "lambdas/ingest/public-keys.json"
# Where the function has all service files.
_SERVICES_FOLDER = "aitrail/services"
_HANDLER = ("lambdas", "lambdas/ingest")
_REQUIREMENTS = Path("lambdas/ingest/requirements.txt")
# AWS Lambda's platforms in pip's terms: glibc 2.17 or later, by architecture.
_PYTHON = RUNTIME.name.removeprefix("python")
_LAMBDA = {
    architecture: ("--platform", f"manylinux2014_{machine_}", "--implementation", "cp", "--python-version", _PYTHON)
    for architecture, machine_ in {"arm64": "aarch64", "x86_64": "x86_64"}.items()
}
# A function has no terminal: the command line of aitrail and its dependencies is left out, and so are notes.
_LEFT_OUT = {"cli", "__pycache__"}
# What the packages consist of: modules, and the tables that they read. Anything else is of an editor or a developer.
_SHIPPED = {".py", ".toml"}
# CDK zips files with the modes that they have, and Lambda imports only what everybody may read.
_FILE_MODE, _FOLDER_MODE = 0o644, 0o755
# The first time that a zip file can have.
_TIME = 315532800

# The services for which the function creates clients. The models of the other 400 services take 23 MB, and botocore
# searches their folders before it creates the first client.
_SERVICES = {"cloudtrail", "dynamodb", "s3", "secretsmanager", "sqs"}


class BundlingError(AitrailError):
    """The function's code cannot be bundled: packages, sources or what settings add are not valid or cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """The code for one `platform`, an architecture of AWS Lambda or host, built from the project at `root`.

    `public_keys` is a file of CloudTrail's public keys (aitrail:publicKeys), if any, and `service_files` a folder of
    the user's own service files (aitrail:serviceFiles); their paths are relative to the current folder.
    """

    platform: str
    root: Path = ROOT
    public_keys: Path | None = None
    service_files: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The code that the settings choose."""
        return cls(
            platform=settings.architecture if settings.platform == "lambda" else settings.platform,
            public_keys=Path(settings.public_keys) if settings.public_keys else None,
            service_files=Path(settings.service_files) if settings.service_files else None,
        )

    @property
    def architecture(self) -> lambda_.Architecture:
        """The architecture on which the function can import the wheels."""
        name = machine.machine().lower() if self.platform == "host" else self.platform
        arm = name in {"arm64", "aarch64"}
        return lambda_.Architecture.ARM_64 if arm else lambda_.Architecture.X86_64

    def code(self) -> lambda_.Code:
        """The asset, which is built at synth unless one with the same fingerprint already exists.

        Raises BundlingError.
        """
        return lambda_.Code.from_asset(
            str(self.root / "lambdas"),
            asset_hash_type=AssetHashType.CUSTOM,
            asset_hash=self.fingerprint(),
            bundling=BundlingOptions(image=RUNTIME.bundling_image, local=_LocalBundling(self)),
        )

    def fingerprint(self) -> str:
        """A hash of everything that determines the asset. CDK's hash would not cover pip's options and `aitrail`."""
        digest = hashlib.sha256()
        host = () if self.platform != "host" else (sysconfig.get_platform(), sys.version)
        for part in (*self._pip_options, *host, f"compiled: {self.is_compiled}"):
            digest.update(part.encode() + b"\0")
        if (keys := self._keys()) is not None:
            digest.update(f"{_PUBLIC_KEYS}\0{len(keys)}\0".encode() + keys)
        for name, content in self._own_services().items():
            digest.update(f"{_SERVICES_FOLDER}/{name}: own\0{len(content)}\0".encode() + content)
        makers = [Path(__file__), Path(python_tools.__file__)]
        for path in (*makers, self.root / _REQUIREMENTS, *self._sources()):
            content = path.read_bytes()
            name = path.name if path in makers else path.relative_to(self.root).as_posix()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()

    @property
    def is_compiled(self) -> bool:
        """Whether the asset contains bytecode, which spares cold starts; it needs the function's version of Python."""
        return self.platform == "host" or sys.version_info[:2] == tuple(map(int, _PYTHON.split(".")))

    def write_to(self, output: Path) -> None:
        """Writes the code to the folder `output`. Raises BundlingError."""
        self._install(output)
        for path in self._sources():
            target = output / path.relative_to(self.root)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        if (keys := self._keys()) is not None:
            (output / _PUBLIC_KEYS).write_bytes(keys)
        for name, content in self._own_services().items():
            (output / _SERVICES_FOLDER / name).write_bytes(content)
        if self.is_compiled:
            _compile(output)
        _normalize(output)

    def _keys(self) -> bytes | None:
        """The content of the file of public keys. Raises BundlingError if the function could not read it."""
        if self.public_keys is None:
            return None
        try:
            content = self.public_keys.read_bytes()
            read_keys(content)
        except (OSError, InvalidKeysError) as error:
            raise BundlingError(f"aitrail:publicKeys is {printable(str(self.public_keys))}: {error}") from error
        return content

    @property
    def registry(self) -> Registry:
        """The registry of the function. Raises BundlingError if a service file is not valid."""
        try:
            return load(self.service_files)
        except RegistryError as error:
            raise BundlingError(f"aitrail:serviceFiles: {printable(str(error))}.") from error

    def _own_services(self) -> dict[str, bytes]:
        """The user's own service files by name, once they have proved valid. Raises BundlingError."""
        return service_files(self.service_files) if self.registry.folder and self.service_files else {}

    @property
    def _pip_options(self) -> tuple[str, ...]:
        return _LAMBDA.get(self.platform, ())

    def _sources(self) -> Iterator[Path]:
        """The project's own files in the asset, in a fixed order."""
        folders = (self.root / "aitrail").rglob("*"), *((self.root / each).glob("*.py") for each in _HANDLER)
        for paths in folders:
            yield from (path for path in sorted(paths) if path.is_file() and _ships(path.relative_to(self.root)))

    def _install(self, output: Path) -> None:
        try:
            install(self.root / _REQUIREMENTS, output, *self._pip_options)
        except ToolError as error:
            raise BundlingError(
                f"pip could not bundle {_REQUIREMENTS} for the platform {self.platform}. It needs the package index: "
                f"PIP_INDEX_URL and the settings of downloads in pip's own configuration apply. Output of pip:\n{error}"
            ) from error
        _forget_other_services(output / "botocore/data")
        # The first line of a script names this machine's interpreter, which is useless there and varies by machine. So
        # do the hashes of scripts in RECORD, which only pip reads.
        shutil.rmtree(output / "bin", ignore_errors=True)
        for record in output.glob("*.dist-info/RECORD"):
            record.unlink()


def _compile(output: Path) -> None:
    try:
        compile_all(output, installed_at="/var/task")
    except ToolError as error:
        raise BundlingError(f"The function's code cannot be compiled:\n{error}") from error


def _ships(inside: Path) -> bool:
    """Whether a file of the project, by its path inside it, belongs to the function."""
    is_hidden = any(part.startswith(".") for part in inside.parts)
    return inside.suffix in _SHIPPED and not is_hidden and not _LEFT_OUT.intersection(inside.parts)


def _normalize(output: Path) -> None:
    """Gives all files and folders the modes and the time that they always have."""
    for path in (output, *output.rglob("*")):
        path.chmod(_FOLDER_MODE if path.is_dir() else _FILE_MODE)
        os.utime(path, (_TIME, _TIME))


def _forget_other_services(descriptions: Path) -> None:
    for path in descriptions.glob("*/"):
        if path.is_dir() and path.name not in _SERVICES:
            shutil.rmtree(path)


@jsii.implements(ILocalBundling)
class _LocalBundling:
    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle

    def try_bundle(self, output_dir: str, *_: Any, **__: Any) -> bool:  # noqa: ANN401 - CDK's options
        """Writes the code to CDK's folder. False would mean "try Docker", so this either succeeds or raises."""
        self._bundle.write_to(Path(output_dir))
        return True
