"""Searching studies, series and instances (QIDO-RS).

Begin with `searching`.
"""
