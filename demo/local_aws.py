"""Runs a local AWS (MiniStack) on 127.0.0.1 during a `with` block, without Docker and network.

All its files are in one temporary folder.
"""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from aitrail.errors import AitrailError
from demo import environments
from demo.certificate import Certificate, self_signed
from demo.processes import last_lines, running

PROJECT = Path(__file__).resolve().parent.parent

_READY_SECONDS = 60.0


class LocalAwsFailedError(AitrailError):
    """The local AWS did not start; the message ends with the last lines of its log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalAws:
    """A running local AWS: its process, its endpoint, its temporary folder, and the environment of commands."""

    process: int
    endpoint: str
    folder: Path
    environment: Mapping[str, str]

    def client(self, service: str, **config: Any) -> Any:  # noqa: ANN401 - the type depends on the service
        """A boto3 client that ignores the user's files and variables; `config` holds arguments of botocore's Config."""
        nothing = (None, None, None, None)
        files = dict.fromkeys(("profile", "config_file", "credentials_file", "ca_bundle"), nothing)
        session = boto3.Session(
            environments.KEY_ID,
            environments.SECRET,
            region_name=environments.REGION,
            botocore_session=botocore.session.Session(session_vars=files),
        )
        return session.client(
            service,  # type: ignore[call-overload]  # the stubs list the services by name
            endpoint_url=self.endpoint,
            verify=self.environment.get("AWS_CA_BUNDLE"),
            config=Config(proxies={}, s3={"addressing_style": "path"}, **config),
        )

    @property
    def log(self) -> str:
        """The server's log so far, including the output of functions."""
        return _log_file(self.folder).read_text(encoding="utf-8", errors="replace")


@contextmanager
def local_aws(*, auth: bool = False) -> Iterator[LocalAws]:
    """Starts a local AWS, waits until it responds, and removes it with its functions and folder after the block.

    With `auth`, it enforces IAM policies and uses TLS with its own certificate. Raises LocalAwsFailedError.
    """
    with tempfile.TemporaryDirectory(prefix="aitrail-local-aws-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        (folder / "home").mkdir()
        certificate = self_signed(folder, address=environments.ADDRESS) if auth else None
        with (
            socket.create_server((environments.ADDRESS, 0)) as listener,
            _server(folder, listener, certificate) as server,
        ):
            port = listener.getsockname()[1]
            listener.close()
            endpoint = f"{'https' if auth else 'http'}://{environments.ADDRESS}:{port}"
            environment = environments.for_commands(folder, endpoint, certificate)
            aws = LocalAws(process=server.pid, endpoint=endpoint, folder=folder, environment=environment)
            _wait_until_ready(aws, server)
            yield aws


@contextmanager
def _server(
    folder: Path, listener: socket.socket, certificate: Certificate | None
) -> Iterator[subprocess.Popen[bytes]]:
    descriptor = listener.fileno()
    with (
        _log_file(folder).open("wb") as log,
        running(
            [sys.executable, "-m", "demo.server", str(descriptor)],
            environment=environments.for_server(folder, listener.getsockname()[1], certificate),
            folder=PROJECT,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            descriptors=(descriptor,),
        ) as server,
    ):
        yield server


def _wait_until_ready(aws: LocalAws, server: subprocess.Popen[bytes]) -> None:
    sts = aws.client("sts", connect_timeout=1, read_timeout=5, retries={"total_max_attempts": 1})
    deadline = time.monotonic() + _READY_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            sts.get_caller_identity()
        except (BotoCoreError, ClientError):
            time.sleep(0.05)
        else:
            return
    what = f"ended with exit code {server.returncode}" if server.poll() is not None else "does not answer"
    raise LocalAwsFailedError(
        f"The local AWS at {aws.endpoint} {what}. The last lines of its log:\n{last_lines(aws.log)}"
    )


def _log_file(folder: Path) -> Path:
    return folder / "server.log"
