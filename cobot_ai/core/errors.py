"""The one error tree. Every message tells a person what to do next."""

from __future__ import annotations


class CobotAiError(Exception):
    """Base of every error this package raises on purpose.

    Args:
        message: One sentence in plain English that says what is wrong and what to do next.
        key: Stable message key, so that a page can show it in the reader's language.
        params: Values for the placeholders of the translated message.
    """

    def __init__(self, message: str, *, key: str = '', **params: object) -> None:
        super().__init__(message)
        self.key = key or type(self).__name__
        self.params = params


class ConfigError(CobotAiError):
    """A cell file, parameter or command line that cannot be used as it is."""


class DataError(CobotAiError):
    """A bag, message, window or clip that cannot be read or is not what it claims to be."""


class ModelError(CobotAiError):
    """A model file, manifest or training set that must not be used."""


class GateError(ModelError):
    """A candidate that failed a named check."""


class StoreError(CobotAiError):
    """A ledger, registry or clip folder that cannot be read or written."""


class ConflictError(StoreError):
    """Something that may happen only once was tried a second time."""
