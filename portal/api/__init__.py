"""The REST API, version 1, and its documentation.

Begin with `uploads`.
"""
