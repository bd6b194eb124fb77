"""What follows from a changed record: sums, alerts, events, rows of the analytics.

Begin with `projector`.
"""
