"""The log bucket is private, versioned, kept, and announces log files."""

import json

BASE_RULE = {
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    "NoncurrentVersionExpiration": {"NoncurrentDays": 30},
    "Status": "Enabled",
}
MARKERS_RULE = {"ExpiredObjectDeleteMarker": True, "Status": "Enabled"}


def test_the_log_bucket_is_private_encrypted_and_versioned(default):
    assert default.properties("LogsBucket") == {
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
        },
        "LifecycleConfiguration": {"Rules": [BASE_RULE, MARKERS_RULE]},
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "PublicAccessBlockConfiguration": {
            "BlockPublicAcls": True,
            "BlockPublicPolicy": True,
            "IgnorePublicAcls": True,
            "RestrictPublicBuckets": True,
        },
        "VersioningConfiguration": {"Status": "Enabled"},
    }


def test_log_files_expire_when_the_settings_say_so(chosen):
    rules = chosen.properties("LogsBucket")["LifecycleConfiguration"]["Rules"]

    assert rules == [BASE_RULE | {"ExpirationInDays": 365}, MARKERS_RULE]


def test_audit_logs_survive_the_stack_whatever_the_settings(default, chosen):
    for template in (default, chosen):
        bucket = template.resources["LogsBucket"]
        assert (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


# CloudFormation replaces a bucket if one of these changes (its Template Reference, AWS::S3::Bucket, and CDK's schema).
REPLACING = {"BucketName", "BucketNamePrefix", "BucketNamespace", "ObjectLockEnabled"}


def test_object_lock_changes_the_bucket_and_the_mark_of_the_settings_and_replaces_nothing(default, synthesize):
    before, after = raw(default), raw(synthesize({"aitrail:objectLockDays": 30}))
    (name,) = (name for name, each in before.items() if each["Type"] == "AWS::S3::Bucket")

    lock = after[name]["Properties"].pop("ObjectLockConfiguration")
    assert lock == {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 30}}}
    for resources in (before, after):
        (function,) = (each for name, each in resources.items() if name.startswith("IngestFunction"))
        del function["Properties"]["Description"]
    assert after == before
    assert not REPLACING & before[name]["Properties"].keys()


def test_no_other_setting_replaces_a_deployed_bucket_either(default, chosen):
    (before,) = (name for name, each in raw(default).items() if each["Type"] == "AWS::S3::Bucket")
    (after,) = (name for name, each in raw(chosen).items() if each["Type"] == "AWS::S3::Bucket")

    assert before == after
    assert not REPLACING & raw(chosen)[after]["Properties"].keys()


def raw(template):
    return json.loads(template.text)["Resources"]


def test_a_prefix_is_announced_once_the_function_accepts_it(default):
    """A delivery that the function refuses is acknowledged: it would be lost until a backfill."""
    assert "IngestFunction" in default.resources["LogsBucketNotifications"]["DependsOn"]


def test_new_restored_and_removed_log_files_are_announced_and_nothing_else(default):
    (notifications,) = default.of_type("Custom::S3BucketNotifications").values()
    only_logs = {
        "Key": {"FilterRules": [{"Name": "suffix", "Value": ".json.gz"}, {"Name": "prefix", "Value": "AWSLogs/"}]}
    }

    assert notifications["BucketName"] == "<LogsBucket>"
    assert notifications["NotificationConfiguration"] == {
        "QueueConfigurations": [
            {"Events": ["s3:ObjectCreated:*"], "Filter": only_logs, "QueueArn": "<DeliveriesQueue.Arn>"},
            {"Events": ["s3:ObjectRestore:Completed"], "Filter": only_logs, "QueueArn": "<DeliveriesQueue.Arn>"},
            {"Events": ["s3:ObjectRemoved:*"], "Filter": only_logs, "QueueArn": "<DeliveriesQueue.Arn>"},
        ]
    }
