"""The target of a deployment: account, Region, credentials, and the CDK command line that works on it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    InvalidRegionError,
    MissingDependencyException,
    NoCredentialsError,
    ProfileNotFound,
)
from botocore.loaders import create_loader

from aitrail.cells import printable
from aitrail.errors import AitrailError
from infra.assembly import Assembly

PROJECT = Path(__file__).resolve().parent.parent
ASSEMBLY = PROJECT / "cdk.out"
_CDK = PROJECT / "node_modules" / ".bin" / "cdk"
QUICKLY = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 2})
# What AWS says of good credentials in a Region that the account has not enabled, and of bad ones anywhere.
_UNKNOWN_TOKEN = {"InvalidClientTokenId", "UnrecognizedClientException", "AuthFailure"}
# Linux accepts an argument of 128 KiB, with the zero byte at its end.
_LONGEST_ARGUMENT = 128 * 1024 - 1


class StoppedError(AitrailError):
    """The command stopped before its end; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """The CDK's context: `given` on the command line, as text, and `configured` in cdk.json, which the CDK reads."""

    given: Mapping[str, str] = field(default_factory=dict)
    configured: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Sequence[str]) -> Self:
        """The context from cdk.json and from `NAME=VALUE` of the command line. Raises StoppedError, OSError."""
        file = PROJECT / "cdk.json"
        try:
            configured = json.loads(file.read_text()).get("context", {})
            return cls(given=_once(each.partition("=")[::2] for each in given), configured=dict(configured))
        except (ValueError, TypeError, AttributeError) as error:
            raise StoppedError(f"The context cannot be read from {file}: {error}") from error

    @property
    def all(self) -> dict[str, object]:
        """What applies: what is given precedes what is configured."""
        return {**self.configured, **self.given}

    def keeping(self, settings: Mapping[str, str]) -> Self:
        """The context with more settings, as if they were given."""
        return type(self)(given={**self.given, **settings}, configured=self.configured)


def _once(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Names and values. Raises StoppedError if a name has two values, of which the last one would win."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if found.setdefault(name, value) != value:
            raise StoppedError(f"{printable(name)} is given as {printable(found[name])} and as {printable(value)}.")
    return found


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where to deploy, and as whom; `account` and `caller` are those that AWS names."""

    session: boto3.Session
    profile: str | None
    account: str
    caller: str

    @classmethod
    def of(cls, profile: str | None, region: str | None) -> Self:
        """The target of a profile and Region, or of the environment. Raises StoppedError."""
        try:
            # boto3 reads only AWS_DEFAULT_REGION; the CDK also reads AWS_REGION.
            session = boto3.Session(profile_name=profile, region_name=region or os.environ.get("AWS_REGION"))
            if not session.region_name:
                raise StoppedError("No Region is configured: set one with REGION=, for example REGION=eu-central-1.")
            caller = session.client("sts", config=QUICKLY).get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            raise StoppedError(_why_unreachable(error, profile, region)) from error
        return cls(session=session, profile=profile, account=caller["Account"], caller=caller["Arn"])

    @property
    def region(self) -> str:
        """The Region; the session always has one here."""
        return self.session.region_name

    @property
    def partition(self) -> str:
        """The partition of AWS, as AWS names it: botocore knows only those that existed when it was released."""
        return self.caller.split(":")[1]

    def cdk(self, *arguments: str) -> bool:
        """Runs the CDK command line with its output on the terminal; returns whether it succeeded."""
        profile = ("--profile", self.profile) if self.profile else ()
        environment = {**os.environ, "AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}
        environment["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
        command = [str(_CDK), *arguments, *profile, "--no-notices"]
        for argument in command:
            _check_argument(argument)
        return not subprocess.run(command, cwd=PROJECT, env=environment, check=False).returncode  # noqa: S603 - its arguments are the user's own

    def synthesize(self, context: Context, stack: str) -> Assembly:
        """The cloud assembly of a context. Raises StoppedError."""
        # The command line has text only: what cdk.json has, such as false, would arrive there as another value.
        options = [part for name, value in context.given.items() for part in ("--context", f"{name}={value}")]
        if not self.cdk("synth", "--quiet", "--output", str(ASSEMBLY), *options):
            raise StoppedError("`cdk synth` failed; its messages are above.")
        return Assembly.read(ASSEMBLY, stack)

    def client(self, service: str) -> Any:  # noqa: ANN401 - a client of any service
        """A client with the caller's own credentials."""
        session: Any = self.session  # boto3 has one overload per service
        return session.client(service, config=QUICKLY)


def _check_argument(argument: str) -> None:
    """Raises StoppedError if no program can be given this argument."""
    beginning = printable(argument[:60])
    try:
        size = len(os.fsencode(argument))
    except UnicodeEncodeError:
        raise StoppedError(f"This is no text for a command line: {beginning}") from None
    if "\0" in argument:
        raise StoppedError(f"This has a NUL, which a command line cannot have: {beginning}")
    if size > _LONGEST_ARGUMENT:
        raise StoppedError(
            f"This has {size:,} bytes, but a command line accepts {_LONGEST_ARGUMENT:,}: {beginning}... Write the "
            "setting into the context of cdk.json."
        )


def _why_unreachable(error: Exception, profile: str | None, region: str | None) -> str:
    if isinstance(error, InvalidRegionError):
        return f"{error} Name a Region such as eu-central-1 with REGION=."
    if isinstance(error, EndpointConnectionError):
        return f"AWS cannot be reached: {error}. Check the network and the Region: is there a Region of this name?"
    if isinstance(error, MissingDependencyException):
        return f"{error} To use credentials of `aws login`, run .venv/bin/pip install 'botocore[crt]'."
    if (
        isinstance(error, ClientError)
        and error.response["Error"]["Code"] in _UNKNOWN_TOKEN
        and _works_elsewhere(profile, region)
    ):
        return (
            f"The credentials work in other Regions, but not in {region}: the account has not enabled this Region. "
            "Enable it (AWS Account Management, EnableRegion), or choose another one with REGION=."
        )
    if isinstance(error, NoCredentialsError | ProfileNotFound):
        return (
            f"There are no credentials: {error}. Sign in (`aws sso login`, `aws login`, `aws configure`), or set a "
            "profile with PROFILE=."
        )
    return (
        f"AWS does not accept the credentials: {error}. Sign in (`aws sso login`, `aws login`, `aws configure`), or "
        "set a profile with PROFILE=."
    )


def _works_elsewhere(profile: str | None, region: str | None) -> bool:
    session = boto3.Session(profile_name=profile, region_name=region)
    try:
        usual = _always_enabled(session.get_partition_for_region(session.region_name))
        session.client("sts", region_name=usual, config=QUICKLY).get_caller_identity()
    except (BotoCoreError, ClientError):
        return False
    return True


def _always_enabled(partition: str) -> str:
    """A Region that every account of a partition has: that of the partition's global services, as botocore knows it."""
    known = {each["id"]: each for each in create_loader().load_data("partitions")["partitions"]}
    return str(known[partition]["outputs"]["implicitGlobalRegion"])
