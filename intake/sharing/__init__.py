"""Links by which somebody without an account takes out one study, and how often they were used.

It imports `files` and `table`. Begin with `model`.
"""
