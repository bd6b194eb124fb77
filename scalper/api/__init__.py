"""The REST API as a partner's program meets it: credentials, tokens, requests that are repeated, and what it answers.

Begin with `connection.py`. May import the errors beside it, and nothing else of this package's or of the system's.
"""
