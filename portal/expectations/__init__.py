"""What a clinic expects: taking a list, looking at a day, cancelling, and the hour at which it is told what is missing.

It imports what every use case does. Begin with `expected_exams`.
"""
