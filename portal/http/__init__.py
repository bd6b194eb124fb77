"""What every request and answer passes, pages and programs alike.

It knows no use case. Begin with `problems`.
"""
