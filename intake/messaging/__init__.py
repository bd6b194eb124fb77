"""What comes by queue and topic, and what is told by them: events, alerts, subscriptions, webhooks, mails.

It imports `files`, `orders`, `table` and `languages`. Begin with `events`.
"""
