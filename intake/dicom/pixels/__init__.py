"""An image's pixels, frame by frame, as they are stored: found by few ranged reads, never decoded (PS3.5 8 and A.4).

It imports the rest of `intake.dicom`. Begin with `frames.open_pixels`.
"""
