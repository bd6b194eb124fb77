"""Studies and series as their accepted files add up to them, and what can be said of a study that no file shows.

It imports `files` and `table`. Begin with `model`.
"""
