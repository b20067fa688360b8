"""What a landing brought, as metrics of CloudWatch by raw table: RowsLanded and RowsQuarantined."""

from collections.abc import Iterable

from botocore.client import BaseClient

from lakehouse.bronze import Landing

# The role of the job may write into this namespace only, and the dashboard shows it.
NAMESPACE = "VideoStreaming"


def put_landings(cloudwatch: BaseClient, landings: Iterable[Landing]) -> None:
    """Put two metrics for each table that was landed."""
    data = [
        {
            "MetricName": name,
            "Dimensions": [{"Name": "Table", "Value": one.table}],
            "Value": value,
            "Unit": "Count",
        }
        for one in landings
        for name, value in (("RowsLanded", one.landed), ("RowsQuarantined", one.quarantined))
    ]
    cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data)
