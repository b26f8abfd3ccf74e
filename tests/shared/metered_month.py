"""A month of calls with known amounts: what CloudTrail records of them, and what CloudWatch counts, each by itself.

Written from the pages of AWS about records and metrics: no record has characters unless it says so, none has seconds of
audio, and some calls have no record.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aitrail.metering.metrics import Series, fixed

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
END = datetime(2026, 12, 1, tzinfo=UTC)
OWN, OTHER = "111122223333", "444455556666"
REGIONS = ("eu-central-1", "us-east-1")
PRINCIPALS = ("user/alice", "role/search-web", "role/narration")
LANGUAGES = ("en-US", "de-DE", None)
BOTS = ("B0T1", "B0T2")
CAMPAIGNS = ("shop", "news")


@dataclass(frozen=True)
class Call:
    """A successful call: when, by whom, of what, the true amount, and whether there is a record that says it."""

    at: datetime
    service: str
    operation: str
    principal: str
    account: str
    region: str
    amount: int
    of: str | None
    is_recorded: bool
    says_amount: bool

    @property
    def name(self):
        return {
            "polly": "characters",
            "transcribe": "audioSeconds",
            "lex": "requests",
            "personalize": "recommendationRequests",
        }[self.service]

    def row(self, number):
        """The row of its record."""
        usage, resource = {}, None
        if self.service == "polly":
            usage = {"engine": "neural"} | ({"requestCharacters": self.amount} if self.says_amount else {})
        elif self.service == "transcribe":
            resource = f"transcription-job/job-{number}"
            usage = {"languageCode": self.of} if self.of else {"identifyLanguage": True}
        elif self.service == "lex":
            resource, usage = f"bot/{self.of}", {"botAliasId": "ALIAS", "localeId": "en_US"}
        else:
            resource = f"campaign/{self.of}"
        time = self.at.strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "eventID": f"{number:08}",
            "eventTime": time,
            "eventDay": time[:10],
            "service": self.service,
            "operation": self.operation,
            "outcome": "ok",
            "principal": self.principal,
            "awsRegion": self.region,
            "recipientAccountId": self.account,
            "usage": usage,
            **({"resource": resource} if resource else {}),
        }

    @property
    def dimensions(self):
        """Namespace, metric and dimensions by name, as the pages about metrics have them."""
        if self.service == "polly":
            return "AWS/Polly", "RequestCharacters", {"Operation": self.operation}
        if self.service == "transcribe":
            language = self.of or "fr-FR"
            fixed = {"Domain": "Transcribe", "ServiceType": "batch"}
            return "AWS/Transcribe", "AudioDurationTime", fixed | {"LanguageCode": language}
        if self.service == "lex":
            values = {"BotId": self.of, "BotAliasId": "ALIAS", "LocaleId": "en-US", "Operation": self.operation}
            return "AWS/Lex", "RuntimeRequestCount", values
        arn = f"arn:aws:personalize:{self.region}:{self.account}:campaign/{self.of}"
        return "AWS/Personalize", self.operation, {"CampaignArn": arn}

    @property
    def count_dimensions(self):
        """The same for the metric that counts all calls."""
        if self.service == "polly":
            return "AWS/Polly", "4XXCount", {"Operation": self.operation}
        if self.service == "transcribe":
            fixed = {"Service": "Transcribe", "Type": "API", "Class": "None"}
            return "AWS/Usage", "CallCount", fixed | {"Resource": self.operation}
        return self.dimensions


# Calls to vary. The first one has a record without its amount, and the second one none.
SPOKEN = Call(
    at=BEGIN + timedelta(hours=9),
    service="polly",
    operation="SynthesizeSpeech",
    principal="user/alice",
    account=OWN,
    region="eu-central-1",
    amount=100,
    of=None,
    is_recorded=True,
    says_amount=False,
)
RECOMMENDED = Call(
    at=BEGIN,
    service="personalize",
    operation="GetRecommendations",
    principal="role/web",
    account=OWN,
    region="eu-central-1",
    amount=1,
    of="shop",
    is_recorded=False,
    says_amount=False,
)


def month(random, number):
    """Calls at random times by random principals."""
    return [_call(random) for _ in range(number)]


def _call(random):
    at = BEGIN + timedelta(seconds=random.randrange(int((END - BEGIN).total_seconds())))
    service, operation, of, amount = random.choice(
        [
            ("polly", "SynthesizeSpeech", None, random.randint(1, 3_000)),
            ("transcribe", "StartTranscriptionJob", random.choice(LANGUAGES), random.randint(1, 4_000)),
            ("lex", "RecognizeText", random.choice(BOTS), 1),
            ("personalize", "GetRecommendations", random.choice(CAMPAIGNS), 1),
        ]
    )
    return Call(
        at=at,
        service=service,
        operation=operation,
        principal=random.choice(PRINCIPALS),
        account=random.choice((OWN, OTHER)),
        region=random.choice(REGIONS),
        amount=amount,
        of=of,
        is_recorded=random.random() < 0.8,
        says_amount=random.random() < 0.5,
    )


class CountedMetrics:
    """What CloudWatch counts of the calls, by the hour; `denied` are places that it refuses with this error.

    With `only_named`, a search finds nothing: the metrics have been quiet for two weeks.
    """

    own = OWN

    def __init__(self, calls, *, denied=None, only_named=False):
        self._calls, self.denied, self._only_named = calls, denied or {}, only_named
        self.asked = []

    def series(self, place, asked, since, until):
        """See Metrics."""
        self.asked.append((place, since, until))
        if place in self.denied:
            raise self.denied[place]
        found = []
        for measure, named in asked:
            by_values = defaultdict(lambda: defaultdict(list))
            for call in self._calls:
                namespace, metric, dimensions = call.count_dimensions if measure.recorded else call.dimensions
                is_here = (call.account, call.region) == tuple(place) and since <= call.at < until
                is_it = (namespace, metric, sorted(dimensions)) == (
                    measure.namespace,
                    measure.metric,
                    sorted(measure.names),
                )
                fixed_values = [fixed(place) for _, place in measure.dimensions]
                values = tuple(dimensions.get(name, "") for name in measure.names)
                is_it &= all(fix in (None, value) for fix, value in zip(fixed_values, values, strict=True))
                if is_here and is_it:
                    by_values[values][call.at.replace(minute=0, second=0)].append(_sample(call, measure))
            for values, hours in by_values.items():
                if not self._only_named or values in named:
                    found.append(_series(measure, values, hours))
        return found


def _sample(call, measure):
    """What a call sends to a metric: a successful one adds 0 to the errors that 4XXCount sums up."""
    if measure.recorded:
        return 0 if measure.metric == "4XXCount" else 1
    return call.amount


def _series(measure, values, hours):
    statistics = {
        "Sum": lambda amounts: float(sum(amounts)),
        "SampleCount": lambda amounts: float(len(amounts)),
        "Average": lambda amounts: sum(amounts) / len(amounts),
    }
    points = {name: {hour: statistics[name](amounts) for hour, amounts in hours.items()} for name in measure.statistics}
    return Series(measure=measure, values=values, points=points)
