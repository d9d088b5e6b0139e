"""A pairing code as a QR code: the tablet's camera opens the page with the code typed in."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

import segno

LOOPBACK = frozenset({'localhost', '127.0.0.1', '::1'})
SCALE = 6
"""Units of the drawing per module; the page scales it."""


def pairing_qr(root: str, code: str) -> str | None:
    """The QR code of the pairing page as a `data:` address of an SVG drawing.

    Args:
        root: Address of the console as the admin's browser calls it, ends with `/`.
        code: Pairing code.

    Returns:
        None where no tablet could open that address: it is this machine itself.
    """
    if (urlsplit(root).hostname or '') in LOOPBACK:
        return None
    address = f'{root}pair?{urlencode({"code": code})}'
    return str(segno.make(address, error='m', micro=False).svg_data_uri(scale=SCALE, light='white'))
