"""The deployment that `aitrail events` uses, and errors of reaching it: exit code 3, and what to do."""

import socket
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    MissingDependencyException,
    SSOTokenLoadError,
    TokenRetrievalError,
)
from moto import mock_aws
from moto.core.botocore_stubber import MockRawResponse

from aitrail.cli.options import Access
from tests.shared.network_errors import ODD_RESPONSES, OF_BOTOCORE, OF_THE_NETWORK, made, without

KEY = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE"}
REGION = {"AWS_DEFAULT_REGION": "eu-west-1"}

CONFIGURE = "Configure credentials (`aws configure`, `aws sso login`, AWS_PROFILE), or name a profile with --profile."
ALLOW = "docs/operations.md (Permissions) lists what each command needs."
LOG_IN = "Log in again (`aws sso login`), or get new temporary credentials."
CHECK_CREDENTIALS = "Check the credentials: --profile, AWS_PROFILE, AWS_ACCESS_KEY_ID."
CHECK_NETWORK = "Check the network, --region and, if given, --endpoint-url."
NO_PROFILE = (
    "The config profile (nobody) could not be found. `aws configure list-profiles` lists the existing profiles."
)
NO_REGION = "You must specify a region. Name the Region of the stack with --region, or set AWS_REGION."

NOT_CONFIGURED = {
    "no region": ([], {}, NO_REGION),
    "no credentials": ([], REGION, f"Unable to locate credentials. {CONFIGURE}"),
    "half of the credentials": (
        [],
        REGION | KEY,
        f"Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY. {CONFIGURE}",
    ),
    "unknown profile": (["--profile", "nobody"], REGION, NO_PROFILE),
    "unknown profile in the environment": ([], REGION | {"AWS_PROFILE": "nobody"}, NO_PROFILE),
}


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    """Disables the delays of botocore's retries, which use the real clock."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)


@pytest.fixture
def closed_port():
    """A local port on which no process listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.parametrize(("arguments", "environment", "message"), NOT_CONFIGURED.values(), ids=NOT_CONFIGURED)
def test_missing_configuration_is_named(aitrail, arguments, environment, message):
    ended = aitrail("events", *arguments, env=environment)

    assert (ended.exit_code, ended.stdout, ended.stderr) == (3, "", f"Error: {message}\n")


@pytest.mark.usefixtures("credentials")
def test_endpoint_where_nobody_answers_is_named(aitrail, closed_port):
    ended = aitrail("events", "--endpoint-url", f"http://127.0.0.1:{closed_port}")

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert ended.stderr == (
        f'Error: Could not connect to the endpoint URL: "http://127.0.0.1:{closed_port}/". {CHECK_NETWORK}\n'
    )


@pytest.mark.usefixtures("credentials")
def test_clients_give_up_while_a_person_still_waits():
    client = Access(stack="aitrail", profile=None, region=None, endpoint_url=None).client("dynamodb")

    config = client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (5, 20)
    assert (config.retries["mode"], config.retries["total_max_attempts"]) == ("standard", 3)


