"""What the parts of a CloudFormation template refer to: Ref, Fn::GetAtt, Fn::Sub and DependsOn."""

import re
from graphlib import CycleError, TopologicalSorter


def cycle(template):
    """Resources that wait for each other, in order, or None. CloudFormation refuses a template that has such."""
    resources = template["Resources"]
    graph = {name: set(references(each)) & resources.keys() for name, each in resources.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return None


def references(part):
    """The names to which a part of a template refers, among other texts that are no names."""
    if isinstance(part, list):
        for each in part:
            yield from references(each)
    elif isinstance(part, dict):
        for key, value in part.items():
            yield from _direct(key, value)
            yield from references(value)


def _direct(key, value):
    texts = [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]
    if key in ("Ref", "DependsOn"):
        yield from texts
    elif key == "Fn::GetAtt":
        yield texts[0].partition(".")[0]
    elif key == "Fn::Sub":
        yield from (name.partition(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", texts[0]))
