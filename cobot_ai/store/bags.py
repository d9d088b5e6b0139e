"""Reading recorded bags, also what is left of damaged ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from contextlib import closing, suppress
from itertools import chain
from pathlib import Path

import yaml
from mcap.records import Channel, Message, Schema
from mcap.stream_reader import StreamReader
from rosbags.rosbag2 import Reader

from cobot_ai.core.errors import DataError
from cobot_ai.core.samples import RawBatch, RawMessage
from cobot_ai.core.types import Json
from cobot_ai.store.bag_pages import PAGE, Page, Row, in_batches, in_order, pages
from cobot_ai.store.sqlite import DRIVER

_YAML = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)
_PLAIN = range(4, 10)
"""Versions of the metadata that are read without `rosbags`."""
_RECORD_LIMIT = 512 * 2**20
"""Longest MCAP record believed, bytes: a damaged length must not ask for all memory."""


class Bag:
    """A rosbag2 folder, an `.mcap` or a `.db3` file (port `BagReader`).

    Compressed and split bags are read as they are. A damaged MCAP file (recorder killed, disk
    full, missing index) is read from its beginning up to the damage.
    """

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise DataError(f'There is no bag at {path}; check the path.')
        if path.is_dir() and not _files(path) and not (path / 'metadata.yaml').exists():
            raise DataError(
                f'{path} holds no bag; give the folder with metadata.yaml, or an .mcap file.'
            )
        self._path = path
        self._recovering = False
        self._missing = ''
        self._span: tuple[int, int] | None = None
        if (known := _declared(path)) is not None:
            self._topics, self._files, self._span = known
            self._compressed = False
            return
        try:
            with Reader(path) as reader:
                self._topics = {t: (i.msgtype or '', i.msgcount) for t, i in reader.topics.items()}
                self._compressed = reader.compression_mode in ('file', 'message')
                if 0 < reader.start_time < reader.end_time:
                    self._span = reader.start_time, reader.end_time
            self._files = _parts(path)
        except Exception as e:
            if not self._recoverable():
                raise DataError(f'The bag {path} cannot be read ({e}); record it again.') from e
            self._recovering = True
            # Files can be read to their end and still not be all that the index promises.
            self._missing = str(e) if (path / 'metadata.yaml').exists() else ''
            self._topics = self._scan()

    def topics(self) -> dict[str, tuple[str, int]]:
        """Topic -> (type, message count); of a damaged bag what is readable."""
        return dict(self._topics)

    def definitions(self) -> dict[str, str]:
        """ROS type -> its .msg text, as far as the bag carries them."""
        try:
            with Reader(self._path) as reader:
                return {c.msgtype: c.msgdef.data for c in reader.connections if c.msgdef.data}
        except Exception:  # a damaged bag, or one of a kind that carries none
            return {}

    def span(self) -> tuple[int, int] | None:
        """Log time of the first and the last message, nanoseconds; None where nothing tells it."""
        return self._span

    def messages(self, topics: Iterable[str] | None = None) -> Iterator[RawMessage]:
        """Messages in order of log time.

        Args:
            topics: Only these topics; None: all.

        Raises:
            DataError: The bag is damaged; what could be read was yielded before.
        """
        return map(RawMessage._make, self.rows(topics))

    def rows(self, topics: Iterable[str] | None = None) -> Iterator[Row]:
        """The same as plain (topic, type, log time, data), for who reads hundreds of thousands."""
        return chain.from_iterable(self._checked(topics))

    def batches(
        self, length_ns: int, topics: Iterable[str] | None = None
    ) -> Iterator[list[RawBatch]]:
        """Messages of each topic that a reader takes together every `length_ns`, in order.

        Raises:
            DataError: The bag is damaged; what could be read was yielded before.
        """
        return in_batches(self._checked(topics), length_ns)

    def _checked(self, topics: Iterable[str] | None) -> Iterator[Page]:
        wanted = set(self._topics if topics is None else topics) & set(self._topics)
        if not wanted:
            return
        try:
            if self._recovering:
                yield from in_order(_paged(self._recover(wanted)))
            else:
                yield from self._pages(wanted)
        except Exception as e:
            raise self._damaged(str(e) or type(e).__name__) from e
        if self._missing:
            raise self._damaged(self._missing)

    def _pages(self, wanted: set[str]) -> Iterator[Page]:
        types = {t: self._topics[t][0] for t in wanted}
        found: Iterator[Page]
        if not self._compressed:
            found = (page for file in self._files for page in pages(file, types))
        else:
            found = _paged(self._unpacked(wanted))
        # Within one file all is in order; parts of a split bag may overlap a little.
        yield from in_order(found) if len(self._files) > 1 else found

    def _unpacked(self, wanted: set[str]) -> Iterator[Row]:
        """Files, or messages, that are compressed as a whole."""
        with Reader(self._path) as reader:
            connections = [c for c in reader.connections if c.topic in wanted]
            for c, t_ns, data in reader.messages(connections):
                yield c.topic, c.msgtype, t_ns, bytes(data)

    def _recoverable(self) -> bool:
        files = _files(self._path)
        return bool(files) and all(f.suffix == '.mcap' and f.stat().st_size > 8 for f in files)

    def _recover(self, wanted: set[str] | None = None) -> Iterator[RawMessage]:
        for file in _files(self._path):
            yield from read_mcap(file, wanted)

    def _scan(self) -> dict[str, tuple[str, int]]:
        counts: Counter[tuple[str, str]] = Counter()
        with suppress(DataError):
            counts.update((m.topic, m.type) for m in self._recover())
        if not counts:
            raise self._damaged('nothing of it is readable')
        return {topic: (ros_type, n) for (topic, ros_type), n in counts.items()}

    def _damaged(self, why: str) -> DataError:
        return DataError(
            f'The bag {self._path} is damaged ({why}); what lies before the damage was read. '
            'Repair it with `mcap recover`, or record it again.'
        )


def read_mcap(file: Path, wanted: set[str] | None = None) -> Iterator[RawMessage]:
    """Read an MCAP file from front to back without its index, so also a truncated one.

    Args:
        file: The file. wanted: Only these topics; None: all.

    Raises:
        DataError: The file ends early or is damaged; what lies before was yielded.
    """
    schemas: dict[int, str] = {}
    channels: dict[int, tuple[str, str]] = {}
    try:
        with file.open('rb') as stream:
            reader = StreamReader(stream, validate_crcs=True, record_size_limit=_RECORD_LIMIT)
            for record in reader.records:
                if isinstance(record, Message):
                    topic, ros_type = channels[record.channel_id]
                    if wanted is None or topic in wanted:
                        yield RawMessage(topic, ros_type, record.log_time, record.data)
                elif isinstance(record, Schema):
                    schemas[record.id] = record.name
                elif isinstance(record, Channel):
                    channels[record.id] = (record.topic, schemas[record.schema_id])
    except OSError as e:
        raise DataError(f'{file} cannot be read: {e}') from e
    except Exception as e:
        raise DataError(f'{file.name} is cut off or damaged ({type(e).__name__})') from e


def _declared(
    path: Path,
) -> tuple[dict[str, tuple[str, int]], list[Path], tuple[int, int] | None] | None:
    """Topics, files and span of a plain SQLite bag as it says them; None where anything is odd.

    To look through the whole of it first, as `rosbags` does, takes as long as to read it.
    """
    try:
        text = (path / 'metadata.yaml').read_text(encoding='utf-8')
        info = yaml.load(text, _YAML)['rosbag2_bagfile_information']  # noqa: S506  # nosec B506 (both are safe)
        files = [path / Path(name).name for name in info['relative_file_paths']]
        if info['version'] not in _PLAIN or info['compression_mode'] or not files:
            return None
        topics = {}
        for entry in info['topics_with_message_count']:
            topic = entry['topic_metadata']
            if topic['serialization_format'] != 'cdr' or topic['name'] in topics:
                return None
            topics[str(topic['name'])] = (str(topic['type']), int(entry['message_count']))
        span = _span_of(info)
        whole = all(f.suffix == '.db3' and _is_whole(f, topics) for f in files)
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError, DRIVER.Error):
        return None
    return (topics, files, span) if whole else None


def _span_of(info: Json) -> tuple[int, int] | None:
    """Begin and end as the metadata says them; some converters write zeros."""
    start = int(info['starting_time']['nanoseconds_since_epoch'])
    end = start + int(info['duration']['nanoseconds'])
    return (start, end) if 0 < start < end else None


def _is_whole(file: Path, topics: Container[str]) -> bool:
    with closing(DRIVER.connect(f'{file.absolute().as_uri()}?mode=ro', uri=True)) as base:
        return all(name in topics for (name,) in base.execute('SELECT name FROM topics'))


def _parts(path: Path) -> list[Path]:
    """The files of a whole bag in their order."""
    if path.is_file():
        return [path]
    text = (path / 'metadata.yaml').read_text(encoding='utf-8')
    names = yaml.safe_load(text)['rosbag2_bagfile_information']['relative_file_paths']
    return [path / Path(name).name for name in names]


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(f for f in path.iterdir() if f.suffix in ('.mcap', '.db3'))


def _paged(rows: Iterator[Row]) -> Iterator[Page]:
    """Pages of rows; what was read before a damage is yielded first."""
    page: Page = []
    damage: Exception | None = None
    try:
        for row in rows:
            page.append(row)
            if len(page) >= PAGE:
                yield page
                page = []
    except Exception as e:
        damage = e
    yield page
    if damage is not None:
        raise damage
