"""The stack's own trail."""

from aws_cdk import ArnFormat, Aws, Stack
from aws_cdk import aws_iam as iam
from aws_cdk.aws_cloudtrail import CfnTrail
from aws_cdk.aws_s3 import Bucket
from constructs import Construct

_CLOUDTRAIL = iam.ServicePrincipal("cloudtrail.amazonaws.com")


class Trail(Construct):
    """Management events of all regions, with digest files, delivered to `bucket`.

    `trail_name` is given, not generated: the bucket's policy names the trail before there is one.
    """

    def __init__(self, scope: Construct, construct_id: str, *, trail_name: str, bucket: Bucket) -> None:
        super().__init__(scope, construct_id)
        # CDK's own trail lets CloudTrail write for any trail of any account: these statements name this one.
        arn = Stack.of(self).format_arn(
            service="cloudtrail",
            resource="trail",
            resource_name=trail_name,
            arn_format=ArnFormat.SLASH_RESOURCE_NAME,
        )
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[_CLOUDTRAIL],
                actions=["s3:GetBucketAcl"],
                resources=[bucket.bucket_arn],
                conditions={"StringEquals": {"aws:SourceArn": arn}},
            )
        )
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[_CLOUDTRAIL],
                actions=["s3:PutObject"],
                resources=[bucket.arn_for_objects(f"AWSLogs/{Aws.ACCOUNT_ID}/*")],
                conditions={
                    "StringEquals": {"aws:SourceArn": arn, "s3:x-amz-acl": "bucket-owner-full-control"},
                },
            )
        )
        self.trail = CfnTrail(
            self,
            "Trail",
            trail_name=trail_name,
            s3_bucket_name=bucket.bucket_name,
            is_logging=True,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            event_selectors=[CfnTrail.EventSelectorProperty(include_management_events=True, read_write_type="All")],
        )
        # CloudTrail checks the policy when the trail is made; and no log file may come before it can be announced.
        self.trail.node.add_dependency(bucket)
