"""Temporary AWS errors: throttling, server errors and failed connections."""

from collections.abc import Mapping

# AWS's error codes for throttling.
THROTTLING = (
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
)
_SERVER_ERROR = 500


def code_of(error: BaseException) -> str:
    """AWS's error code; empty for an error that is not from AWS, or whose response has no code."""
    code = _part(_part(getattr(error, "response", None), "Error"), "Code")
    return code if isinstance(code, str) else ""


def is_of_network(error: BaseException) -> bool:
    """Whether the connection to AWS failed, or what it transmitted was incomplete or damaged.

    botocore converts most errors of the network, but not all that occur while the body of a response is read.
    """
    # Commands that do not use AWS import the codes and should not have to load botocore.
    from http.client import HTTPException  # noqa: PLC0415
    from socket import gaierror  # noqa: PLC0415
    from ssl import SSLError  # noqa: PLC0415

    from botocore import exceptions as botocores  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    converted = (botocores.ConnectionError, botocores.HTTPClientError)
    of_bodies = (botocores.IncompleteReadError, botocores.FlexibleChecksumError)
    # Not every ConnectionError: a BrokenPipeError is of the standard output.
    of_sockets = (
        TimeoutError,
        ConnectionResetError,
        ConnectionAbortedError,
        ConnectionRefusedError,
        gaierror,
        SSLError,
    )
    return isinstance(error, (*converted, *of_bodies, *of_sockets, HTTPError, HTTPException))


def is_temporary(error: Exception) -> bool:
    """Whether a retry may succeed."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 (as above)

    if isinstance(error, ClientError):
        status = _part(_part(error.response, "ResponseMetadata"), "HTTPStatusCode")
        return (isinstance(status, int) and status >= _SERVER_ERROR) or code_of(error) in THROTTLING
    return is_of_network(error)


def _part(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, Mapping) else None
