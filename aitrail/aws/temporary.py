"""Temporary AWS errors: throttling, server errors and lost connections."""

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


def is_temporary(error: Exception) -> bool:
    """Whether a retry may succeed."""
    # Commands that do not use AWS import the codes and should not have to load botocore.
    from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: PLC0415, A004

    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= _SERVER_ERROR or error.response.get("Error", {}).get("Code") in THROTTLING
    return isinstance(error, ConnectionError | HTTPClientError)
