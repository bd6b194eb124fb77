"""Fetching what was accepted: a study or an upload, into a folder, resumably.

Begin with `retrieval`. It imports `scalper.api`, and nothing above it.
"""
