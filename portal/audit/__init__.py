"""Noting what people do before it is done, and reading it again.

Begin with `log`.
"""
