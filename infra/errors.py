"""What the runner tells a person, in one sentence, before it ends with a non-zero exit."""


class RunnerError(Exception):
    """Raised when this machine cannot build, start or deploy; its text says what is wrong and what helps."""
