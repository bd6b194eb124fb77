"""What follows from the records: sums by hour and day, studies, the change feed, alerts that wait.

Written from the table's stream, each change once. Begin with `tally`.
"""
