"""Taking out what was accepted: a study, a series, ticked files or an upload, at addresses of S3's.

Begin with `contents`. It imports what its neighbours do, and no FastAPI.
"""
