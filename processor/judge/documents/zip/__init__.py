"""ZIP archives.

Begin with `archive`.
"""
