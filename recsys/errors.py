"""The errors this project raises on purpose. Each message says what is wrong and what to do."""


class RecsysError(Exception):
    """Base of every error below: catch it to show a message instead of a traceback."""


class CatalogError(RecsysError):
    """A catalogue folder cannot be read; the message names the file and, where known, the row."""


class EncoderError(RecsysError):
    """A text or image encoder cannot be loaded; the message names the encoder."""


class AuditError(RecsysError):
    """An index finds too few of the true nearest neighbours to be released."""


class ReleaseError(RecsysError):
    """A release folder is missing, incomplete, damaged, or not one that this app can serve."""


class HubError(RecsysError):
    """The Hub cannot be reached, or does not do what was asked; the message says what to do."""


class QueryError(RecsysError):
    """A query cannot be answered: an unknown or malformed article id, or no photo."""


class PhotoError(QueryError):
    """A picture cannot be read: not an image, damaged, too large."""
