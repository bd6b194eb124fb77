"""From a merge to production: the pipeline as a stack of its own, and what `make deploy` runs.

Begin with `stack.py`. May import `build`, `data`, `edge`, `observability` and the stages.
"""
