"""What is not metered and not read from a template, each with its reason. Change one, and every figure follows."""

HOURS = 730
"""Of a month, as AWS's own calculator has it."""

MONTH_S = 30 * 86_400

FILE_GB = 500_000 / 1e9

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

POLLERS = 5
"""Long polls that Lambda keeps open on each queue, of `POLL_S` each, also when it is empty (AWS Compute Blog,
"Estimating cost for Amazon SQS message processing using AWS Lambda"; Lambda guide, "Using Lambda with Amazon SQS")."""
POLL_S = 20

DASHBOARDS_FREE = 3
"""An account's first three dashboards cost nothing, for good. It is the only free tier that is counted."""

SWEEPS_A_MONTH = MONTH_S // 300

FILES_A_SECOND = {"burst": 100, "single": 0.1}
"""How fast files come. Slower bursts do not fill batches."""

TRACED_A_SECOND, TRACED_BEYOND = 1, 0.05
"""Invocations of each function that are traced, and the share of all further ones. Lambda lets nobody choose (Lambda
guide, "Visualize Lambda function invocations using AWS X-Ray")."""

KMS_PER_FILE = 0.02
"""Requests. Bucket keys, DynamoDB and SQS each keep a data key for minutes (S3 guide, "Reducing the cost of SSE-KMS
with Amazon S3 Bucket Keys"; SQS guide, "Key management"): a call per principal and five minutes, whatever the load."""

ACCESS_LOG_BYTES = 400
"""Of API Gateway's line for each request (`infra/edge/access.py`)."""

STORED_A_MONTH_GB = 0.1
"""What an idle system keeps of logs."""
