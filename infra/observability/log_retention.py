"""How long logs are kept, in CloudFormation's words."""

from aws_cdk import aws_logs as logs

RETENTIONS = {7: logs.RetentionDays.ONE_WEEK, 400: logs.RetentionDays.THIRTEEN_MONTHS}
"""The retentions that stages may ask for, by days."""
