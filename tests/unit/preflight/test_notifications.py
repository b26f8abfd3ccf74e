"""Notifications that S3 would refuse are found before a deployment, and no others are called conflicts."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrail.preflight import Plan, Severity
from aitrail.preflight.notifications import findings_of_notifications

ARN = "arn:aws:sqs:eu-west-1:111122223333:siem"
TOPIC = "arn:aws:sns:eu-west-1:111122223333:log-files"
PLAN = Plan(stack="aitrail", account="111122223333", region="eu-west-1", bucket="central-logs", has_trail=False)
OURS = ("ObjectCreated:Put", "ObjectCreated:Copy", "ObjectRestore:Completed", "ObjectRemoved:Delete")
NAMED = [
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:Put",
    "s3:ObjectRestore:*",
    "s3:ObjectRestore:Post",
    "s3:ObjectRestore:Completed",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectTagging:Put",
    "s3:LifecycleExpiration:*",
    "s3:ObjectAcl:Put",
    "s3:Replication:*",
]
ALL = sorted({each.removeprefix("s3:").replace("*", "Any") for each in NAMED} | set(OURS))


def other(events, **filters):
    rules = [{"Name": name, "Value": value} for name, value in filters.items()]
    return {"Id": "siem", "QueueArn": ARN, "Events": events, "Filter": {"Key": {"FilterRules": rules}}}


def conflicts(configuration, **changes):
    plan = Plan(**{name: getattr(PLAN, name) for name in Plan.__slots__} | changes)
    found = findings_of_notifications(plan, configuration)
    return [each for each in found if each.severity is Severity.CONFLICT]


def is_notified(notification, key, event):
    """Whether S3 sends this notification for an event of an object."""
    rules = {
        rule["Name"].lower(): rule["Value"] for rule in notification.get("Filter", {}).get("Key", {})["FilterRules"]
    }
    of_key = key.startswith(rules.get("prefix", "")) and key.endswith(rules.get("suffix", ""))
    return of_key and any(fnmatchcase(f"s3:{event}", each) for each in notification["Events"])


@settings(deadline=None)
@given(
    events=st.lists(st.sampled_from(NAMED), min_size=1, max_size=3),
    prefix=st.sampled_from(["", "A", "AWSLogs/", "AWSLogs/o-a1/", "team/", "team/AWSLogs/1", "x/"]),
    suffix=st.sampled_from(["", ".gz", ".json.gz", "0.json.gz", ".txt"]),
    named=st.sampled_from([("prefix", "suffix"), ("Prefix", "Suffix")]),
)
def test_conflict_is_what_would_notify_twice_of_an_object(events, prefix, suffix, named):
    notification = other(events, **dict(zip(named, (prefix, suffix), strict=True)))
    prefixes = ("", "team/")
    ours = [
        {
            "Events": ["s3:ObjectCreated:*", "s3:ObjectRestore:Completed", "s3:ObjectRemoved:*"],
            "Filter": {
                "Key": {
                    "FilterRules": [
                        {"Name": "prefix", "Value": f"{each}AWSLogs/"},
                        {"Name": "suffix", "Value": ".json.gz"},
                    ]
                }
            },
        }
        for each in prefixes
    ]
    keys = [
        f"{begin}{end}"
        for begin in (prefix, *(f"{each}AWSLogs/" for each in prefixes))
        for end in (suffix, ".json.gz", "0.json.gz")
    ]
    twice = any(
        is_notified(notification, key, event) and any(is_notified(each, key, event) for each in ours)
        for key in keys
        for event in ALL
    )

    assert bool(conflicts({"QueueConfigurations": [notification]}, prefixes=prefixes)) is twice


def test_own_notifications_of_a_deployed_stack_are_no_conflict():
    own = ARN.replace(":siem", ":aitrail-DeliveriesQueue99C7B338-Xa1")
    others = (ARN, own.replace(":aitrail-", ":other-"), own.replace("111122223333", "444455556666"))

    def notifying(arn):
        return {"QueueConfigurations": [other(["s3:ObjectCreated:*"], prefix="AWSLogs/") | {"QueueArn": arn}]}

    assert not conflicts(notifying(own))
    assert all(conflicts(notifying(each)) for each in others)


def test_topic_that_is_notified_already_is_the_remedy():
    configuration = {"TopicConfigurations": [{"Id": "fan-out", "TopicArn": TOPIC, "Events": ["s3:ObjectCreated:*"]}]}

    [found] = conflicts(configuration)

    assert f"-c aitrail:announcedBy={TOPIC}" in found.what_to_do
    assert not conflicts(configuration, announced_by=TOPIC)


@pytest.mark.parametrize(("number", "names"), [(99, []), (100, ["notifications-quota"])])
def test_more_notifications_than_s3_accepts_are_a_conflict(number, names):
    configuration = {"QueueConfigurations": [other(["s3:ObjectTagging:Put"])] * number}

    assert [each.finding for each in conflicts(configuration)] == names


def test_events_that_do_not_reach_eventbridge_are_a_conflict():
    assert [each.finding for each in conflicts({}, announced_by="eventbridge")] == ["eventbridge-off"]
    assert not conflicts({"EventBridgeConfiguration": {}}, announced_by="eventbridge")


def test_topic_that_is_not_notified_may_be_cloudtrails():
    [found] = findings_of_notifications(
        Plan(**{name: getattr(PLAN, name) for name in Plan.__slots__} | {"announced_by": TOPIC}), {}
    )

    assert (found.finding, found.severity) == ("topic-without-notifications", Severity.ADVICE)
