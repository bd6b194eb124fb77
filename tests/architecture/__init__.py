"""The plan of the house, read from the sources: packages and their imports, the rules of the plan, the walk.

Begin with `sources.py`, which reads a tree; `rules.py` holds what `tests/unit/test_house.py` checks, `page.py` writes
`docs/architecture.md` (`make architecture`), and `walk.py` reads the story of one upload from CONTRIBUTING.
"""
