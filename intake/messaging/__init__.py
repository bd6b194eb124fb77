"""What comes by queue and topic, and what is told by them: events, alerts, subscriptions, webhooks, and how mails are written.

It imports `files`, `orders`, `table` and `languages`. Begin with `events`.
"""
