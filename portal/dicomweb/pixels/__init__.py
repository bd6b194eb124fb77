"""Pixels of stored instances: frames and bulk data as they are stored, and pictures drawn of them (PS3.18 10.4).

It imports the rest of `portal.dicomweb`. Begin with `routes`.
"""
