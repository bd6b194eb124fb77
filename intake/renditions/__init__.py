"""Small pictures made of files: what is asked of the renderer, what it answers, and where pictures lie.

It imports `files`, `studies` and `table`. Begin with `model`, then `ports`; `s3` keeps pictures, `aws_lambda` has them
made, and `previews` chooses the files that show series.
"""
