"""The project's own red team: attacks on a deployed stack, by class, which must all fail (`make attack`).

A class is a module with `NAME`, `LEAST` (attempts that it makes at the least) and `attack(world, report, *, short)`;
`registry` lists them. Whoever adds a route, a text field or a store adds a row to the class that is about those: each
class compares its rows with what there is, and a missing one is a breach.
"""
