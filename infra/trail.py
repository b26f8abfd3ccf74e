"""The stack's own trail."""

from aws_cdk import ArnFormat, Aws, Stack
from aws_cdk import aws_kms as kms
from aws_cdk.aws_cloudtrail import CfnTrail
from constructs import Construct

from infra.existing_bucket import ExistingBucket
from infra.log_bucket import LogBucket


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

    `trail_name` is given, not generated, because the policies of bucket and key name the trail before it exists. `key`
    encrypts what it delivers; None for the encryption of the bucket.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        trail_name: str,
        log_bucket: LogBucket | ExistingBucket,
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
            event_selectors=[CfnTrail.EventSelectorProperty(include_management_events=True, read_write_type="All")],
        )
        # CloudTrail checks the policy when the trail is created, and no log file may arrive before it can be announced.
        self.trail.node.add_dependency(log_bucket.bucket)
