"""What the pages of clinics and of admins share: what they ask for and how they answer, facts of a file, receipts."""
