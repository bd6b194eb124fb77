"""What comes by queue and topic, and what is told by them: events, alerts, mails, subscriptions, webhooks.

It imports `files`, `languages`, `orders` and `table`. Begin with `events`.
"""
