"""CloudTrail's LookupEvents as its API reference describes it, for one account and Region: a client for tests."""

import json
from datetime import UTC, datetime


def event_of(record):
    """The event that CloudTrail makes of a record."""
    return {
        "EventId": record.get("eventID"),
        "EventName": record.get("eventName"),
        "EventSource": record["eventSource"],
        "EventTime": datetime.fromisoformat(record["eventTime"]),
        "CloudTrailEvent": json.dumps(record),
    }


class History:
    """Events of these records, newest first; `page` is the most that a page has. `asked` notes what was asked.

    `meanwhile` is called with each question, and may raise.
    """

    def __init__(self, *records, page=50, meanwhile=lambda _: None):
        self.events = [event_of(record) for record in records]
        self.page = page
        self.meanwhile = meanwhile
        self.asked = []

    def lookup_events(self, **question):
        self.asked.append(question)
        self.meanwhile(question)
        ((attribute),) = question["LookupAttributes"]
        assert attribute["AttributeKey"] == "EventSource"
        assert question["StartTime"] <= question["EndTime"]
        found = [
            event
            for event in sorted(self.events, key=lambda event: event["EventTime"], reverse=True)
            if event["EventSource"] == attribute["AttributeValue"]
            and question["StartTime"] <= event["EventTime"] <= question["EndTime"]
        ]
        start, size = int(question.get("NextToken", 0)), min(self.page, question["MaxResults"])
        more = {"NextToken": str(start + size)} if start + size < len(found) else {}
        return {"Events": found[start : start + size], **more}

    def spans(self, source):
        """The ends of what was asked about a source, as `day hour:minute:second`; further pages are left out."""
        return [
            tuple(question[end].astimezone(UTC).strftime("%d %H:%M:%S") for end in ("StartTime", "EndTime"))
            for question in self.asked
            if question["LookupAttributes"][0]["AttributeValue"] == source and "NextToken" not in question
        ]