@pytest.mark.usefixtures("credentials")
def test_stack_profile_region_and_endpoint_say_where_to_look(aitrail, stacks, monkeypatch, tmp_path):
    (tmp_path / "credentials").write_text("[audit]\naws_access_key_id = AKIAAUDIT\naws_secret_access_key = example\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))

    aitrail("events")
    aitrail("events", "--stack", "other", "--profile", "audit", "--region", "ap-southeast-2")
    aitrail("events", "--endpoint-url", "http://127.0.0.1:4566")

    assert stacks.asked == [
        ("cloudformation.eu-west-1.amazonaws.com", "aitrail", "AKIAEXAMPLE", "eu-west-1"),
        ("cloudformation.ap-southeast-2.amazonaws.com", "other", "AKIAAUDIT", "ap-southeast-2"),
        ("127.0.0.1:4566", "aitrail", "AKIAEXAMPLE", "eu-west-1"),
    ]


@pytest.mark.usefixtures("credentials")
def test_endpoint_is_that_of_every_service():
    access = Access(stack="aitrail", profile=None, region=None, endpoint_url="http://127.0.0.1:4566")

    assert {access.client(name).meta.endpoint_url for name in ("cloudformation", "dynamodb")} == {access.endpoint_url}


REFUSALS = {
    "expired": (("ExpiredToken", "The token is expired"), LOG_IN),
    "unknown key": (("InvalidClientTokenId", "The security token is invalid"), CHECK_CREDENTIALS),
    "wrong secret": (("SignatureDoesNotMatch", "The signature does not match"), CHECK_CREDENTIALS),
    "not allowed": (
        ("AccessDenied", "User: arn:aws:iam::111122223333:user/Alice is not authorized"),
        ALLOW,
    ),
    "nothing to advise": (("InternalFailure", "We do not know either"), ""),
}


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(("refusal", "hint"), REFUSALS.values(), ids=REFUSALS)
def test_refusal_of_aws_is_shown_with_what_to_do(aitrail, stacks, refusal, hint):
    stacks.refusal = refusal

    ended = aitrail("events")

    code, message = refusal
    expected = f"Error: An error occurred ({code}) when calling the DescribeStacks operation: {message}. {hint}"
    assert (ended.exit_code, ended.stdout, ended.stderr) == (3, "", f"{expected.strip()}\n")


ERRORS = {
    "not logged in": (SSOTokenLoadError(error_msg="no token"), LOG_IN),
    "login expired": (TokenRetrievalError(provider="sso", error_msg="expired"), LOG_IN),
    "aws login": (
        MissingDependencyException(msg="The provider needs another package."),
        "To use the credentials of `aws login`, install botocore's extra: pip install 'botocore[crt]'.",
    ),
    "no route": (ConnectTimeoutError(endpoint_url="https://192.0.2.1"), CHECK_NETWORK),
}


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(("error", "hint"), ERRORS.values(), ids=ERRORS)
def test_error_on_the_way_to_aws_is_shown_with_what_to_do(aitrail, stacks, error, hint):
    stacks.refusal = error

    ended = aitrail("events")

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert ended.stderr == f"Error: {str(error).rstrip('.')}. {hint}\n"


@pytest.mark.usefixtures("credentials", "stacks")
def test_unknown_stack_is_named_with_its_region(aitrail):
    ended = aitrail("events", "--stack", "nope", "--region", "eu-west-3")

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert ended.stderr == (
        "Error: there is no stack 'nope' in eu-west-3: deploy it with `make deploy`, or give the right stack, "
        "Region and profile. Check --stack, --region and --profile.\n"
    )


@pytest.mark.usefixtures("credentials")
def test_stack_of_something_else_is_named(aitrail, stacks):
    stacks["CDKToolkit"] = {"BucketName": "example"}

    ended = aitrail("events", "--stack", "CDKToolkit")

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert ended.stderr == (
        "Error: the stack 'CDKToolkit' in eu-west-1 has no output EventsTableName: it is not an aitrail stack, or "
        "its deployment has not finished (status CREATE_COMPLETE). Check --stack, --region and --profile.\n"
    )


@pytest.fixture
def stranger():
    """Starts a web server that answers every request with this status, type and body; returns its URL."""
    with ExitStack() as stack:

        def stranger(status, kind, body):
            class Handler(BaseHTTPRequestHandler):
                def do_POST(self):
                    self.rfile.read(int(self.headers["Content-Length"] or 0))
                    self.send_response(status)
                    self.send_header("Content-Type", kind)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

                def log_message(self, *_):
                    pass

            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
            thread = Thread(target=server.serve_forever)
            thread.start()
            stack.callback(thread.join)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_port}"

        yield stranger


PAGE = b"<html><head><title>Please log in<body><p>"
STRANGERS = {
    "page": (200, "text/html", PAGE),
    "page that is XML": (200, "text/html; charset=utf-8", b"<html><body/></html>"),
    "page that refuses": (403, "text/html", PAGE),
    "text": (200, "text/plain", b"It works!"),
    "XML": (200, "application/xml", b"<status>ok</status>"),
    "JSON": (404, "application/json", b'{"error": "not found"}'),
    "nothing": (200, "text/html", b""),
}


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(("status", "kind", "body"), STRANGERS.values(), ids=STRANGERS)
def test_what_is_not_aws_is_named(aitrail, stranger, status, kind, body):
    url = stranger(status, kind, body)

    ended = aitrail("events", "--endpoint-url", url)

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert ended.stderr == (
        f"Error: The response from {url} is not from AWS. Check --endpoint-url, and whether a proxy or a login page "
        "of the network intercepts requests (HTTPS_PROXY, AWS_ENDPOINT_URL).\n"
    )


@pytest.mark.usefixtures("credentials")
def test_page_in_the_place_of_dynamodb_is_named(aitrail, stacks, monkeypatch):
    stacks["aitrail"] = {"EventsTableName": "example-Events"}
    page = AWSResponse("", 200, {"content-type": "text/html"}, MockRawResponse(PAGE))
    monkeypatch.setattr(stacks, "_send_elsewhere", lambda *_: page)

    ended = aitrail("events")

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert ended.stderr.startswith("Error: The response from the addresses of AWS in eu-west-1 is not from AWS.")


