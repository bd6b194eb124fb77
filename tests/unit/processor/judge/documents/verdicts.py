"""What the judge says of bytes, in short."""

from processor.judge import Facts, judge
from tests.unit.processor.judge.sources import CountedSource


def rejecting(data, **facts):
    return [found.code for found in judge(CountedSource(data), Facts(**facts)).findings if found.severity == "reject"]


def warning(data, **facts):
    return [found.code for found in judge(CountedSource(data), Facts(**facts)).findings if found.severity == "warn"]


def metadata(data):
    return judge(CountedSource(data)).metadata
