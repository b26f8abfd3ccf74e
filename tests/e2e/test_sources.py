"""Log files become rows from wherever they come: an existing bucket of any account, trails of others, a copy.

The local AWS enforces IAM policies and uses TLS. It delivers no log files and replicates nothing, so the tests put
objects as CloudTrail and S3 would.
"""

import gzip
import json
from datetime import UTC, datetime

import boto3
import pytest

from demo import deployment
from demo.environments import ACCOUNT, REGION
from demo.local_aws import local_aws
from demo.pipeline import Pipeline
from tests.shared.key_files import key_file
from tests.shared.signed_digests import chain

BUCKET, BUCKET_OF_OTHERS = "central-logs", "log-archive-logs"
OTHER_ACCOUNT = "444455556666"
OF_OTHERS = {"Id": "siem", "QueueArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:siem", "Events": ["s3:ObjectRemoved:*"]}


@pytest.fixture(scope="module")
def aws():
    """A local AWS with a bucket whose notifications others use."""
    with local_aws(auth=True) as aws:
        deployment.bootstrap(aws)
        siem = _s3_may("sqs:SendMessage", OF_OTHERS["QueueArn"])
        aws.client("sqs").create_queue(QueueName="siem", Attributes={"Policy": siem})
        _create_bucket(aws.client("s3"), BUCKET)
        yield aws


@pytest.fixture(scope="module")
def log_archive(aws):
    """Clients of another account, for the root of which the local AWS takes whoever has its id as access key."""
    session = boto3.Session(OTHER_ACCOUNT, "local", region_name=REGION)
    place = {"endpoint_url": aws.endpoint, "verify": aws.environment["AWS_CA_BUNDLE"]}
    _create_bucket(session.client("s3", **place), BUCKET_OF_OTHERS)
    return lambda service: session.client(service, **place)


def _s3_may(action, arn):
    """The policy of a queue or topic to which S3 may send."""
    statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": action, "Resource": arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _create_bucket(s3, name):
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})


def _notify(s3, bucket=BUCKET, **configuration):
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)


def _deploy(aws, name, *, without=None, **settings):
    """Deploys a stack, without its resources of the type `without`, which the local CloudFormation does not know."""
    settings = {f"aitrail:{setting}": value for setting, value in settings.items()}
    assembly = deployment.synthesize(aws, context=deployment.LOCAL_CONTEXT | {"aitrail:stackName": name} | settings)
    file = assembly / f"{name}.template.json"
    template = json.loads(file.read_text())
    template["Resources"] = {name: each for name, each in template["Resources"].items() if each["Type"] != without}
    file.write_text(json.dumps(template))
    return Pipeline(aws, deployment.deploy(aws, assembly))


def _topic(sns, name):
    """A new topic to which S3 may publish."""
    topic = sns.create_topic(Name=name)["TopicArn"]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=_s3_may("sns:Publish", topic))
    return topic


def _file(name, account=ACCOUNT, above="AWSLogs/"):
    """The key and the body of a log file with one record; `name` makes both unique."""
    record = {
        "eventVersion": "1.11",
        "eventTime": "2026-11-20T08:00:00Z",
        "eventSource": "polly.amazonaws.com",
        "eventName": "ListLexicons",
        "eventID": f"00000000-0000-4000-8000-{name.encode().hex():0>12.12}",
        "recipientAccountId": account,
    }
    key = f"{above}{account}/CloudTrail/{REGION}/2026/11/20/{account}_CloudTrail_{REGION}_20261120T0805Z_{name:x<16}"
    return f"{key}.json.gz", gzip.compress(json.dumps({"Records": [record]}).encode(), mtime=0)


def _is_read(pipeline, put):
    pipeline.wait_for({put})
    return pipeline.ledger()[put]["written"] == 1


def _queues(aws):
    found = aws.client("s3").get_bucket_notification_configuration(Bucket=BUCKET)
    return found.get("QueueConfigurations", [])


