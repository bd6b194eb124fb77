"""Doing what people ordered: from a selection to files, from a file to its answer.

Begin with `dispatch`.
"""
