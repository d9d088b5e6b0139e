"""Work instructions beside the cell file."""

from __future__ import annotations

import re
from pathlib import Path

MAX_BYTES = 256 * 1024


def read_instruction(folder: Path, name: str, lang: str) -> str | None:
    """The work instruction in a language, else the one the cell file names.

    Args:
        folder: Folder of the cell file. name: File the cell file names, e.g. `insert.md`.
        lang: Language code; `insert.de.md` is taken before `insert.md`.

    Returns:
        Its text; None when there is none, it is too large, or it lies outside the folder.
    """
    if not name:
        return None
    plain = folder / name
    code = lang if re.fullmatch(r'[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*', lang) else 'en'
    for file in (plain.with_name(f'{plain.stem}.{code}{plain.suffix}'), plain):
        if file.is_file() and file.resolve().is_relative_to(folder.resolve()):
            return file.read_text('utf-8', 'replace') if file.stat().st_size <= MAX_BYTES else None
    return None
