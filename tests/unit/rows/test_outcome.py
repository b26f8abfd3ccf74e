import pytest

from aitrail.rows.outcome import outcome_of

OUTCOMES = [
    ({}, "ok"),
    ({"errorCode": None, "errorMessage": ""}, "ok"),
    ({"errorCode": "AccessDenied"}, "denied"),
    ({"errorCode": "AccessDeniedException"}, "denied"),
    ({"errorCode": "Client.UnauthorizedOperation"}, "denied"),
    ({"errorCode": "UnrecognizedClientException"}, "denied"),
    ({"errorCode": "ValidationException", "errorMessage": "User X is not authorized to perform: lex:Y"}, "denied"),
    ({"errorCode": "ThrottlingException"}, "throttled"),
    ({"errorCode": "TooManyRequestsException"}, "throttled"),
    ({"errorCode": "LimitExceededException", "errorMessage": "Rate exceeded"}, "throttled"),
    ({"errorCode": "LimitExceededException", "errorMessage": "too many campaigns"}, "client-error"),
    ({"errorCode": "LimitExceededException", "errorMessage": "You have too many jobs; try again later."}, "throttled"),
    (
        {
            "errorCode": "LimitExceededException",
            "errorMessage": "Either you have sent too many requests or your input file is too long. Wait, and retry.",
        },
        "throttled",
    ),
    (
        {
            "errorCode": "LimitExceededException",
            "errorMessage": "You have reached your maximum number of concurrent streams.",
        },
        "throttled",
    ),
    ({"errorCode": "LimitExceededException", "errorMessage": "You have too many vocabularies."}, "client-error"),
    ({"errorCode": "BadRequestException", "errorMessage": "too many jobs are named"}, "client-error"),
    ({"errorCode": "LimitExceededException"}, "client-error"),
    ({"errorCode": "RequestTimeoutException", "errorMessage": "The input speech is too long."}, "client-error"),
    ({"errorCode": "OptInRequired"}, "denied"),
    ({"errorCode": "SubscriptionRequiredException"}, "denied"),
    ({"errorCode": "InternalFailure"}, "server-error"),
    ({"errorCode": "InternalServerException"}, "server-error"),
    ({"errorCode": "ServiceUnavailableException"}, "server-error"),
    ({"errorCode": "Server.InternalError"}, "server-error"),
    ({"errorCode": "ResourceNotFoundException"}, "client-error"),
    ({"errorCode": "BadRequestException"}, "client-error"),
    ({"errorMessage": "something failed"}, "client-error"),
    ({"errorCode": 503}, "server-error"),
    ({"errorCode": 0}, "client-error"),
]


@pytest.mark.parametrize(("fields", "outcome"), OUTCOMES)
def test_the_outcome_tells_who_failed(fields, outcome):
    assert outcome_of(fields) == outcome
