"""A stateful model: whatever is done to files in whatever order, what is kept of them follows from their records.

`world` runs the product's own code on a table and buckets in memory, `machine` says what may happen, and every few
steps the independent recount (`tests/recount`) compares. Begin with `machine`.
"""
