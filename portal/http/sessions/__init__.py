"""What routes ask of a request: the services, and who is signed in."""
