"""The stack's own trail records everything that the services log, in all Regions, and can be omitted."""


def test_the_trail_logs_all_management_events_of_all_regions_with_digests(default):
    assert default.of_type("AWS::CloudTrail::Trail") == {
        "Trail": {
            "TrailName": "aitrail-trail",
            "S3BucketName": "<LogsBucket>",
            "IsLogging": True,
            "IsMultiRegionTrail": True,
            "IncludeGlobalServiceEvents": True,
            "EnableLogFileValidation": True,
            "EventSelectors": [{"IncludeManagementEvents": True, "ReadWriteType": "All"}],
        }
    }


def test_the_trail_comes_last_when_its_files_are_allowed_announced_and_read(default):
    needs = set(default.resources["Trail"]["DependsOn"])

    assert needs >= {"LogsBucketPolicy", "LogsBucketNotifications", "IngestSource", "IngestFunction"}


def test_without_the_setting_there_is_no_trail(chosen):
    assert not chosen.of_type("AWS::CloudTrail::Trail")
