"""What admins do from the command line: sign in as the person that they are, audit and rebuild what is projected.

Begin with `session.py`, then `sign_in.py` (ADR 0066). May import `scalper.api` and what lies below it.
"""
