"""Decoding and drawing: what runs in the renderer's child process, and nowhere else (docs/adr/0069).

It alone imports numpy, Pillow, pydicom, pypdfium2 and their codecs, each where a kind of file needs it, as a child is
started for every file. Begin with `images` for DICOM, and with `pictures`, `documents` and `volumes` for other kinds.
"""
