"""Incidents as rosbag2 folders: small chunks straight to the file, so a kill loses only the last.

`ros2 bag` reads them: metadata version 9 for Jazzy and later; version 8, which lists QoS profiles
as a text, for Humble (rosbag2_storage, `metadata_io`).
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from cobot_ai.core.errors import DataError, StoreError
from cobot_ai.core.samples import RawMessage
from cobot_ai.core.types import Json
from cobot_ai.store.bags import read_mcap
from cobot_ai.store.files import write_durably
from cobot_ai.store.mcap_file import McapWriter

CHUNK = 16 * 1024
"""Bytes per chunk: what a kill may cost."""
FILE = 'incident.mcap'
META = 'metadata.yaml'


@dataclass(slots=True)
class _Tally:
    """What metadata.yaml tells about the messages."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    first_ns: int = 0
    last_ns: int = 0

    def add(self, message: RawMessage) -> None:
        self.counts[message.topic, message.type] += 1
        self.first_ns = min(self.first_ns or message.t_ns, message.t_ns)
        self.last_ns = max(self.last_ns, message.t_ns)


class IncidentBag:
    """One bag being written.

    Args:
        folder: Its folder, made here. version: Metadata version, 8 or 9.
        facts: Stored inside the file, e.g. the reason.

    Raises:
        StoreError: It cannot be made.
    """

    def __init__(self, folder: Path, version: int, facts: dict[str, str]) -> None:
        self.folder, self._version = folder, version
        self._tally = _Tally()
        try:
            folder.mkdir(parents=True, mode=0o700)
            self._stream = (folder / FILE).open('wb')
        except OSError as e:
            raise StoreError(f'The incident {folder} cannot be written: {e.strerror}.') from e
        self._writer = McapWriter(self._stream, facts, CHUNK)

    @property
    def messages(self) -> int:
        """Messages written so far."""
        return self._tally.counts.total()

    def add(self, messages: Sequence[RawMessage]) -> None:
        """Append messages.

        Raises:
            StoreError: The disk refused. DataError: A message is of no standard type.
        """
        try:
            for message in messages:
                self._writer.add((message,))
                self._tally.add(message)
            self._stream.flush()  # whole chunks are the system's now, also after a kill
        except OSError as e:
            raise StoreError(f'The incident {self.folder} is cut: {e.strerror}.') from e

    def close(self) -> None:
        """Write the index and the metadata.

        Raises:
            StoreError: The disk refused; what was written stays readable.
        """
        try:
            self._writer.finish()
            self._stream.flush()
            os.fsync(self._stream.fileno())
        except OSError as e:
            raise StoreError(f'The incident {self.folder} is cut: {e.strerror}.') from e
        finally:
            self._stream.close()
        _write_metadata(self.folder, self._tally, self._version)


class IncidentFolder:
    """The incidents of a cell, bounded by a quota.

    Args:
        folder: Where they are. quota_mb: Largest sum, megabytes. version: Metadata version.
    """

    def __init__(self, folder: Path, quota_mb: float, version: int = 9) -> None:
        self._folder, self._quota, self._version = folder, quota_mb * 1e6, version

    def begin(self, seq: int, reason: str) -> IncidentBag:
        """Start the bag of an incident named after its ledger entry.

        Raises:
            StoreError: It cannot be made.
        """
        facts = {'entry': str(seq), 'reason': reason}
        return IncidentBag(self._folder / f'{seq:08d}', self._version, facts)

    def mend(self) -> list[str]:
        """Finish bags whose writer was killed; returns their names."""
        if not self._folder.is_dir():
            return []
        torn = [f for f in self._bags() if not (f / META).exists()]
        return [folder.name for folder in torn if self._mend(folder)]

    def _mend(self, folder: Path) -> bool:
        """Write the readable messages anew, with index and metadata."""
        messages: list[RawMessage] = []
        with suppress(DataError):
            messages.extend(read_mcap(folder / FILE))
        if not messages:
            shutil.rmtree(folder)
            return False
        whole = folder.with_name(f'.{folder.name}')
        shutil.rmtree(whole, ignore_errors=True)
        bag = IncidentBag(whole, self._version, {'mended': 'true'})
        bag.add(messages)
        bag.close()
        shutil.rmtree(folder)
        whole.rename(folder)
        return True

    def sweep(self) -> list[str]:
        """Delete the oldest until the quota holds; returns their names."""
        bags = self._bags()
        sizes = {f: sum(p.stat().st_size for p in f.iterdir()) for f in bags}
        total, swept = sum(sizes.values()), []
        for folder in bags[:-1]:  # the newest stays
            if total <= self._quota:
                break
            shutil.rmtree(folder)
            total -= sizes[folder]
            swept.append(folder.name)
        return swept

    def _bags(self) -> list[Path]:
        return sorted(f for f in self._folder.iterdir() if f.is_dir() and f.name.isdecimal())


class _Plain(yaml.SafeDumper):
    """YAML without references; rosbag2's reader need not know them."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _write_metadata(folder: Path, tally: _Tally, version: int) -> None:
    start = {'nanoseconds_since_epoch': tally.first_ns}
    length = {'nanoseconds': tally.last_ns - tally.first_ns}
    total = tally.counts.total()
    topics = [_topic(t, k, n, version) for (t, k), n in sorted(tally.counts.items())]
    file = {'path': FILE, 'starting_time': start, 'duration': length, 'message_count': total}
    information: Json = {
        'version': version,
        'storage_identifier': 'mcap',
        'duration': length,
        'starting_time': start,
        'message_count': total,
        'topics_with_message_count': topics,
        'compression_format': '',
        'compression_mode': '',
        'relative_file_paths': [FILE],
        'files': [file],
        'custom_data': None,
        'ros_distro': '',
    }
    document = {'rosbag2_bagfile_information': information}
    text = yaml.dump(document, Dumper=_Plain, sort_keys=False)
    write_durably(folder / META, text.encode())


def _topic(topic: str, kind: str, count: int, version: int) -> dict[str, Any]:
    metadata = {
        'name': topic,
        'type': kind,
        'serialization_format': 'cdr',
        'offered_qos_profiles': '' if version < 9 else [],
        'type_description_hash': '',
    }
    return {'topic_metadata': metadata, 'message_count': count}
