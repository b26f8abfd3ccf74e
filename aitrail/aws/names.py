"""What the names of things in AWS look like, as far as settings and options name them. Pure."""

from typing import NamedTuple


class Name(NamedTuple):
    """A kind of name: a regular expression of the whole name, and what it is, for messages."""

    pattern: str
    valid: str


_ARN = "arn:aws[a-z-]*"
ACCOUNT = Name("[0-9]{12}", "the id of an account (12 digits)")
# Amazon S3 user guide ("General purpose bucket naming rules"): no two periods in a row, and no address of IPv4.
BUCKET = Name(
    r"(?!.*[.][.]|(?:[0-9]{1,3}[.]){3}[0-9]{1,3}$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "the name of an S3 bucket"
)
TABLE = Name("[A-Za-z0-9_.-]{3,255}", "the name of a DynamoDB table")
# CloudTrail's limit is 200 characters. As a prefix ends with a slash, no two overlap in a way that S3 would refuse.
KEY_PREFIX = Name("(?!AWSLogs/)(?:[A-Za-z0-9!_.*'()-]+/){1,20}", "a key prefix that ends with a slash, such as trails/")
# IAM ignores aliases as resources: only a key's own ARN works.
KEY_ARN = Name(f"{_ARN}:kms:[a-z0-9-]+:[0-9]{{12}}:key/[A-Za-z0-9-]+", "the ARN of a KMS key (not of an alias)")
TOPIC_ARN = Name(f"{_ARN}:sns:[a-z0-9-]+:[0-9]{{12}}:[A-Za-z0-9_-]{{1,256}}", "the ARN of an SNS topic")
ANNOUNCER = Name(f"s3|eventbridge|{TOPIC_ARN.pattern}", "s3, eventbridge, or the ARN of an SNS topic")
# The part of the names of the CDK's bootstrap that tells it from others.
QUALIFIER = Name("[A-Za-z0-9_-]{1,10}", "the qualifier of a bootstrap of the CDK")
