"""A test client that implements CloudTrail's LookupEvents, as in its API reference, for one account and Region."""

import json
from datetime import UTC, datetime


def event_of(record):
    """The event that LookupEvents returns for a record."""
    return {
        "EventId": record.get("eventID"),
        "EventName": record.get("eventName"),
        "EventSource": record["eventSource"],
        "EventTime": datetime.fromisoformat(record["eventTime"]),
        "CloudTrailEvent": json.dumps(record),
    }


class History:
    """The events of these records, newest first, at most `page` on a page. `asked` has the requests.

    `meanwhile` is called with each request, and may raise an error.
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
        """The requested time ranges for a source, as `day hour:minute:second`, without those for further pages."""
        return [
            tuple(question[end].astimezone(UTC).strftime("%d %H:%M:%S") for end in ("StartTime", "EndTime"))
            for question in self.asked
            if question["LookupAttributes"][0]["AttributeValue"] == source and "NextToken" not in question
        ]
