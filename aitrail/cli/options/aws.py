"""Access to a deployment, and the errors of reaching it. boto3 is imported only when a command needs it."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click
from msgspec import Struct

from aitrail.aws import THROTTLING, code_of, is_of_network
from aitrail.cli.exit_codes import ExitCode
from aitrail.cli.options.command import variables_in_use
from aitrail.errors import notes_on

if TYPE_CHECKING:
    import boto3

    from aitrail.aws import Deployment
    from aitrail.deliveries import Announcer
    from aitrail.ledger import LedgerReader
    from aitrail.rows import Redaction
    from aitrail.services import Registry

# A person is waiting: with botocore's default of 60 s, five times, they would give up first.
_CONNECT_SECONDS = 5
_READ_SECONDS = 20
_ATTEMPTS = 3
_SERVER_ERROR = 500
_SELECTING = ("stack", "profile", "region")


class UnreachableError(click.ClickException):
    """AWS, credentials or a table cannot be reached."""

    exit_code = ExitCode.UNREACHABLE


_PERMISSIONS = "docs/operations.md (Permissions) lists what each command needs."
# Names of botocore's errors and AWS's error codes -> what to do about them.
_HINTS = {
    ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"): (
        "Configure credentials (`aws configure`, `aws sso login`, AWS_PROFILE), or name a profile with --profile."
    ),
    ("SSOError", "TokenRetrievalError", "ExpiredToken", "ExpiredTokenException", "RequestExpired"): (
        "Log in again (`aws sso login`), or get new temporary credentials."
    ),
    ("UnrecognizedClientException", "InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch"): (
        "Check the credentials: --profile, AWS_PROFILE, AWS_ACCESS_KEY_ID."
    ),
    # For a HEAD request, whose response has no body, the code is the HTTP status.
    ("AccessDenied", "AccessDeniedException", "403"): _PERMISSIONS,
    # EC2's error code: commands use EC2 for nothing else.
    ("UnauthorizedOperation",): "Name Regions with --in-region, or allow ec2:DescribeRegions.",
    THROTTLING: (
        "AWS throttles requests: try again in a minute, or read less (a shorter window, one principal or service)."
    ),
    ("NoSuchBucket",): "Check the bucket name after s3://, and --profile.",
    ("MissingDependencyException",): (
        "To use the credentials of `aws login`, install botocore's extra: pip install 'botocore[crt]'."
    ),
    ("NoRegionError",): "Name the Region of the stack with --region, or set AWS_REGION.",
    ("ProfileNotFound",): "`aws configure list-profiles` lists the existing profiles.",
    ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"): (
        "The stack's outputs name this queue, but it no longer exists: was it deleted by hand? Redeploy the stack."
    ),
    ("ResourceNotFoundException",): (
        "The stack's outputs name this table, but it no longer exists: was it deleted by hand? Restore it under its "
        "name, or redeploy the stack."
    ),
}
_CHECK_NETWORK = "Check the network, --region and, if given, --endpoint-url."


def hint(error: BaseException) -> str:
    """What to do about an error from botocore, AWS or the network, in whole sentences; empty if unknown."""
    names = {code_of(error), *(kind.__name__ for kind in type(error).__mro__)}
    known = next((text for known, text in _HINTS.items() if names.intersection(known)), "")
    return known or (_CHECK_NETWORK if is_of_network(error) else "")


@contextmanager
def reaching_aws(accesses: Sequence["Access"]) -> Iterator[None]:
    """Converts every error of reaching AWS to an UnreachableError that says where, if there are several, what to do."""
    try:
        with _converting_errors(accesses):
            yield
    except UnreachableError as error:
        variables = variables_in_use(click.get_current_context(silent=True), _SELECTING)
        raise UnreachableError(f"{error.message}{variables}") from error


@contextmanager
def _converting_errors(accesses: Sequence["Access"]) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if message := _message_of(error, accesses):
            raise UnreachableError(f"{notes_on(error)}{message}") from error
        raise


def _message_of(error: Exception, accesses: Sequence["Access"]) -> str:
    """The message of an error of reaching AWS, with what to do about it; empty for another error."""
    if isinstance(error, UnreachableError):
        return error.message
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 (see above)
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    from aitrail.aws import RedactionKeyError, StackNotFoundError  # noqa: PLC0415 (imports botocore)

    if isinstance(error, StackNotFoundError):
        return f"{error}. Check --stack, --region and --profile."
    if isinstance(error, RedactionKeyError):
        return f"{error}. {_PERMISSIONS}"
    if isinstance(error, ResponseParserError):
        about = (each for each in accesses if str(each) in getattr(error, "__notes__", ()))
        return next(about, accesses[0]).stranger().message
    if not isinstance(error, BotoCoreError | ClientError) and not is_of_network(error):
        return ""
    text = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return f"{text}. {hint(error)}".strip()


class Access(Struct, frozen=True, kw_only=True, dict=True):
    """Access to one deployment: the name of its stack, and the settings for boto3."""

    stack: str
    profile: str | None
    region: str | None
    endpoint_url: str | None

    def __str__(self) -> str:
        return f"the stack {self.label}"

    @property
    def label(self) -> str:
        """The stack and its Region: aitrail in eu-west-1."""
        return f"{self.stack} in {self.region_name}" if self.region_name else self.stack

    @property
    def region_name(self) -> str | None:
        """The Region in use, from the option, the environment or the profile."""
        name: str | None = self._session.region_name
        return name

    @cached_property
    def _session(self) -> "boto3.Session":
        import boto3  # noqa: PLC0415 (see above)

        # boto3 reads only AWS_DEFAULT_REGION; other AWS SDKs read AWS_REGION.
        return boto3.Session(profile_name=self.profile, region_name=self.region or os.environ.get("AWS_REGION"))

    def client(self, service: str, region: str | None = None, *, attempts: int = _ATTEMPTS) -> Any:  # noqa: ANN401 (a client of any service)
        """A client of a service, with timeouts that suit a waiting person; `region` overrides the Region.

        Raises botocore's errors.
        """
        from botocore.config import Config  # noqa: PLC0415 (see above)

        from aitrail.aws import WORKERS  # noqa: PLC0415 (would slow down --help)
        from aitrail.deliveries import OBJECTS_AHEAD  # noqa: PLC0415 (as above)

        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            # Log files, or pages and whole rows, are fetched in parallel.
            max_pool_connections=OBJECTS_AHEAD if service == "s3" else 2 * WORKERS,
            retries={"mode": "standard", "total_max_attempts": attempts},
        )
        session: Any = self._session  # boto3 has one overload per service
        try:
            client = session.client(service, region_name=region, endpoint_url=self.endpoint_url, config=config)
        except ValueError as error:  # the form of the Region or URL is invalid
            variables = variables_in_use(click.get_current_context(silent=True), ("region",))
            raise click.UsageError(f"{error}{variables}") from error
        client.meta.events.register("before-parse", self._refuse_pages)
        return client

    def _refuse_pages(self, response_dict: Any, operation_model: Any, **_: object) -> None:  # noqa: ANN401 (botocore's)
        # botocore may parse a web page as an empty response. AWS's load balancers send pages with errors, and S3
        # objects may be pages.
        is_page = (response_dict["headers"].get("content-type") or "").startswith("text/html")
        is_of_aws = response_dict["status_code"] >= _SERVER_ERROR or operation_model.has_streaming_output
        if is_page and not is_of_aws:
            raise self.stranger()

    def stranger(self) -> UnreachableError:
        """The error for responses that do not come from AWS."""
        where = self.endpoint_url or f"the addresses of AWS in {self.region_name}"
        return UnreachableError(
            f"The response from {where} is not from AWS. Check --endpoint-url, and whether a proxy or a login page of "
            "the network intercepts requests (HTTPS_PROXY, AWS_ENDPOINT_URL)."
        )

    @cached_property
    def deployment(self) -> "Deployment":
        """The deployed stack. Raises StackNotFoundError and botocore's errors."""
        from aitrail.aws import Deployment  # noqa: PLC0415 (imports botocore)

        try:
            return Deployment.find(self.client("cloudformation"), self.stack)
        except KeyError as error:  # well-formed, but not the shape that botocore expects
            raise self.stranger() from error

    @cached_property
    def ledger(self) -> "LedgerReader":
        """The ledger of the stack. Raises StackNotFoundError and botocore's errors."""
        from aitrail.ledger import LedgerReader  # noqa: PLC0415 (would slow down --help)

        return LedgerReader(self.client("dynamodb"), self.deployment.files_table)

    def redaction(self, registry: "Registry") -> "Redaction | None":
        """The redaction of the stack's rows, which reads its key when it is first needed; None if nothing is redacted.

        Raises StackNotFoundError and botocore's errors. Reading the key raises RedactionKeyError.
        """
        from aitrail.aws import redaction_key  # noqa: PLC0415 (as above)
        from aitrail.rows import Redaction  # noqa: PLC0415 (as above)

        if (arn := self.deployment.redaction_key) is None:
            return None
        secrets = self.client("secretsmanager")  # not in the threads that may need the key
        return Redaction(registry, key_name=arn, key=lambda: redaction_key(secrets, arn))

    @cached_property
    def announcer(self) -> "Announcer":
        """Re-announces log files of the stack's bucket. Raises StackNotFoundError and botocore's errors."""
        from aitrail.deliveries import Announcer  # noqa: PLC0415 (as above)

        sqs = self.client("sqs")
        return Announcer(lambda: sqs, self.deployment.backfill_queue, self.deployment.log_bucket)
