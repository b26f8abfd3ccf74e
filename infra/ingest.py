"""The function that reads log files."""

from collections.abc import Mapping, Sequence
from typing import cast

from aws_cdk import Acknowledgment, Duration, RemovalPolicy, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.aws_sqs import IQueue
from constructs import Construct

from aitrail.aws import Condition
from infra.bundling import RUNTIME, Bundle

TIMEOUT = Duration.seconds(300)


class Ingest(Construct):
    """The function, its log group, and its role, which has only the permissions that `may` adds.

    `mark` changes with every setting, and the function with it: CloudFormation only updates what the template remembers
    of the settings if it updates a resource. `log_key`, if set, encrypts the log group.
    """

    def __init__(  # noqa: PLR0913 - a construct's properties
        self,
        scope: Construct,
        construct_id: str,
        *,
        bundle: Bundle,
        memory_megabytes: int,
        is_traced: bool,
        log_retention_days: int,
        environment: Mapping[str, str],
        mark: str,
        log_key: kms.IKey | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.log_group = logs.LogGroup(self, "Logs", encryption_key=log_key, removal_policy=RemovalPolicy.DESTROY)
        cast("logs.CfnLogGroup", self.log_group.node.default_child).retention_in_days = log_retention_days
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.may("logs:CreateLogStream", "logs:PutLogEvents", on=self.log_group.log_group_arn)
        self.function = lambda_.Function(
            self,
            "Function",
            description="Reads CloudTrail log files and records who uses Polly, Transcribe, Lex and Personalize. "
            f"Settings: {mark}.",
            runtime=RUNTIME,
            architecture=bundle.architecture,
            code=bundle.code(),
            handler="lambdas.ingest.handler.lambda_handler",
            timeout=TIMEOUT,
            memory_size=memory_megabytes,
            role=self.role,
            log_group=self.log_group,
            tracing=lambda_.Tracing.ACTIVE if is_traced else lambda_.Tracing.DISABLED,
            environment=dict(environment),
            # The hourly review continues itself through the backfill queue, which Lambda takes for a loop after about
            # 16 runs and would stop. A review ends by itself: each run begins where the last one ended.
            recursive_loop=lambda_.RecursiveLoop.ALLOW,
        )
        Validations.of(self.role).acknowledge(
            Acknowledgment(
                id="AwsSolutions-IAM5[Resource::*]",
                reason="X-Ray's actions and cloudtrail:ListPublicKeys take no resource.",
            )
        )
        Validations.of(self.function).acknowledge(
            Acknowledgment(
                id="Serverless-LambdaDLQ",
                reason="It would be for asynchronous invocations; only queues invoke this function, and they have one.",
            )
        )
        if not is_traced:
            Validations.of(self.function).acknowledge(
                Acknowledgment(id="Serverless-LambdaTracing", reason="A setting, or the Region, excludes traces.")
            )

    def may(self, *actions: str, on: str | Sequence[str], if_: Condition | None = None) -> None:
        """Allows the function these actions on the resources with this ARN, or with these ARNs, under a condition."""
        resources = [on] if isinstance(on, str) else list(on)
        self.role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=resources, conditions=if_))

    def read_from(self, queue: IQueue, construct_id: str, *, maximum_concurrency: int) -> None:
        """Invokes the function for messages in `queue`; only the messages that it reports as failed are retried."""
        self.may(
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:ChangeMessageVisibility",
            "sqs:GetQueueAttributes",
            on=queue.queue_arn,
        )
        source = lambda_.EventSourceMapping(
            self,
            construct_id,
            target=self.function,
            event_source_arn=queue.queue_arn,
            batch_size=10,
            max_concurrency=maximum_concurrency,
            report_batch_item_failures=True,
        )
        Validations.of(source).acknowledge(
            Acknowledgment(
                id="Serverless-LambdaEventSourceMappingDestination",
                reason="Only streams have destinations; the queue itself moves what fails to the dead-letter queue.",
            )
        )