def test_notifications_of_s3_are_added_and_taken_away(aws):
    _notify(aws.client("s3"), QueueConfigurations=[OF_OTHERS])

    pipeline = _deploy(aws, "by-s3", logBucket=BUCKET, trail="none")

    assert _is_read(pipeline, pipeline.put(*_file("bys3")))
    assert OF_OTHERS in _queues(aws)
    assert [each["Filter"]["Key"]["FilterRules"][0]["Value"] for each in _queues(aws) if each != OF_OTHERS] == [
        "AWSLogs/"
    ]

    cloudformation = aws.client("cloudformation")
    cloudformation.delete_stack(StackName="by-s3")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="by-s3", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
    assert _queues(aws) == [OF_OTHERS]


def test_events_of_eventbridge_are_taken(aws):
    _notify(aws.client("s3"), QueueConfigurations=[OF_OTHERS], EventBridgeConfiguration={})

    pipeline = _deploy(aws, "by-eventbridge", logBucket=BUCKET, trail="none", announcedBy="eventbridge")

    assert _is_read(pipeline, pipeline.put(*_file("byeventbridge")))
    assert _queues(aws) == [OF_OTHERS]


def test_messages_of_a_topic_are_taken(aws):
    topic = _topic(aws.client("sns"), "log-files")
    created = {"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}
    _notify(aws.client("s3"), QueueConfigurations=[OF_OTHERS], TopicConfigurations=[created])

    pipeline = _deploy(aws, "by-topic", logBucket=BUCKET, trail="none", announcedBy=topic)

    assert _is_read(pipeline, pipeline.put(*_file("bytopic")))
    assert _queues(aws) == [OF_OTHERS]


def _put(s3, bucket, file):
    key, body = file
    s3.put_object(Bucket=bucket, Key=key, Body=body)
    return f"s3://{bucket}/{key}"


def _deploy_for_others(aws, name, announced_by, **options):
    """A stack that reads the bucket of the other account."""
    of_others = {"logBucket": BUCKET_OF_OTHERS, "logBucketAccount": OTHER_ACCOUNT, "trail": "none"}
    return _deploy(aws, name, announcedBy=announced_by, **of_others, **options)


def _let_read(log_archive, pipeline):
    """Adds to the policy of the bucket what the stack asks for.

    The local AWS knows callers of other accounts only by their account, so the account stands for the role here.
    """
    policy = json.loads(pipeline.aitrail("source", "bucket-policy"))
    [role] = {statement["Principal"]["AWS"] for statement in policy["Statement"]}
    assert role == pipeline.outputs["FunctionRoleArn"]
    of_account = json.dumps(policy).replace(role, f"arn:aws:iam::{ACCOUNT}:root")
    log_archive("s3").put_bucket_policy(Bucket=BUCKET_OF_OTHERS, Policy=of_account)


def test_bucket_of_another_account_announces_by_the_notifications_that_source_prints(aws, log_archive):
    pipeline = _deploy_for_others(aws, "of-others", "s3")
    _let_read(log_archive, pipeline)
    _notify(log_archive("s3"), BUCKET_OF_OTHERS, **json.loads(pipeline.aitrail("source", "notifications")))

    put = _put(log_archive("s3"), BUCKET_OF_OTHERS, _file("foreigns3"))

    assert _is_read(pipeline, put)


def test_topic_of_another_account_lets_the_stack_subscribe_with_the_policy_that_source_prints(aws, log_archive):
    pipeline, sns = _deploy_for_others(aws, "topic-of-others", "s3"), log_archive("sns")
    _let_read(log_archive, pipeline)
    topic = _topic(sns, "log-archive-files")
    policy = json.loads(sns.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])
    for statement in json.loads(pipeline.aitrail("source", "topic-policy", "--topic", topic))["Statement"]:
        # The local SNS does not know the condition keys sns:Endpoint and sns:Protocol.
        statement.pop("Condition", None)
        policy["Statement"].append(statement)
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(policy))
    created = {"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}
    _notify(log_archive("s3"), BUCKET_OF_OTHERS, TopicConfigurations=[created])

    pipeline = _deploy_for_others(aws, "topic-of-others", topic)

    _subscribe(aws, pipeline, topic)
    assert _is_read(pipeline, _put(log_archive("s3"), BUCKET_OF_OTHERS, _file("foreigntopic")))


def _subscribe(aws, pipeline, topic):
    """Does what CloudFormation does in AWS. The local one says that it has, but looks for the topic in one account."""
    sqs, queue = aws.client("sqs"), pipeline.outputs["DeliveriesQueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    raw = {"RawMessageDelivery": "true"}
    aws.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes=raw)


def test_bucket_of_another_account_sends_events_by_the_template_that_source_prints(aws, log_archive, eventually):
    _notify(log_archive("s3"), BUCKET_OF_OTHERS, EventBridgeConfiguration={})
    pipeline = _deploy_for_others(aws, "events-of-others", "eventbridge", without="AWS::Events::EventBusPolicy")
    cloudformation = log_archive("cloudformation")
    cloudformation.create_stack(
        StackName="aitrail-events",
        TemplateBody=pipeline.aitrail("source", "template"),
        Capabilities=["CAPABILITY_IAM"],
    )
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="aitrail-events", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )

    bus = pipeline.outputs["EventBusArn"]
    _put(log_archive("s3"), BUCKET_OF_OTHERS, _file("foreignevent"))

    # The local EventBridge looks for the bus in the account of the rule, and says so.
    eventually(lambda: f"event bus {bus} not found" in aws.log)
    events = aws.client("events")
    [rule] = events.list_rules(EventBusName=bus.rpartition("/")[2])["Rules"]
    event = _object_created(BUCKET_OF_OTHERS, _file("foreignevent")[0])
    assert events.test_event_pattern(EventPattern=rule["EventPattern"], Event=json.dumps(event))["Result"]


