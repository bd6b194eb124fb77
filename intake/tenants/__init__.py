"""Clinics, their partners, how often each may ask, and whose access was ended.

It imports `files` and `table`. Begin with `model`.
"""
