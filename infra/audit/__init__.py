"""Who did what to the account and to patients' data, where nobody can take it away again: a stack of its own.

Begin with `stack.py`. May import `messaging`, `observability` and the core stack, beside which it stands.
"""