def _object_created(bucket, key):
    """The event of S3 in the account of the bucket."""
    return {
        "id": "00000000-0000-4000-8000-000000000001",
        "source": "aws.s3",
        "detail-type": "Object Created",
        "account": OTHER_ACCOUNT,
        "time": "2026-11-20T08:05:00Z",
        "region": REGION,
        "resources": [f"arn:aws:s3:::{bucket}"],
        "detail": {"bucket": {"name": bucket}, "object": {"key": key}},
    }


def test_trails_of_other_accounts_and_of_the_organization_deliver_to_the_bucket_of_the_stack(aws):
    trails = [
        f"arn:aws:cloudtrail:{REGION}:{OTHER_ACCOUNT}:trail/audit",
        f"arn:aws:cloudtrail:{REGION}:{OTHER_ACCOUNT}:trail/everything",
    ]
    pipeline = _deploy(aws, "of-trails", trailArns=",".join(trails), accounts=f"{ACCOUNT},o-a1b2c3d4e5")
    ours = pipeline.put(*_file("oftrail"))
    organization = pipeline.put(*_file("oforg", OTHER_ACCOUNT, above="AWSLogs/o-a1b2c3d4e5/"))
    stranger = pipeline.put(*_file("ofstranger", "777788889999"))

    assert _is_read(pipeline, ours)
    assert _is_read(pipeline, organization)
    assert stranger not in pipeline.ledger()
    policy = json.loads(aws.client("s3").get_bucket_policy(Bucket=pipeline.outputs["LogBucketName"])["Policy"])
    assert sorted(_source_arns(policy)) == sorted(trails)


def _source_arns(policy):
    """The trails that CloudTrail may deliver for."""
    return {
        arn
        for statement in policy["Statement"]
        if statement["Effect"] == "Allow" and "s3:PutObject" in statement["Action"]
        for arn in statement["Condition"]["StringEquals"]["aws:SourceArn"]
    }


ORIGINAL = "organization-trail-logs"


def test_replicated_copy_is_proved_by_the_digests_that_name_its_original(aws, tmp_path):
    keys = tmp_path / "keys.json"
    keys.write_bytes(key_file(REGION))
    pipeline = _deploy(aws, "of-copy", originalBucket=ORIGINAL, publicKeys=str(keys))
    (key, body), hours = _file("ofcopy"), [datetime(2026, 11, 20, hour, tzinfo=UTC) for hour in (8, 9, 10)]
    listed = {hours[1]: [(key, gzip.decompress(body))]}
    digests = chain(hours, bucket=ORIGINAL, files=listed, where={"region": REGION})

    assert _is_read(pipeline, pipeline.put(key, body))
    pipeline.wait_for({pipeline.put(each.key, each.body, each.metadata) for each in digests})

    window = ("--since", "2026-11-20T08:00Z", "--until", "2026-11-20T09:00Z")
    assert json.loads(pipeline.aitrail("verify", *window, "-o", "json"))["proved"]
    assert {entry["status"] for entry in pipeline.ledger().values()} == {"ingested", "verified"}
