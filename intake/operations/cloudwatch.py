"""The age of a queue's oldest message, behind the `QueueAge` port.

SQS itself does not tell it: only CloudWatch does, each minute (Amazon SQS Developer Guide, "Available CloudWatch
metrics for Amazon SQS"; Amazon CloudWatch API Reference, GetMetricData).
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types_boto3_cloudwatch import CloudWatchClient

_LATELY = timedelta(minutes=5)


class CloudWatchQueueAge:
    """Asks for the last minutes' maximum and tells the newest."""

    def __init__(self, client: "CloudWatchClient", queue_url: str) -> None:
        self._cloudwatch = client
        self._queue_name = queue_url.rpartition("/")[2]

    def oldest_s(self, at: datetime) -> int | None:
        answer = self._cloudwatch.get_metric_data(
            StartTime=at - _LATELY,
            EndTime=at + timedelta(minutes=1),
            ScanBy="TimestampDescending",
            MetricDataQueries=[
                {
                    "Id": "age",
                    "MetricStat": {
                        "Metric": {
                            "Namespace": "AWS/SQS",
                            "MetricName": "ApproximateAgeOfOldestMessage",
                            "Dimensions": [{"Name": "QueueName", "Value": self._queue_name}],
                        },
                        "Period": 60,
                        "Stat": "Maximum",
                    },
                }
            ],
        )
        values = [value for result in answer["MetricDataResults"] for value in result["Values"]]
        return int(values[0]) if values else None
