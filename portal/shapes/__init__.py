"""The shapes of the REST API, as clients may rely on them. More fields may join; none leaves or changes its meaning."""
