"""Camera stills of a clip, as files a browser can show."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cobot_ai.app.ports import ClipStore
from cobot_ai.core.errors import DataError
from cobot_ai.core.samples import RawMessage
from cobot_ai.store.fields import decode

RAW = 'sensor_msgs/msg/Image'
COMPRESSED = 'sensor_msgs/msg/CompressedImage'
MODES = {'rgb8': 'RGB', 'bgr8': 'RGB', 'rgba8': 'RGBA', 'bgra8': 'RGBA', 'mono8': 'L'}
"""Encodings of `sensor_msgs/Image` that can be shown, and Pillow's mode for each."""


def still_of(clips: ClipStore, case: int) -> bytes | None:
    """PNG or JPEG bytes of the last image in a case's clip; None when there is none to show."""
    try:
        images = [m for m in clips.read(case) if m.type in (RAW, COMPRESSED)]
        return to_file(images[-1]) if images else None
    except DataError:
        return None


def to_file(message: RawMessage) -> bytes | None:
    """An image message as PNG bytes (a compressed one as it is); None for other encodings.

    Raises:
        DataError: The message is damaged.
    """
    image = decode(message)
    if message.type == COMPRESSED:
        return bytes(image.data)
    mode = MODES.get(image.encoding)
    return _png(image, mode) if mode else None


def to_pixels(message: RawMessage, side: int) -> NDArray[np.uint8]:
    """An image message as a square of pixels, uint8 [side, side, 3], red first.

    Raises:
        DataError: The message is damaged, or in an encoding that is not known here.
    """
    found = decode(message)
    try:
        if message.type == COMPRESSED:
            image: Image.Image = Image.open(io.BytesIO(bytes(found.data)))
        elif found.encoding in MODES:
            image = _raw(found, MODES[found.encoding])
        else:
            raise DataError(f'The camera sends {found.encoding}, which cannot be read.')
        image = image.convert('RGB')
        return np.asarray(image.resize((side, side), Image.Resampling.BILINEAR), np.uint8)
    except (OSError, ValueError, Image.DecompressionBombError) as e:
        raise DataError(f'A camera image is damaged: {e}.') from e


def _png(image: Any, mode: str) -> bytes:
    out = io.BytesIO()
    _raw(image, mode).save(out, 'PNG')
    return out.getvalue()


def _raw(image: Any, mode: str) -> Image.Image:
    depth = len(mode)
    try:
        rows = np.asarray(image.data, np.uint8).reshape(image.height, image.step)
        pixels = rows[:, : image.width * depth].reshape(image.height, image.width, depth)
    except ValueError as e:
        raise DataError(f'A camera image is damaged: {e}.') from e
    if image.encoding.startswith('bgr'):
        pixels = pixels[:, :, [2, 1, 0, *range(3, depth)]]
    return Image.fromarray(pixels[:, :, 0] if depth == 1 else pixels)
