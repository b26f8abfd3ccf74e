"""What the function of one stack has written to its log, which the local AWS keeps together with those of others."""

import re


def written_by_function(pipeline, since=0):
    """The lines that the function wrote in runs that ended after that position of the local AWS's log."""
    runs = re.split(r"ESM: Lambda (\S+) output:\n", pipeline.aws.log[since:])[1:]
    own = (text for name, text in zip(runs[::2], runs[1::2], strict=True) if name == pipeline.outputs["FunctionName"])
    return [line for text in own for line in text.splitlines()]
