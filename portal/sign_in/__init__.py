"""Signing in and out, and the session that a browser holds.

Begin with `flow`.
"""
