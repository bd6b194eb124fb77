"""Taking out what was accepted: a study, a series, ticked files or an upload, at addresses of S3's; and its pictures.

Begin with `contents`, and with `previews` for pictures. It imports what its neighbours do, and no FastAPI.
"""
