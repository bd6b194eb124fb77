"""The five Lambda functions: what each runs as, what it is told, what it may do.

Begin with `grants.py`, where all permissions stand side by side, then `function.py`. May import `data`, `edge` (for the
name of its secret), `observability`, and the resources that the functions work on.
"""
