"""`make deploy`: shows the changes and the cost of a deployment, asks, and deploys."""

from collections.abc import Iterator, Sequence

from botocore.exceptions import BotoCoreError, ClientError

from aitrail.cells import printable
from infra import remembered
from infra.advice import before_deploying
from infra.assembly import Assembly
from infra.cloudformation import NO_ANSWER, CloudFormation, Description
from infra.console import ask, tell
from infra.contradictions import without_effect
from infra.remembered import Remembered, UnknownParametersError
from infra.settings import AT_FIRST_ONLY, Settings
from infra.target import ASSEMBLY, Context, StoppedError, Target

_FAILED_FIRST = {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"}
# The template of such a stack was never deployed. A stack with the status DELETE_FAILED was, and may have kept tables.
_NEVER_COMPLETED = _FAILED_FIRST | {"ROLLBACK_IN_PROGRESS", "REVIEW_IN_PROGRESS"}
_TABLES = {"AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable"}


def deploy(  # noqa: PLR0913 - what the caller has agreed to
    target: Target,
    context: Context,
    further: Sequence[str],
    *,
    sure: bool,
    allow_unreadable: bool = False,
    ignore_conflicts: bool = False,
) -> None:
    """Shows the changes and the cost of a deployment, asks, bootstraps the account if necessary, and deploys.

    Settings of the deployed stack that `context` does not give are kept; if they cannot be read, nothing is deployed
    unless `allow_unreadable`. A conflict with what is in the account stops it, unless `ignore_conflicts`. Raises
    StoppedError.
    """
    stack = Settings.of(context.all).stack_name
    tell(f"Account {target.account}, Region {target.region}, as {target.caller}.")
    assembly, settings = _synthesized(target, context, stack, allow_unreadable=allow_unreadable)
    if not target.cdk("diff", "--app", str(ASSEMBLY), "--method", "template"):
        tell("The changes could not be shown; the messages of the CDK are above.")
    is_new = _is_new(CloudFormation(target, lambda: assembly), stack)
    if not before_deploying(target, settings, qualifier=assembly.qualifier, is_new=is_new) and not ignore_conflicts:
        raise StoppedError(
            "The deployment, or what it reads, would fail; the conflicts are above. Nothing was changed. To deploy "
            "nevertheless: ARGS=--ignore-conflicts."
        )
    is_prepared = _is_bootstrapped(target, assembly)
    ask(f"Deploy the stack {stack}?", sure=sure)
    # Without --app, it would run the app again, without the context, and overwrite the assembly.
    environment = f"aws://{target.account}/{target.region}"
    if not is_prepared and not target.cdk("bootstrap", environment, "--app", str(ASSEMBLY)):
        raise StoppedError("`cdk bootstrap` failed; its messages are above.")
    if not target.cdk("deploy", "--all", "--app", str(ASSEMBLY), "--require-approval", "never", *further):
        for line in _left_behind(CloudFormation(target, lambda: assembly), stack):
            tell(line)
        raise StoppedError("`cdk deploy` failed; its messages are above.")
    profile = f" --profile {target.profile}" if target.profile else ""
    tell("Deployed. CloudTrail delivers log files 5 to 15 minutes after a call; then run:")
    tell(f".venv/bin/aitrail events --stack {stack} --region {target.region}{profile}")


def _synthesized(target: Target, context: Context, stack: str, *, allow_unreadable: bool) -> tuple[Assembly, Settings]:
    """The assembly of the context and the settings to keep, which are told. Raises StoppedError."""
    _refuse_what_does_not_fit(context, target)
    assembly = target.synthesize(context, stack)
    cloudformation = CloudFormation(target, lambda: assembly)
    before = _before(cloudformation, stack, context, allow_unreadable=allow_unreadable)
    if keeping := before.kept(context.all):
        for key, value in keeping.items():
            shown = printable(value)
            tell(f'Kept, as in the deployed stack: {key}={shown} (to change it: CONTEXT="-c {key}=...").')
        context = context.keeping(keeping)
        _refuse_what_does_not_fit(context, target)
        assembly = target.synthesize(context, stack)
    settings = Settings.of(context.all)
    for line in without_effect(settings):
        tell(line)
    for key, (was, will_be) in before.changed(settings).items():
        if key in AT_FIRST_ONLY:
            raise StoppedError(
                f"{key} is chosen at the first deployment: it is {printable(was)}, and cannot become "
                f"{printable(will_be)}. For {AT_FIRST_ONLY[key]}, deploy another stack (aitrail:stackName)."
            )
        tell(f"Changed: {key} from {printable(was)} to {printable(will_be)}.")
    # The CDK turns off what somebody has turned on without the setting.
    if not settings.termination_protection and (found := _described(cloudformation, stack)) and found.is_protected:
        tell("The stack is protected from deletion, and this deployment turns that off. To keep it protected:")
        tell('CONTEXT="-c aitrail:terminationProtection=true".')
    return assembly, settings


def _refuse_what_does_not_fit(context: Context, target: Target) -> None:
    """Raises StoppedError if a setting does not fit the Region or the account."""
    settings = Settings.of(context.all)
    problems = list(settings.settings_of_other_regions(target.region))
    if settings.log_bucket_account == target.account:
        problems.append("aitrail:logBucketAccount is the stack's own account: leave it out.")
    if problems:
        raise StoppedError("\n".join(problems))


def _before(cloudformation: CloudFormation, stack: str, context: Context, *, allow_unreadable: bool) -> Remembered:
    """The settings of the deployed stack, none if nothing is deployed.

    Raises StoppedError if some are neither readable nor given, unless `allow_unreadable`.
    """
    found = _described(cloudformation, stack)
    if found and found.status in _NEVER_COMPLETED:
        tell(f"The stack {stack} was never completed (its status is {found.status}): none of its settings are kept.")
        return Remembered()
    try:
        template = cloudformation.template(stack)
        if template is None:
            return Remembered()
        before = remembered.settings_in(template, found.parameters if found else None)
        losses = ["It was deployed by a version that did not write them into the template."]
        if before is not None:
            losses = list(before.losses(context.all))
            for line in before.additions(context.all):
                tell(line)
    except (*NO_ANSWER, UnknownParametersError) as error:
        before, losses = None, [f"{printable(str(error)).rstrip('.')}."]
    if losses and not allow_unreadable:
        raise StoppedError(
            f"The settings of the stack {stack} cannot be read: {' '.join(losses)} Those that are not given now would "
            "return to their defaults. Make sure that every setting is given (CONTEXT, cdk.json), then add CONFIRM=1."
        )
    for line in losses:
        tell(f"The settings of the stack {stack}: {line}")
    return before or Remembered()


def _is_new(cloudformation: CloudFormation, stack: str) -> bool:
    """Whether there is certainly no stack of this name."""
    try:
        return cloudformation.described(stack) is None
    except NO_ANSWER:
        return False


def _described(cloudformation: CloudFormation, stack: str) -> Description | None:
    """The stack; None if there is none, or if nothing can be known of it."""
    try:
        return cloudformation.described(stack)
    except NO_ANSWER:
        return None


def _is_bootstrapped(target: Target, assembly: Assembly) -> bool:
    """Whether the account is prepared for the CDK, as far as the caller may know; what is not, has been told.

    Raises StoppedError.
    """
    if assembly.version_parameter is None:
        return True
    ssm = target.client("ssm")
    try:
        ssm.get_parameter(Name=assembly.version_parameter)
    except ssm.exceptions.ParameterNotFound:
        if not assembly.has_usual_bootstrap:
            raise StoppedError(
                f"The account has no bootstrap of the CDK with the parameter {assembly.version_parameter} in "
                f"{target.region}, which the context (@aws-cdk/core:bootstrapQualifier) names. Ask those who maintain "
                "it, or run `cdk bootstrap` with this qualifier."
            ) from None
        return False
    except (BotoCoreError, ClientError):
        pass  # `cdk deploy` will report it
    return True


def _left_behind(cloudformation: CloudFormation, stack: str) -> Iterator[str]:
    """What a failed first deployment leaves behind, with the commands that delete it."""
    try:
        found = cloudformation.described(stack)
        if found is None or found.status not in _FAILED_FIRST:
            return
        resources = cloudformation.call("describe_stack_resources", StackName=stack).get("StackResources", [])
    except NO_ANSWER as error:
        yield f"Could not check what the failed deployment has left behind: {error}"
        return
    left = [each for each in resources if each.get("ResourceStatus") in ("DELETE_SKIPPED", "DELETE_FAILED")]
    if left:
        yield "The failed deployment has left this behind. The next one creates new ones, and does not delete these:"
    for each in left:
        kind, name = each.get("ResourceType"), each.get("PhysicalResourceId")
        yield f"  {kind}  {name or each.get('LogicalResourceId')}"
        if name and kind in _TABLES:
            yield f"    aws dynamodb update-table --no-deletion-protection-enabled --table-name {name}"
            yield f"    aws dynamodb delete-table --table-name {name}"
