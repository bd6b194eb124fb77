"""Looking for files and studies.

Begin with `files`.
"""
