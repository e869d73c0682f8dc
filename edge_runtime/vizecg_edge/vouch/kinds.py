"""Values of options and answers. Apart, so that the command line can list them without loading OpenCV."""

from __future__ import annotations

from enum import Enum


class SignaturePolicy(str, Enum):
    """Values of ``--signature``: what is done about a bundle that nobody who is trusted has signed.

    ``require`` refuses it, ``warn`` tells of it, ``off`` does not look. A signature that does not fit is refused by
    both of the first.
    """

    REQUIRE = "require"
    WARN = "warn"
    OFF = "off"


class Origin(str, Enum):
    """How it is known who made a bundle: it is the one that the package pins, signed by a trusted key, by another,
    unsigned, or nobody looked."""

    SHIPPED = "shipped"
    SIGNED = "signed"
    OTHER_KEY = "other_key"
    UNSIGNED = "unsigned"
    NOT_CHECKED = "not_checked"
