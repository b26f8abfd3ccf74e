"""The size of the terminal."""


def terminal_width() -> int:
    """The number of its columns; 80 if there is none, and it is not set."""
    from shutil import get_terminal_size  # noqa: PLC0415 (loads all ways to compress archives; pipes have no width)

    return get_terminal_size().columns
