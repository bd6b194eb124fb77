"""What is not metered, each with its reason. Change one, and every figure follows."""

from portal.costs.prices import GB

FILE_BYTES = 500_000
FILE_GB = FILE_BYTES / GB

WAIT_MS = {
    "s3 GetObject": 30,
    "s3 CopyObject": 80,
    "s3 PutObject": 40,
    "dynamodb TransactWriteItems": 15,
    "dynamodb": 6,
    "sns": 15,
    "sqs": 10,
    "cognito-idp": 30,
}
"""Milliseconds that a call waits for AWS, by call or by service: the emulator answers sooner, so CPU time is metered
and the waiting is put on top. Typical first-byte and commit latencies within a region; AWS promises none of them."""

VCPU_MIB = 1769
"""Memory at which a Lambda function has one vCPU (Lambda guide, "Configure Lambda function memory"); with less, CPU
time stretches."""

JUDGED_AT_ONCE = 10
"""Messages of a batch that the judge works on at a time (`processor/ingest/process.py`): they wait side by side."""

FILES_A_SECOND = {"burst": 100, "single": 0.1}
"""How fast files come. Slower bursts do not fill batches."""

TRACED_A_SECOND, TRACED_BEYOND = 1, 0.05
"""Invocations of each function that are traced where a stage has traces, and the share of all further ones. Lambda
lets nobody choose (Lambda guide, "Visualize Lambda function invocations using AWS X-Ray")."""

KMS_PER_FILE = 0.02
"""Requests. Bucket keys, DynamoDB and SQS each keep a data key for minutes (S3 guide, "Reducing the cost of SSE-KMS
with Amazon S3 Bucket Keys"; SQS guide, "Key management"): a call per principal and five minutes, whatever the load."""

ACCESS_LOG_BYTES = 400
"""Of API Gateway's line for each request (`infra/edge/access.py`)."""

ITEM_BYTES = 100
"""What DynamoDB keeps beside each item and each entry of an index (DynamoDB guide, "Data storage")."""

HELD_ITEMS, HELD_ENTRIES = 2, 4
"""Of a judged file: its record and its claim; its places in the lists of its state, patient, study and name."""

EVENT_BYTES = 1500
"""Of a data event in the trail's log (DynamoDB guide, "Understanding DynamoDB log file entries"; S3 guide, "CloudTrail
log file examples")."""

PACKED_EVENT = 0.1
"""What is left of an event when gzip packed it with others, as the trail's files and CloudWatch's archive are."""

RENDERER_MIB = 2048
"""Of the renderer's memory, as production has it."""

PICTURES_LOG_BYTES = 1500
"""Of what the renderer and Lambda log for a file that is drawn."""
