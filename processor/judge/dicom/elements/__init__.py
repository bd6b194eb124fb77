"""Data elements of one level: finding their ends, their order, their owners, and how many there may be.

Begin with `element_scanner`.
"""
