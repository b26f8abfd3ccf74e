import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
)

from aitrail.aws import code_of, is_of_network, is_temporary
from tests.shared.network_errors import ODD_RESPONSES, OF_BOTOCORE, OF_THE_NETWORK, made, without


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


@pytest.mark.parametrize("error", OF_THE_NETWORK.values(), ids=OF_THE_NETWORK)
def test_every_failure_of_the_network_is_temporary(error):
    assert is_of_network(error)
    assert is_temporary(error)


NOT_OF_THE_NETWORK = (KeyError("eventID"), OSError(28, "No space left"), BrokenPipeError(32, "Broken pipe"))


@pytest.mark.parametrize("error", [*NOT_OF_THE_NETWORK, answer("InternalError", 500)], ids=repr)
def test_what_fails_elsewhere_is_not_of_the_network(error):
    assert not is_of_network(error)


@pytest.mark.parametrize("response", ODD_RESPONSES.values(), ids=ODD_RESPONSES)
def test_answer_without_a_code_is_not_temporary(response):
    error = without(answer("SlowDown", 503), response)

    assert (code_of(error), is_temporary(error)) == ("", False)


@pytest.mark.parametrize("kind", OF_BOTOCORE.values(), ids=OF_BOTOCORE)
def test_any_error_of_botocore_can_be_judged(kind):
    for error in (made(kind), made(kind, None), without(made(kind), None)):
        assert is_temporary(error) in (True, False)
        assert code_of(error) in ("", "Example")
