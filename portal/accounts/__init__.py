"""People and machine clients as the user pool keeps them.

Begin with `user_pool`.
"""
