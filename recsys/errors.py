"""The errors this project raises on purpose, by who reads their message.

Visitors get plain words: no file names, no parts of the code. Who builds or runs the app gets the
file, the row and the remedy.
"""


class RecsysError(Exception):
    """Base of every error below: catch it to show a message instead of a traceback."""


class VisitorError(RecsysError):
    """Something a visitor can put right; the message says how, in words for the page."""


class OperatorError(RecsysError):
    """Something only who builds or runs the app can put right; the message says where and how."""


class QueryError(VisitorError):
    """A query cannot be answered: an unknown or malformed article id, filter or weight."""


class PhotoError(QueryError):
    """A photo cannot be read: not an image, damaged, too large."""


class CatalogError(OperatorError):
    """A catalogue folder cannot be read; the message names the file and, where known, the row."""


class EncoderError(OperatorError):
    """A text or image encoder cannot be loaded; the message names the encoder."""


class AuditError(OperatorError):
    """An index finds too few of the true nearest neighbours to be released."""


class ReleaseError(OperatorError):
    """A release folder is missing, incomplete, damaged, or not one that this app can serve."""


class VerificationError(ReleaseError):
    """A release could not be verified, for a reason that may be this machine's, not its own."""


class HubError(OperatorError):
    """The Hub cannot be reached or refuses a request; the message says what to do."""


LONGEST_MESSAGE = 500
"""Characters of a message: a name or a path in it may have any length."""


def one_line(message: object, longest: int = LONGEST_MESSAGE) -> str:
    r"""Return a message on one line, without control characters, cut to ``longest``.

    >>> one_line("so\n  long")
    'so long'
    """
    printable = "".join(each if each.isprintable() else " " for each in str(message))
    line = " ".join(printable.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
