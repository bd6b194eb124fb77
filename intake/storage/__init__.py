"""The buckets: signing for them, reading, copying and writing objects.

It imports `files`. Begin with `ports`.
"""
