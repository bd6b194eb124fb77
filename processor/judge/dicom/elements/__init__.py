"""Data elements and their levels: finding their ends, their order, their owners, and how many there may be.

Begin with `element_scanner`.
"""
