"""The clinics' and partners' way in: web pages and REST API. No file's bytes pass through it."""
