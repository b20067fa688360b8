"""Errors by what to do about them. Driver errors are none of these: they rise as they are and are retried."""


class InputError(Exception):
    """A file or setting must be mended first: trying again cannot help."""


class SchemaDriftError(InputError):
    """A source has no longer the shape that is declared: it must be restored, or the declaration changed."""


class GuardError(Exception):
    """A load would destroy more than it may: a person must look, and allow it or mend the source."""


class DataQualityError(Exception):
    """The data break a promise of the platform: a person must look, trying again cannot help."""


class PublicationError(InputError):
    """The star cannot be published or taken back as things are: trying again cannot help."""


class StarInUseError(RuntimeError):
    """Readers kept the star busy; it is tried again later."""
