"""Studies and series as their accepted files add up to them, the board of exams, and what no file shows by itself.

It imports `files` and `table`. Begin with `model`.
"""
