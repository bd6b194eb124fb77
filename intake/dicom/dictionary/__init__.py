"""What the standard, and makers, say of elements, characters and transfer syntaxes.

As data with the few rules to look them up.  It imports nothing else of `dicom`.
"""
