"""The pages for clinic staff and admins."""
