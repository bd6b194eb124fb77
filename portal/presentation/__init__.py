"""How things are written for people: labels, sizes, days, tables.

It knows no use case.
"""
