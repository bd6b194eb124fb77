"""What the pages of clinics and of admins share: forms, facts of a file, receipts, and what stands around a page."""
