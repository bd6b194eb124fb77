"""Whether two files hold the same image: their data sets, element by element.

It imports the reader. Begin with `likeness`.
"""
