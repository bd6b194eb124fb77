"""Which of AWS's operations each function's code calls, and what its role lets it do: `make grants` writes the table.

Begin with `table.py`. Nothing of the product is imported to learn what it calls.
"""
