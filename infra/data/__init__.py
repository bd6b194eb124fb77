"""Where files, records and what follows from them are kept: buckets, tables, keys, backups, Athena.

Begin with `buckets.py` and `tables.py`. May import `messaging` and the stage's configuration; no function, no edge.
"""
