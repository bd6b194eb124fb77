"""Fetching instances and their metadata (WADO-RS).

Begin with `retrieving`.
"""
