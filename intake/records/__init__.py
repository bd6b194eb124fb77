"""Files and uploads in the table: reserving, moving from state to state, listing.

It imports `files` and `table`. Begin with `verdicts`.
"""
