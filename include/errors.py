"""Errors by what to do about them. What a driver raises becomes one of them in `failures.py`."""


class InputError(Exception):
    """A file or setting must be corrected first: a retry cannot help."""


class TransientError(Exception):
    """A server was away or busy: a later try can help."""


class UnexpectedError(Exception):
    """A server, a driver or the program failed, and a retry does not mend it; the message says where."""


class MetricError(InputError):
    """A question for metrics has no answer: the message says why, and what can be asked."""


class Untranslatable(MetricError):
    """A metric cannot be written in DAX: give it by hand as `config.meta.dax`, or define it otherwise."""


class LineageError(InputError):
    """A model's columns cannot be followed to what they are made from: the message says where."""


class ForeignTableError(InputError):
    """A table or collection that is to be seeded is not the platform's own: name another database."""


class SchemaDriftError(InputError):
    """A source no longer has the declared columns: restore them, or change the declaration."""


class GuardError(Exception):
    """A load would delete more rows than the limit: a person must allow it, or correct the source."""


class DataQualityError(Exception):
    """The data fail a check of the platform: a person must find the cause, a retry cannot help."""


class StreamBehindError(Exception):
    """What devices report is read too late, or by nobody: a person must start what does not run."""


class NotPublishedError(Exception):
    """The star was not swapped: readers keep the version that they had. Base class of the two below."""


class PublicationError(NotPublishedError, InputError):
    """The star cannot be published or rolled back in its present state: a retry cannot help."""


class StarInUseError(NotPublishedError):
    """Readers held locks on the star at every attempt: a later retry can help."""


class WarehouseInUseError(InputError):
    """Another run works on the warehouse: the message names it. Nothing was done; later it can be."""


class EmbeddedServerError(RuntimeError):
    """An embedded server could not be set up or started: its own output in the message says why."""


def is_ours(error: Exception) -> bool:
    """Tell whether an error is one of the platform's own, whose message is a sentence for people."""
    return type(error).__module__ == __name__
