"""Names of resources as cdk-nag reports them, for acknowledgements of its findings."""

from typing import Any


def as_reported(arn: Any) -> str:  # noqa: ANN401 - a text, or a function of CloudFormation
    """An ARN as cdk-nag writes it."""
    match arn:
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(map(as_reported, parts))
    return str(arn)
