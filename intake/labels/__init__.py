"""Labels that a clinic's people put on their exams, and the clinic's own set of them.

It imports `files`, `studies` and `table`. Begin with `model`.
"""
