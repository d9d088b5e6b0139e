"""Model versions on disk: content-addressed files and one pointer to the live one.

`blob/<sha256>` holds ONNX files, `man/<sha256>` their manifests, `current` the digest of the live
version, `promoted` every digest that was to go live, oldest first.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path

from cobot_ai.core.errors import ModelError, StoreError
from cobot_ai.core.manifest import Manifest, from_json
from cobot_ai.store.files import sweep_strays, sync_folder, write_durably

_DIGEST = re.compile(r'[0-9a-f]{64}')


class ModelFolder:
    """The model versions of a cell (port `Registry`); several processes may share it.

    Args:
        root: Its folder; made when something is stored.
        durable: A stored version outlives a power cut; a replay can be made again and need not
            wait for the disk.
    """

    def __init__(self, root: Path, durable: bool = True) -> None:
        self._durable = durable
        self._blobs, self._manifests = root / 'blob', root / 'man'
        self._pointer, self._journal = root / 'current', root / 'promoted'
        self._known: dict[str, tuple[int, str]] = {}
        for folder in (root, self._blobs, self._manifests):
            sweep_strays(folder)

    def put(self, blob: bytes, manifest: Manifest) -> str:
        """Store a version durably (without making it live); returns its digest.

        Raises:
            ModelError: The manifest names another blob.
            StoreError: The disk refused; nothing was stored.
        """
        name = hashlib.sha256(blob).hexdigest()
        if manifest.blob != name:
            raise ModelError('The manifest belongs to another model file; fit the model again.')
        canonical = manifest.canonical()
        digest = hashlib.sha256(canonical).hexdigest()
        for path, data in ((self._blobs / name, blob), (self._manifests / digest, canonical)):
            if not path.is_file() or path.read_bytes() != data:
                write_durably(path, data, self._durable)
        return digest

    def get(self, digest: str) -> tuple[bytes, Manifest]:
        """Read a version and verify both hashes.

        Raises:
            ModelError: Unknown or damaged version.
        """
        if not _DIGEST.fullmatch(digest):
            raise ModelError(f'`{digest[:70]}` names no model version; use a digest of 64 digits.')
        try:
            manifest = from_json(json.loads(_read(self._manifests, digest)))
            if not _DIGEST.fullmatch(manifest.blob):
                raise ModelError(f'The manifest of model {digest[:12]} names no model file.')
        except ValueError as e:
            raise ModelError(f'The manifest of model {digest[:12]} is no JSON.') from e
        return _read(self._blobs, manifest.blob), manifest

    def find(self, name: str) -> str:
        """Full digest of a version named by its first digits (6 or more).

        Raises:
            ModelError: None or several begin so.
        """
        found = [d for d in self.versions() if len(name) >= 6 and d.startswith(name)]
        if len(found) != 1:
            raise ModelError(
                f'`{name[:70]}` names {len(found) or "no"} model versions; give more digits of '
                'one that `cobot_ai models` lists.'
            )
        return found[0]

    def current(self) -> str | None:
        """Digest of the live version, None when none was ever promoted.

        When the live version is damaged it is the newest one that was live before and is whole;
        when there is none, the damaged one, so that using it says what is wrong.

        Raises:
            ModelError: Versions went live here, but the record of which is gone.
        """
        named = _text(self._pointer)
        if named is None and not self._journal.exists():
            return None
        history = [line for line in (_text(self._journal) or '').split() if _DIGEST.fullmatch(line)]
        if named and _DIGEST.fullmatch(named):
            # What the journal holds after the live version was about to go live, but never did.
            while named in history and history[-1] != named:
                history.pop()
            if named not in history:
                history.append(named)
        candidates = list(reversed(history))
        if not candidates:
            raise ModelError(
                f'{self._pointer} is damaged; restore the model folder from a backup, '
                'or promote a version again.'
            )
        return next((digest for digest in candidates if self._whole(digest)), candidates[0])

    def promote(self, digest: str) -> None:
        """Make a stored version live, atomically and durably.

        Raises:
            ModelError: Unknown or damaged version; the old one stays live.
            StoreError: The disk refused; the old one stays live.
        """
        self.get(digest)
        self._note(digest)
        write_durably(self._pointer, f'{digest}\n'.encode('ascii'), self._durable)

    def forget(self, digest: str) -> None:
        """Delete a version; its file goes when no other version uses it. The live one stays."""
        if digest == self.current():
            return
        if digest not in self.versions():
            return
        _, blob = self._known.pop(digest)
        (self._manifests / digest).unlink(missing_ok=True)
        used = {self._known[other][1] for other in self.versions()}
        if blob not in used and _DIGEST.fullmatch(blob):
            (self._blobs / blob).unlink(missing_ok=True)

    def versions(self) -> list[str]:
        """Digests of all stored versions with a readable manifest, oldest first.

        A manifest is read once: with many labels it is large, and a version never changes.
        """
        if not self._manifests.is_dir():
            return []
        found = {p.name for p in self._manifests.iterdir() if _DIGEST.fullmatch(p.name)}
        for digest in found - set(self._known):
            try:
                manifest = from_json(json.loads(_read(self._manifests, digest)))
            except (ModelError, ValueError):
                continue
            self._known[digest] = manifest.created_ns, manifest.blob
        known = dict(self._known)
        return sorted(found & set(known), key=lambda d: (known[d][0], d))

    def _whole(self, digest: str) -> bool:
        try:
            self.get(digest)
        except ModelError:
            return False
        return True

    def _note(self, digest: str) -> None:
        """Remember a promotion; a line that a kill cut short is skipped when read."""
        try:
            new = not self._journal.exists()
            with self._journal.open('ab') as file:
                file.write(f'\n{digest}\n'.encode('ascii'))
                file.flush()
                if self._durable:
                    os.fsync(file.fileno())
            if new and self._durable:
                sync_folder(self._journal.parent)
        except OSError as e:
            raise StoreError(
                f'{self._journal} cannot be written ({e.strerror}); the old model stays live. '
                'Check free space and permissions.'
            ) from e


def _read(folder: Path, name: str) -> bytes:
    """Content of a file whose name is its hash."""
    try:
        data = (folder / name).read_bytes()
    except OSError as e:
        raise ModelError(
            f'Model {name[:12]} is not in {folder.parent} ({e.strerror}); '
            'choose another version or restore a backup.'
        ) from e
    if hashlib.sha256(data).hexdigest() != name:
        raise ModelError(
            f'Model {name[:12]} in {folder.parent} is damaged; '
            'choose another version or restore a backup.'
        )
    return data


def _text(path: Path) -> str | None:
    try:
        return path.read_text('ascii', errors='replace').strip()
    except FileNotFoundError:
        return None
    except OSError as e:
        raise ModelError(f'{path} cannot be read ({e.strerror}); check its permissions.') from e
