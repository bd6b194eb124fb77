"""What people order to be done with files, one or a million, and what two admins decide together.

It imports `files` and `table`. Begin with `model`.
"""
