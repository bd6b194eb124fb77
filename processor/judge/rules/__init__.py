"""The rules as data: codes, causes, remedies.

Begin with `catalogue`.
"""
