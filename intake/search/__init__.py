"""Finding files, each search a query of one index.

It imports `records` and what stands below it. Begin with `ports`.
"""
