"""One arriving object's way to its verdict.

Begin with `process`.
"""
