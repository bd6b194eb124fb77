"""What of an idle month is not metered and stands in no template. `portal/costs/assumptions.py` has what files take."""

HOURS = 730
"""Of a month, as AWS's own calculator has it."""

MONTH_S = 30 * 86_400

POLLERS = 5
"""Long polls that Lambda keeps open on each queue, of `POLL_S` each, also when it is empty (AWS Compute Blog,
"Estimating cost for Amazon SQS message processing using AWS Lambda"; Lambda guide, "Using Lambda with Amazon SQS")."""
POLL_S = 20

DASHBOARDS_FREE = 3
"""An account's first three dashboards cost nothing, for good. It is the only free tier that is counted."""

SWEEPS_A_MONTH = MONTH_S // 300

STORED_A_MONTH_GB = 0.1
"""What an idle system keeps of logs."""

MANAGED_A_MONTH = 100_000
"""Management events of an account in which nothing else happens, two a minute: roles that are assumed, keys that are
used, what consoles list. Their first copy in the trail costs nothing, and its text in the log does."""

REGIONS = 17
"""Regions that every account has, of each of which a trail of all regions writes a digest an hour (CloudTrail guide,
"Validating CloudTrail log file integrity")."""
TRAIL_FILES_A_MONTH = MONTH_S // 300 + REGIONS * HOURS
"""Objects that CloudTrail puts, in the one region where something happens every five minutes and its digests."""

SEARCHED_MONTHS, LOCKED_MONTHS = 13, 84
"""How long the trail's log and its files are kept (`retention.logs_days`, `audit_days`): as much as so many brought."""

TOKEN_HOURS = 1
"""How long a machine's token is good for (docs/api.md)."""
