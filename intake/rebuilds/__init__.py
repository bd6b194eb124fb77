"""What is projected, made anew from the records while these go on: read, recounted, compared with what stands, mended.

It imports `recounts`, `projections` and what lies below them. Begin with `uploads`.
"""
