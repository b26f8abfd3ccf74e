"""A stream that returns its content in small parts."""

import io


class ShortReads(io.BytesIO):
    """A stream that returns at most `most` bytes at a time, like a network."""

    def __init__(self, content, most):
        super().__init__(content)
        self.most = most

    def read(self, size=-1):
        return super().read(self.most if size < 0 else min(size, self.most))
