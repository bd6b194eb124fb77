"""The admins' pages.

Begin with `dashboard`.
"""
