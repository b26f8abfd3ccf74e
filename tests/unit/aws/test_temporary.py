import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from aitrail.aws import is_temporary


def answer(code, status=400):
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Query")


URL = {"endpoint_url": "https://dynamodb.eu-west-1.amazonaws.com"}
ERRORS = {
    "throttled table": (answer("ProvisionedThroughputExceededException"), True),
    "throttled account": (answer("RequestLimitExceeded"), True),
    "throttled": (answer("ThrottlingException"), True),
    "server error": (answer("InternalServerError", 500), True),
    "unavailable": (answer("ServiceUnavailable", 503), True),
    "no name server": (EndpointConnectionError(**URL), True),
    "no connection": (ConnectTimeoutError(**URL), True),
    "lost connection": (ConnectionClosedError(**URL), True),
    "no answer": (ReadTimeoutError(**URL), True),
    "not allowed": (answer("AccessDeniedException"), False),
    "no table": (answer("ResourceNotFoundException"), False),
    "expired": (answer("ExpiredTokenException"), False),
    "no code": (ClientError({}, "Query"), False),
    "no credentials": (NoCredentialsError(), False),
    "defect": (KeyError("eventID"), False),
}


@pytest.mark.parametrize(("error", "expected"), ERRORS.values(), ids=ERRORS)
def test_throttling_errors_of_the_server_and_lost_connections_pass_by_themselves(error, expected):
    assert is_temporary(error) is expected
