"""Amazon SNS behind the ports of messaging: alerts by e-mail, events by webhook."""
