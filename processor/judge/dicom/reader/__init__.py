"""The walk over a data set from its first element to its last byte.

Begin with `walk`.
"""
