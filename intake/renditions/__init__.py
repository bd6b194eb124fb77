"""Small pictures made of files: what is asked of the renderer, what it answers, and where pictures lie.

It imports `files`. Begin with `model`, then `ports`; `s3` keeps pictures, `aws_lambda` has them made.
"""
