"""The clinic staff's pages.

Begin with `uploads`.
"""
