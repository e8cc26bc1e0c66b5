"""Workers are known whichever partition of the queue they wait at."""

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.taskqueue.v1 import PollerInfo
from temporalio.api.workflowservice.v1 import DescribeTaskQueueResponse

from ops.task_queue import latest_of


def told(*pollers: tuple[str, int]) -> DescribeTaskQueueResponse:
    return DescribeTaskQueueResponse(
        pollers=[PollerInfo(identity=name, last_access_time=Timestamp(seconds=at)) for name, at in pollers]
    )


def test_a_worker_that_waits_at_another_partition_is_there_as_well() -> None:
    found = latest_of([told(("one", 5)), told(), told(("two", 7), ("one", 9)), told(("one", 6))])
    assert {name: each.last_access_time.seconds for name, each in found.items()} == {"one": 9, "two": 7}
