"""CloudFormation templates as text that is easy to compare."""

import re


def plain(value):
    """CloudFormation's functions as text: <Part>, <Part.Arn>; names without the hashes that CDK appends."""
    match value:
        case {"Ref": name}:
            text = f"<{logical_name(name)}>"
        case {"Fn::GetAtt": [name, attribute]}:
            text = f"<{logical_name(name)}.{attribute}>"
        case {"Fn::Join": [separator, parts]}:
            text = separator.join(plain(part) for part in parts)
        case str():
            text = logical_name(value)
        case _:
            return _plain_within(value)
    return text


def _plain_within(value):
    if isinstance(value, dict):
        return {logical_name(key): plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def logical_name(text):
    """A logical id without the hash that CDK appends."""
    return re.sub(r"(?<=[a-z])[0-9A-F]{8}$", "", text)
