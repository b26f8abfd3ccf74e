"""The stack's own trail."""

from collections.abc import Iterator, Sequence

from aws_cdk import ArnFormat, Aws, RemovalPolicy, Stack
from aws_cdk import aws_kms as kms
from aws_cdk.aws_cloudtrail import CfnTrail
from constructs import Construct

from infra.existing_bucket import ExistingBucket
from infra.log_bucket import LogBucket

# The resource types of data events, and the event sources of network activity events (AWS CloudTrail User Guide,
# "Logging data events", "Logging network activity events").
_RESOURCES = {"lex": ("AWS::Lex::Bot", "AWS::Lex::BotAlias")}
_SOURCES = {
    "transcribe": ("transcribe.amazonaws.com", "transcribestreaming.amazonaws.com"),
    "personalize": ("personalize.amazonaws.com",),
}


def arn_of(scope: Construct, trail_name: str) -> str:
    """The ARN of the trail of this name in the account and Region of the stack, whether or not it exists."""
    return Stack.of(scope).format_arn(
        service="cloudtrail",
        resource="trail",
        resource_name=trail_name,
        arn_format=ArnFormat.SLASH_RESOURCE_NAME,
    )


class Trail(Construct):
    """A trail that delivers management events of all Regions, with digest files, to `log_bucket`.

    With `data_events` of a service and `network_activity_events` of services, it delivers them as well. If `kept`, even
    deleting the stack keeps it. `trail_name` is given, not generated, because the bucket's policy names the trail
    before it exists, as does the policy of `key`, which encrypts what is delivered; None for the bucket's encryption.
    """

    def __init__(  # noqa: PLR0913 - a construct's properties
        self,
        scope: Construct,
        construct_id: str,
        *,
        trail_name: str,
        log_bucket: LogBucket | ExistingBucket,
        kept: bool = False,
        data_events: str | None = None,
        network_activity_events: Sequence[str] = (),
        key: kms.IKey | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        # CDK's construct allows CloudTrail to write for any trail of any account: the log bucket allows only this one.
        log_bucket.take_from([arn_of(self, trail_name)], below=[f"AWSLogs/{Aws.ACCOUNT_ID}/"])
        self.trail = CfnTrail(
            self,
            "Trail",
            trail_name=trail_name,
            s3_bucket_name=log_bucket.bucket.bucket_name,
            kms_key_id=key.key_arn if key else None,
            is_logging=True,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
        )
        # A trail has selectors of one kind only. Those of the other kind select the same management events: all.
        if data_events or network_activity_events:
            self.trail.advanced_event_selectors = list(_advanced(data_events, network_activity_events))
        else:
            self.trail.event_selectors = [
                CfnTrail.EventSelectorProperty(include_management_events=True, read_write_type="All")
            ]
        if kept:
            # A first deployment that fails deletes its trail, which has nowhere to deliver to.
            self.trail.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        # CloudTrail checks the policy when the trail is created, and no log file may arrive before it can be announced.
        self.trail.node.add_dependency(log_bucket.bucket)


def _advanced(
    data_events: str | None, network_activity_events: Sequence[str]
) -> Iterator[CfnTrail.AdvancedEventSelectorProperty]:
    yield _selector("Management events", eventCategory="Management")
    for resource in _RESOURCES[data_events] if data_events else ():
        yield _selector(f"Data events of {resource}", eventCategory="Data", **{"resources.type": resource})
    for service in network_activity_events:
        for source in _SOURCES[service]:
            yield _selector(f"Network activity of {source}", eventCategory="NetworkActivity", eventSource=source)


def _selector(name: str, **fields: str) -> CfnTrail.AdvancedEventSelectorProperty:
    return CfnTrail.AdvancedEventSelectorProperty(
        name=name,
        field_selectors=[
            CfnTrail.AdvancedFieldSelectorProperty(field=field, equal_to=[value]) for field, value in fields.items()
        ],
    )
