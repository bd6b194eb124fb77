"""What operators look at.

The audit log, incidents, stuck files, quiet clinics, dead letters' last errors, lists for comparison.  Begin
with `model`.
"""
