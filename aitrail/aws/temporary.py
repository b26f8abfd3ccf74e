"""Errors of AWS that pass by themselves: throttling, errors of the server, lost connections."""

# Codes with which AWS asks for patience.
THROTTLING = (
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
)
_SERVER_ERROR = 500


def is_temporary(error: Exception) -> bool:
    """Whether asking again may help."""
    # Commands that ask nothing of AWS know the codes, and need not wait for botocore.
    from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: PLC0415, A004

    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= _SERVER_ERROR or error.response.get("Error", {}).get("Code") in THROTTLING
    return isinstance(error, ConnectionError | HTTPClientError)
