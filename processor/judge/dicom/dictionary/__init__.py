"""What the standard says, as data.

It imports nothing else of the judge.
"""
