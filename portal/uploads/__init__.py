"""Announcing files, sending them straight to S3, following them.

Begin with `reservations`.
"""