THROTTLES = "AWS throttles requests: try again in a minute, or read less (a shorter window, one principal or service)."


@pytest.fixture
def row(recorded, record):
    return recorded(record())


@pytest.mark.usefixtures("row")
@pytest.mark.parametrize("code", ["ThrottlingException", "ProvisionedThroughputExceededException"])
@pytest.mark.parametrize("operation", ["Query", "BatchGetItem"])
def test_throttling_that_lasts_is_shown_with_what_to_do(aitrail, stacks, operation, code):
    stacks.refusals[operation] = (code, "Rate exceeded")

    ended = aitrail("events", "--since", "2026-03-14", "--until", "2026-03-15", "--service", "polly")

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert ended.stderr == (
        f"Error: An error occurred ({code}) when calling the {operation} operation (reached max retries: 2): Rate "
        f"exceeded. {THROTTLES}\n"
    )
    assert stacks.calls.count(operation) == 3


@pytest.mark.usefixtures("credentials")
def test_table_that_is_gone_is_named(aitrail, stacks):
    stacks["aitrail"] = {"EventsTableName": "example-Events"}

    with mock_aws():
        ended = aitrail("events")

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert ended.stderr == (
        "Error: An error occurred (ResourceNotFoundException) when calling the Query operation: Requested resource "
        "not found. The stack's outputs name this table, but it no longer exists: was it deleted by hand? Restore it "
        "under its name, or redeploy the stack.\n"
    )


WRONG = {
    "endpoint that is no URL": (["--endpoint-url", "localhost:4566"], "Invalid endpoint: localhost:4566"),
    "region of an impossible form": (["--region", "eu west"], "'eu west' doesn't match a supported format."),
}


@pytest.mark.usefixtures("credentials")
@pytest.mark.parametrize(("arguments", "message"), WRONG.values(), ids=WRONG)
def test_value_that_can_never_work_is_a_usage_error(aitrail, arguments, message):
    ended = aitrail("events", *arguments)

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert message in ended.stderr


@pytest.mark.usefixtures("credentials", "stacks")
def test_wrong_command_line_is_noticed_before_aws_is_asked(aitrail, stacks):
    ended = aitrail("events", "--since", "1d", "--until", "2d")

    assert ended.exit_code == 2
    assert stacks.asked == []


def test_region_of_the_aws_command_line_counts(monkeypatch):
    monkeypatch.setenv("AWS_REGION", "ap-southeast-2")
    access = Access(stack="aitrail", profile=None, region=None, endpoint_url=None)

    assert access.client("dynamodb").meta.region_name == "ap-southeast-2"


@pytest.fixture
def failing(aitrail, monkeypatch):
    """Runs a command that fails with an error when it looks for the stack."""

    def failing(error):
        def find(*_):
            raise error

        monkeypatch.setattr("aitrail.aws.deployment.Deployment.find", find)
        monkeypatch.setattr(Access, "client", lambda *_: None)
        return aitrail("events")

    return failing


ANY_ERROR = OF_THE_NETWORK | {
    f"{name} {what}": error
    for name, kind in OF_BOTOCORE.items()
    for what, error in {
        "": made(kind),
        "with lines": made(kind, "first\nsecond\x1b"),
        "with None": made(kind, None),
        "without attributes": without(made(kind), None),
    }.items()
}


@pytest.mark.parametrize("error", ANY_ERROR.values(), ids=ANY_ERROR)
def test_any_error_of_botocore_or_the_network_is_one_line_and_ends_with_3(failing, error):
    ended = failing(error)

    assert (ended.exit_code, ended.stdout) == (3, "")
    assert ended.stderr.startswith("Error: ")
    assert ended.stderr.count("\n") == 1
    assert len(ended.stderr.split(".")[0]) > len("Error: ")


@pytest.mark.parametrize("error", OF_THE_NETWORK.values(), ids=OF_THE_NETWORK)
def test_any_error_of_the_network_says_to_check_the_network(failing, error):
    assert failing(error).stderr.endswith(f". {CHECK_NETWORK}\n")


@pytest.mark.parametrize("response", ODD_RESPONSES.values(), ids=ODD_RESPONSES)
def test_answer_without_a_code_ends_with_3(failing, response):
    ended = failing(without(made(ClientError), response))

    assert (ended.exit_code, ended.stderr.count("\n")) == (3, 1)


def test_defect_is_not_taken_for_an_error_of_the_network(failing):
    with pytest.raises(ZeroDivisionError):
        failing(ZeroDivisionError())
