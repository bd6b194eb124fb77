"""The ways in: CloudFront with its firewall, the HTTP API behind it, and who may sign in.

Begin with `access.py`; the stack that stands before it is `stack.py`. May import `observability` and the stages.
"""
