"""PDF documents.

Begin with `document`.
"""
