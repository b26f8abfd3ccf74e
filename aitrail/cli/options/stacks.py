"""The options that select deployments: one, or several that are queried together."""

import functools
from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import click
from click.core import ParameterSource

from aitrail.cli.options.aws import Access, reaching_aws
from aitrail.cli.options.command import option, variables_in_use

STACK = "aitrail"


def accesses_of(
    *, stack: Sequence[str], profile: str | None, region: Sequence[str], endpoint_url: str | None
) -> tuple[Access, ...]:
    """Access to every stack of these names in every one of these Regions; without any, in the Region of boto3."""
    return tuple(
        Access(stack=name, profile=profile, region=place, endpoint_url=endpoint_url)
        for name, place in product(dict.fromkeys(stack), dict.fromkeys(region) or (None,))
    )


def aws_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds --stack, --profile, --region and --endpoint-url; the command gets them as one Access, `access`.

    Several stacks or Regions are refused. If AWS cannot be reached, the command ends with exit code 3 and a hint.
    """

    @functools.wraps(command)
    def with_access(*args: Any, accesses: tuple[Access, ...], **options: Any) -> None:  # noqa: ANN401 (passed through)
        if len(accesses) > 1:
            raise _only_one()
        command(*args, access=accesses[0], **options)

    stack = _stack_option("Name of the deployed stack.")
    return stack(_access_options(with_access, region="AWS Region of the stack."))


def stacks_options(command: Callable[..., None]) -> Callable[..., None]:
    """Does the same for a command about several stacks, which gets them as a tuple of Access, `accesses`."""
    stack = _stack_option("Name of the deployed stack; repeat it, or --region, to name several.")
    return stack(_access_options(command, region="AWS Region of the stack."))


def bucket_options(command: Callable[..., None]) -> Callable[..., None]:
    """Does the same without --stack, for a command that reads only S3, with one `access`."""

    @functools.wraps(command)
    def with_access(*args: Any, accesses: tuple[Access, ...], **options: Any) -> None:  # noqa: ANN401 (as above)
        refuse_several_buckets(click.get_current_context())
        command(*args, access=accesses[0], **options)

    return _access_options(with_access, region="AWS Region of the bucket.")


def refuse_several_buckets(context: click.Context) -> None:
    """Refuses to repeat --region for log files in S3; of several Regions in the variable, the first is used."""
    if context.get_parameter_source("region") is ParameterSource.COMMANDLINE and len(set(context.params["region"])) > 1:
        raise click.UsageError("--region is given several times: give that of the bucket only.")


def _only_one() -> click.UsageError:
    context = click.get_current_context()
    variables = variables_in_use(context, ("stack", "region"))
    return click.UsageError(
        f"`aitrail {context.info_name}` acts on one stack: give one --stack and one --region.{variables}"
    )


def _stack_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return option(
        *("Where", "--stack"),
        multiple=True,
        default=(STACK,),
        show_default=True,
        envvar="AITRAIL_STACK",
        metavar="NAME",
        help=text,
    )


def _access_options(command: Callable[..., None], *, region: str) -> Callable[..., None]:
    @option("Where", "--profile", envvar="AITRAIL_PROFILE", metavar="NAME", help="AWS profile.")
    @option("Where", "--region", multiple=True, envvar="AITRAIL_REGION", metavar="REGION", help=region)
    @option("Where", "--endpoint-url", metavar="URL", help="Use this endpoint instead of AWS's, such as a local AWS.")
    @functools.wraps(command)
    def with_accesses(
        *args: Any,  # noqa: ANN401 (passed through)
        profile: str | None,
        region: tuple[str, ...],
        endpoint_url: str | None,
        stack: tuple[str, ...] = (STACK,),
        **options: Any,  # noqa: ANN401 (passed through)
    ) -> None:
        accesses = accesses_of(stack=stack, profile=profile, region=region, endpoint_url=endpoint_url)
        with reaching_aws(accesses):
            command(*args, accesses=accesses, **options)

    return with_accesses
