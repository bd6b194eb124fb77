"""What outsiders write is worked on in linear time: every field is found, doubled and measured in one run.

`fields.py` finds what outsiders write, `shapes.py` writes it at any size, `measure.py` doubles it, `rows.py` joins the
three. `tests/attack/growth.py` counts them; `test_growth.py` shows that a square is told as one.
"""
