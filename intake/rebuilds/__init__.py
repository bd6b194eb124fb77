"""What is projected, made anew from the records: recounted, compared with what stands, and mended.

It imports `projections` and what lies below it. Begin with `history`, then `recount`.
"""
