"""What is done with files that were not accepted: orders, reviews, stuck files, dead letters.

Begin with `orders`.
"""
