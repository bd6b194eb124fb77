"""Storing instances (STOW-RS).

Begin with `storing`.
"""
