"""What sums come to by the records alone, and how that differs from what stands: pure, whatever reads and writes it.

It imports `projections` and what lies below it. Begin with `history`, then `recount`.
"""
