"""What CloudFormation does in an account to create a stack: actions by resource. Pure.

Only what it certainly does for the settings of a plan: keys, tags and other settings need more. Sources: AWS service
authorization reference; AWS CloudFormation resource types, permissions of their handlers.
"""

from collections.abc import Iterator, Mapping

from aitrail.preflight.plan import Plan

# Type of resource -> the resource that its actions are allowed on, and these actions. ${Name} begins with the stack's
# name: CloudFormation appends the name in the template and random characters.
CREATED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "AWS::IAM::Role": (
        "iam::${Account}:role/${Name}",
        ("iam:CreateRole", "iam:GetRole", "iam:PassRole"),
    ),
    "AWS::IAM::Policy": ("iam::${Account}:role/${Name}", ("iam:PutRolePolicy",)),
    "AWS::IAM::ManagedPolicy": ("iam::${Account}:policy/${Name}", ("iam:CreatePolicy", "iam:GetPolicy")),
    "AWS::SQS::Queue": ("sqs:${Region}:${Account}:${Name}", ("sqs:CreateQueue", "sqs:GetQueueAttributes")),
    "AWS::SQS::QueuePolicy": ("sqs:${Region}:${Account}:${Name}", ("sqs:SetQueueAttributes",)),
    "AWS::Events::Rule": (
        "events:${Region}:${Account}:rule/${Name}",
        ("events:DescribeRule", "events:PutRule", "events:PutTargets"),
    ),
    "AWS::Logs::LogGroup": (
        "logs:${Region}:${Account}:log-group:${Name}",
        ("logs:CreateLogGroup", "logs:PutRetentionPolicy"),
    ),
    "AWS::Lambda::Function": (
        "lambda:${Region}:${Account}:function:${Name}",
        ("lambda:CreateFunction", "lambda:GetFunction", "lambda:PutFunctionRecursionConfig"),
    ),
    "AWS::Lambda::EventSourceMapping": (
        "lambda:${Region}:${Account}:event-source-mapping:*",
        ("lambda:GetEventSourceMapping",),
    ),
    "AWS::CloudWatch::Alarm": ("cloudwatch:${Region}:${Account}:alarm:${Name}", ("cloudwatch:PutMetricAlarm",)),
    "AWS::DynamoDB::GlobalTable": (
        "dynamodb:${Region}:${Account}:table/${Name}",
        (
            *("dynamodb:CreateTable", "dynamodb:DescribeTable"),
            *("dynamodb:UpdateContinuousBackups", "dynamodb:UpdateTimeToLive"),
        ),
    ),
    "AWS::S3::Bucket": (
        "s3:::${Name}",
        (
            *("s3:CreateBucket", "s3:PutBucketOwnershipControls", "s3:PutBucketPublicAccessBlock"),
            *("s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration"),
        ),
    ),
    "AWS::S3::BucketPolicy": ("s3:::${Name}", ("s3:PutBucketPolicy",)),
    "AWS::CloudTrail::Trail": (
        "cloudtrail:${Region}:${Account}:trail/${Trail}",
        ("cloudtrail:CreateTrail", "cloudtrail:PutEventSelectors", "cloudtrail:StartLogging"),
    ),
    # The notifications of a bucket are the work of a function of the stack.
    "Custom::BucketNotifications": ("lambda:${Region}:${Account}:function:${Name}", ("lambda:InvokeFunction",)),
    "AWS::SNS::Subscription": ("", ("sns:Subscribe",)),
    "AWS::Events::EventBus": ("events:${Region}:${Account}:event-bus/${Name}", ("events:CreateEventBus",)),
    "AWS::Events::EventBusPolicy": ("events:${Region}:${Account}:event-bus/${Name}", ("events:PutPermission",)),
}
_OF_EVERY_STACK = (
    *("AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::SQS::Queue", "AWS::SQS::QueuePolicy"),
    *("AWS::Events::Rule", "AWS::Logs::LogGroup", "AWS::Lambda::Function", "AWS::Lambda::EventSourceMapping"),
    "AWS::CloudWatch::Alarm",
)


def types_of(plan: Plan) -> Iterator[str]:
    """The types of the resources of a stack."""
    yield from _OF_EVERY_STACK
    if not (plan.events_table and plan.files_table):
        yield "AWS::DynamoDB::GlobalTable"
    if plan.has_trail:
        yield "AWS::CloudTrail::Trail"
    if plan.bucket is None:
        yield from ("AWS::S3::Bucket", "AWS::S3::BucketPolicy", "Custom::BucketNotifications")
    elif plan.announced_by.startswith("arn:"):
        yield "AWS::SNS::Subscription"
    elif plan.announced_by == "s3" and plan.bucket_account is None:
        yield "Custom::BucketNotifications"
    elif plan.announced_by == "eventbridge" and plan.bucket_account:
        yield from ("AWS::Events::EventBus", "AWS::Events::EventBusPolicy")


def creation_of(plan: Plan) -> dict[str, tuple[str, ...]]:
    """The actions that create the stack of the plan, by the ARN of a resource such as they create."""
    found: dict[str, set[str]] = {}
    for each in types_of(plan):
        resource, actions = CREATED[each]
        arn = f"arn:{plan.partition}:{resource}" if resource else plan.announced_by
        is_bucket = resource.startswith("s3:")
        names = {
            "${Region}": plan.region,
            "${Account}": plan.account,
            "${Trail}": plan.trail_name,
            "${Name}": f"{plan.stack}-example".lower() if is_bucket else f"{plan.stack}-Example",
        }
        for name, value in names.items():
            arn = arn.replace(name, value)
        found.setdefault(arn, set()).update(actions)
    # The mapping has no ARN before it is there.
    found["*"] = {"lambda:CreateEventSourceMapping"}
    return {arn: tuple(sorted(actions)) for arn, actions in found.items()}
