"""A file's record, its states and the keys that lead to it: pure data and rules, which every other package shares.

It imports `table` for the shapes of items alone. Begin with `model`, then `states`.
"""
