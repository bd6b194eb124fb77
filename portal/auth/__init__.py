"""Who is asking: tokens, sign-in, sessions, limits.

Begin with `identity`.
"""
