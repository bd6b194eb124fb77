"""Exams that a clinic expects on a day: the lists they come in, where they are kept, and which of them came.

It imports `studies`, `files` and `table`. Begin with `model`; `lists` reads what people paste.
"""
