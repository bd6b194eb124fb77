"""Files judged on this machine as the pipeline would: the only part that knows the judge's code.

Begin with `report.py`. May import `uploads`, `formatting` and, at run time, the judge (docs/adr/0015).
"""
