"""The options that say which deployment to ask, and the way to it. boto3 is imported when a command needs it."""

import functools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from aitrail.aws import THROTTLING
from aitrail.cli.options.sections import option

if TYPE_CHECKING:
    import boto3

    from aitrail.aws import Deployment
    from aitrail.deliveries import Announcer
    from aitrail.ledger import LedgerReader

# A person waits: botocore's own 60 s, five times over, would make them give up before it does.
_CONNECT_SECONDS = 5
_READ_SECONDS = 20
_ATTEMPTS = 3
_SERVER_ERROR = 500


class UnreachableError(click.ClickException):
    """AWS, credentials or a table cannot be reached."""

    exit_code = 3


# Names of botocore's errors and codes of AWS's, and what to do about them.
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
    # Of a HEAD, whose answer has no body, the code is that of HTTP.
    ("AccessDenied", "AccessDeniedException", "403"): "docs/operations.md (Permissions) lists what each command needs.",
    # EC2's own word: commands ask it for nothing else.
    ("UnauthorizedOperation",): "Name Regions with --in-region, or allow ec2:DescribeRegions.",
    THROTTLING: (
        "AWS throttles requests: try again in a minute, or read less (a shorter window, one principal or service)."
    ),
    ("NoSuchBucket",): "Check the bucket name after s3://, and --profile.",
    ("NoRegionError",): "Name the region of the stack with --region, or set AWS_REGION.",
    ("ProfileNotFound",): "`aws configure list-profiles` lists the existing profiles.",
    ("HTTPClientError", "ConnectionError"): "Check the network, --region and, if given, --endpoint-url.",
    ("QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"): (
        "The stack's outputs name this queue, but it no longer exists: was it deleted by hand? Redeploy the stack."
    ),
    ("ResourceNotFoundException",): (
        "The stack's outputs name this table, but it no longer exists: was it deleted by hand? Restore it under its "
        "name, or redeploy the stack."
    ),
}


def hint(error: BaseException) -> str:
    """What to do about an error of botocore's or AWS's, in whole sentences; nothing where that is not known."""
    names = {kind.__name__ for kind in type(error).__mro__}
    names.add(getattr(error, "response", {}).get("Error", {}).get("Code", ""))
    return next((text for known, text in _HINTS.items() if names.intersection(known)), "")


@contextmanager
def _reaching_aws(access: "Access") -> Iterator[None]:
    """Turn every way in which AWS cannot be reached into an UnreachableError that says what to do."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 (see above)
    from botocore.parsers import ResponseParserError  # noqa: PLC0415

    from aitrail.aws import StackNotFoundError  # noqa: PLC0415 (imports botocore)

    try:
        yield
    except StackNotFoundError as error:
        raise UnreachableError(f"{error}. Check --stack, --region and --profile.") from error
    except ResponseParserError as error:
        raise access.stranger() from error
    except (BotoCoreError, ClientError) as error:
        raise UnreachableError(f"{str(error).rstrip('.')}. {hint(error)}".strip()) from error


@dataclass(frozen=True, kw_only=True)
class Access:
    """Which deployment to ask: the name of its stack, and what boto3 needs to reach it."""

    stack: str
    profile: str | None
    region: str | None
    endpoint_url: str | None

    def __str__(self) -> str:
        return f"the stack {self.stack} in {self.region_name}"

    @property
    def region_name(self) -> str | None:
        """The Region that is asked, wherever it was said."""
        name: str | None = self._session.region_name
        return name

    @cached_property
    def _session(self) -> "boto3.Session":
        import boto3  # noqa: PLC0415 (see above)

        # boto3 reads AWS_DEFAULT_REGION alone; the AWS command line and SDKs read AWS_REGION.
        return boto3.Session(profile_name=self.profile, region_name=self.region or os.environ.get("AWS_REGION"))

    def client(self, service: str, region: str | None = None, *, attempts: int = _ATTEMPTS) -> Any:  # noqa: ANN401 (of any service)
        """A client that gives up while a person still waits; in another Region if one is named.

        Raises botocore's errors.
        """
        from botocore.config import Config  # noqa: PLC0415 (see above)

        from aitrail.aws import WORKERS  # noqa: PLC0415 (threads are of no use to --help)

        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            max_pool_connections=2 * WORKERS,  # pages and whole rows are read side by side
            retries={"mode": "standard", "total_max_attempts": attempts},
        )
        session: Any = self._session  # boto3 has one overload per service
        try:
            client = session.client(service, region_name=region, endpoint_url=self.endpoint_url, config=config)
        except ValueError as error:  # no region, or no URL, has such a form
            raise click.UsageError(f"{error}") from error
        client.meta.events.register("before-parse", self._refuse_pages)
        return client

    def _refuse_pages(self, response_dict: Any, operation_model: Any, **_: object) -> None:  # noqa: ANN401 (botocore's)
        # botocore makes an empty answer of them, if it can. Balancers of AWS have pages for errors, S3 has any objects.
        is_page = (response_dict["headers"].get("content-type") or "").startswith("text/html")
        is_of_aws = response_dict["status_code"] >= _SERVER_ERROR or operation_model.has_streaming_output
        if is_page and not is_of_aws:
            raise self.stranger()

    def stranger(self) -> UnreachableError:
        """The error that something answers in the place of AWS."""
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
        except KeyError as error:  # well-formed, and of another shape than botocore expects
            raise self.stranger() from error

    @cached_property
    def ledger(self) -> "LedgerReader":
        """The ledger of the stack. Raises StackNotFoundError and botocore's errors."""
        from aitrail.ledger import LedgerReader  # noqa: PLC0415 (imports what --help does not need)

        return LedgerReader(self.client("dynamodb"), self.deployment.files_table)

    @cached_property
    def announcer(self) -> "Announcer":
        """What announces log files of the stack's bucket again; the same."""
        from aitrail.deliveries import Announcer  # noqa: PLC0415 (as above)

        sqs = self.client("sqs")
        return Announcer(lambda: sqs, self.deployment.backfill_queue, self.deployment.log_bucket)


def aws_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add --stack, --profile, --region and --endpoint-url; the command gets them as one Access, `access`.

    Whatever keeps the command from reaching AWS ends it with exit code 3 and a hint.
    """

    @option(
        "Where", "--stack", default="aitrail", show_default=True, metavar="NAME", help="Name of the deployed stack."
    )
    @option("Where", "--profile", metavar="NAME", help="AWS profile.")
    @option("Where", "--region", metavar="REGION", help="AWS Region of the stack.")
    @option("Where", "--endpoint-url", metavar="URL", help="A different endpoint than AWS's, such as a local AWS.")
    @functools.wraps(command)
    def with_access(
        *args: Any,  # noqa: ANN401 (passed through)
        stack: str,
        profile: str | None,
        region: str | None,
        endpoint_url: str | None,
        **options: Any,  # noqa: ANN401 (passed through)
    ) -> None:
        access = Access(stack=stack, profile=profile, region=region, endpoint_url=endpoint_url)
        with _reaching_aws(access):
            command(*args, access=access, **options)

    return with_access
