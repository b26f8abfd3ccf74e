"""The stack's own trail."""

from aws_cdk import ArnFormat, Aws, Stack
from aws_cdk.aws_cloudtrail import CfnTrail
from constructs import Construct

from infra.existing_bucket import ExistingBucket
from infra.log_bucket import LogBucket


class Trail(Construct):
    """A trail that delivers management events of all Regions, with digest files, to `log_bucket`.

    `trail_name` is given, not generated, because the bucket's policy names the trail before it exists.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, trail_name: str, log_bucket: LogBucket | ExistingBucket
    ) -> None:
        super().__init__(scope, construct_id)
        # CDK's construct allows CloudTrail to write for any trail of any account: the log bucket allows only this one.
        arn = Stack.of(self).format_arn(
            service="cloudtrail",
            resource="trail",
            resource_name=trail_name,
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        log_bucket.take_from([arn], below=[f"AWSLogs/{Aws.ACCOUNT_ID}/"])
        self.trail = CfnTrail(
            self,
            "Trail",
            trail_name=trail_name,
            s3_bucket_name=log_bucket.bucket.bucket_name,
            is_logging=True,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            event_selectors=[CfnTrail.EventSelectorProperty(include_management_events=True, read_write_type="All")],
        )
        # CloudTrail checks the policy when the trail is created, and no log file may arrive before it can be announced.
        self.trail.node.add_dependency(log_bucket.bucket)
