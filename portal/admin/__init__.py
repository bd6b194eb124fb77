"""What admins do to clinics, staff and partners.

No web in it. Begin with `clinics`.
"""
