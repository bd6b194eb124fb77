"""The admins' work lists: rejected, stuck and dead files, orders and reviews.

Begin with `rejected`.
"""
