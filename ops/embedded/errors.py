"""What goes wrong when the stack is started."""


class StartError(Exception):
    """The stack cannot start; the text is one sentence that a person can act on."""
