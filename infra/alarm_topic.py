"""The topic that sends alarms by e-mail."""

from aws_cdk import Acknowledgment, Aws, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct


class AlarmTopic(Construct):
    """A topic to which only CloudWatch's alarms of the account publish, and the subscription of an address.

    `key` encrypts it; None for none. A topic of others is not subscribed: it may have other messages than these alarms.
    """

    def __init__(self, scope: Construct, construct_id: str, *, address: str, key: kms.IKey | None) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Topic", display_name="Alarms of aitrail", master_key=key, enforce_ssl=True)
        alarms = f"arn:{Aws.PARTITION}:cloudwatch:{Aws.REGION}:{Aws.ACCOUNT_ID}:alarm:*"
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsPublish",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={
                    "ArnLike": {"aws:SourceArn": alarms},
                    "StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID},
                },
            )
        )
        # Not a subscription of CDK's, which would have the address in its logical id.
        self.subscription = sns.Subscription(
            self, "Email", topic=self.topic, protocol=sns.SubscriptionProtocol.EMAIL, endpoint=address
        )
        if key is None:
            Validations.of(self.topic).acknowledge(
                Acknowledgment(
                    id="AwsSolutions-SNS2",
                    reason="CloudWatch cannot use AWS's own key of SNS; a customer-managed key is a setting.",
                )
            )
        Validations.of(self.subscription).acknowledge(
            Acknowledgment(
                id="Serverless-SNSRedrivePolicy",
                reason="An e-mail that is lost is no loss: CloudWatch and the dashboard show the state of each alarm.",
            )
        )
