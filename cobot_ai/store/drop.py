"""The drop folder: labelled recordings that people put down, and what became of each.

drop/NAME.LABEL.mcap      one label for all of its steps (also a rosbag2 folder NAME.LABEL/)
drop/LABEL/NAME.mcap      the same
drop/NAME.mcap + NAME.csv a truth file beside it, or truth.csv in the folder of the bag
drop/taken, drop/refused  what was taken, and what was not, each with its reason
drop/.ready               cut cases on their way to the monitor, which alone writes the ledger
"""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from cobot_ai.app.imports import NOTHING, Imported, Item
from cobot_ai.app.operator import COLUMNS, TABLE, Interval, read_truth
from cobot_ai.core.errors import DataError, StoreError
from cobot_ai.core.spec import QuestionSpec
from cobot_ai.store.files import sha256_of, sync_folder, write_durably
from cobot_ai.store.mcap_file import to_mcap
from cobot_ai.store.ready import DOCUMENT, READY, clip_name

SETTLE_S = 10.0
"""A recording that did not change for this long is complete."""
PATIENCE_S = 30.0
"""How long a recording without a label waits for its truth file."""
KINDS = ('.mcap', '.db3')
TAKEN, REFUSED = 'taken', 'refused'
TRUTH = 'truth.csv'
NAMED = 20
"""Waiting recordings that are named."""


DELIMITERS = (',', ';', '\t')
"""Between the columns of a table, as programs write them."""


def read_answers(path: Path) -> list[Interval]:
    """What really happened, from a truth.csv.

    Raises:
        DataError: The file cannot be read; the message says what is wrong.
    """
    try:
        with path.open(newline='', encoding='utf-8-sig') as file:
            first = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, delimiter=max(DELIMITERS, key=first.count))
            names = [name.strip() for name in reader.fieldnames or ()]
            if lacking := [name for name in COLUMNS[1:] if name not in names]:
                raise csv.Error(
                    f'its first line must name {TABLE}, {", ".join(lacking)} is not there'
                )
            return read_truth(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as e:
        why = f'The answers file {path} cannot be read: {e}.'
        raise DataError(why, key='bad_truth') from e


def labelled_item(path: Path, question: QuestionSpec, folder: str = '') -> Item:
    """A recording as its name, or the files beside it, label it.

    Args:
        path: An .mcap or .db3 file, or a rosbag2 folder. question: The classes there are.
        folder: Name of the folder it lies in, where that may be a label.

    Returns:
        The item; without `label` and `beside` nobody has labelled it (yet).
    """
    stem = path.name if path.is_dir() else path.stem
    _, dot, end = stem.rpartition('.')
    names = {c.name for c in question.classes}
    inside, near = path / TRUTH, path.with_name(f'{stem}.csv')
    beside = next((p for p in (near, inside) if p.is_file()), None)
    label = end if end in names or (dot and question.open_classes) else folder
    return Item(path, path.name, _owner(path), '' if beside else label, beside)


def opened(item: Item) -> Item:
    """A labelled recording with its digest, and what its truth file says.

    Raises:
        DataError: The truth file cannot be read. OSError: The recording cannot.
    """
    truth = () if item.label or item.beside is None else tuple(read_answers(item.beside))
    return replace(item, digest=digest_of(item.path), truth=truth)


class DropFolder:
    """The drop folder of a cell, for who cuts (port `DropBox`).

    Args:
        folder: Where it is; made here, with its own folders. question: The classes there are.
    """

    def __init__(self, folder: Path, question: QuestionSpec) -> None:
        self._folder, self._question = folder, question
        self._seen: dict[Path, tuple[object, float]] = {}
        _make(folder)

    def next(self, now_s: float) -> Item | None:
        """A recording that is complete and labelled; what waits in vain is refused.

        Raises:
            StoreError: One can be neither opened nor moved aside, and nothing else waits.
        """
        stuck: StoreError | None = None
        found = {item.path: item for item in items_in(self._folder, self._question)}
        self._seen = {p: seen for p, seen in self._seen.items() if p in found}
        for item in found.values():
            state = _state(item)
            if self._seen.get(item.path, (None, 0.0))[0] != state:
                self._seen[item.path] = (state, now_s)
            still_s = now_s - self._seen[item.path][1]
            labelled = item.label or item.beside
            if still_s >= (SETTLE_S if labelled else PATIENCE_S):
                try:
                    return self._opened(item)
                except (DataError, OSError) as e:
                    facts = (e.key, e.params) if isinstance(e, DataError) else ('unreadable', {})
                    try:
                        self.refuse(item, str(e), *facts)
                    except StoreError as stuck_:
                        stuck = stuck_
        if stuck is not None:
            raise stuck
        return None

    def _opened(self, item: Item) -> Item:
        if not item.label and item.beside is None:
            names = ', '.join(c.name for c in self._question.classes)
            raise DataError(
                f'It has no label: put .LABEL at the end of its name (classes: {names}), or put a '
                'truth file of the same name, ending in .csv, beside it.',
                key='no_label',
                names=names,
            )
        return opened(item)

    def deliver(self, item: Item, cases: Iterable[Imported]) -> int:
        """Store the cut cases for the monitor, then move the recording to `taken`."""
        whole = self._folder / READY / item.digest
        if whole.exists():  # cut already; a kill kept it from being moved
            self._aside(item, TAKEN)
            return len(json.loads((whole / DOCUMENT).read_bytes())['cases'])
        made = whole.with_name(f'.{item.digest}')
        shutil.rmtree(made, ignore_errors=True)
        rows = []
        try:
            for number, case in enumerate(cases):
                data = to_mcap(case.messages.rows(), {'recording': item.digest, 'schema': '1'})
                write_durably(made / clip_name(number), data)
                rows.append({**_plain(case), 'sha256': hashlib.sha256(data).hexdigest()})
            document = {'name': item.name, 'digest': item.digest, 'refused': '', 'cases': rows}
            write_durably(made / DOCUMENT, json.dumps(document).encode())
            made.replace(whole)
            sync_folder(whole.parent)  # before the recording is moved away
        except OSError as e:
            raise StoreError(f'The recording cannot be taken in now: {e.strerror}.') from e
        finally:
            shutil.rmtree(made, ignore_errors=True)
        self._aside(item, TAKEN)
        return len(rows)

    def refuse(
        self, item: Item, why: str, code: str = '', params: Mapping[str, object] = NOTHING
    ) -> None:
        """Move it to `refused` with its reason beside it, and tell the monitor."""
        moved = self._aside(item, REFUSED)
        write_durably(moved.with_name(f'{moved.name}.why.txt'), f'{why}\n'.encode())
        name = hashlib.sha256(f'{moved.name} {why}'.encode()).hexdigest()
        facts = {'name': item.name, 'digest': item.digest, 'refused': why, 'cases': []}
        document = {**facts, 'code': code, 'params': dict(params)}
        write_durably(self._folder / READY / name / DOCUMENT, json.dumps(document).encode())

    def _aside(self, item: Item, where: str) -> Path:
        """Move a recording and its truth file; never over another one."""
        target = _free(self._folder / where / item.name)
        try:
            item.path.rename(target)
            if item.beside is not None and item.beside.is_file():
                item.beside.rename(_free(target.with_name(item.beside.name)))
        except OSError as e:
            raise StoreError(f'{item.path} cannot be moved to {target}: {e.strerror}.') from e
        return target


def items_in(folder: Path, question: QuestionSpec) -> Iterator[Item]:
    """The recordings that wait in a drop folder."""
    names = {c.name for c in question.classes}
    for path in sorted(folder.iterdir()):
        if path.name.startswith('.') or path.name in (TAKEN, REFUSED):
            continue
        if path.is_dir() and path.name in names and not (path / 'metadata.yaml').exists():
            inside = (p for p in sorted(path.iterdir()) if _is_bag(p))
            yield from (labelled_item(p, question, path.name) for p in inside)
        elif _is_bag(path):
            yield labelled_item(path, question)


def drop_status(folder: Path, question: QuestionSpec) -> dict[str, object] | None:
    """What waits in a drop folder and what became of the rest; None where there is none.

    Args:
        folder: The drop folder. question: The classes there are.

    Returns:
        `waiting`: names of the first recordings, `n`: how many wait, `ready`: cut and on their
        way to the monitor, `taken` and `refused`: how many lie there.
    """
    try:
        waiting = [item.name for item in items_in(folder, question)]
        ready = [p for p in (folder / READY).iterdir() if not p.name.startswith('.')]
        aside = {where: sum(map(_is_bag, (folder / where).iterdir())) for where in (TAKEN, REFUSED)}
    except OSError:
        return None
    return {'waiting': waiting[:NAMED], 'n': len(waiting), 'ready': len(ready), **aside}


def digest_of(path: Path) -> str:
    """SHA-256 of a recording, whatever it is called."""
    inside = path.is_dir()
    return sha256_of(sorted(p for p in path.iterdir() if p.suffix in KINDS) if inside else [path])


def _plain(case: Imported) -> dict[str, object]:
    names = ('label', 'by', 'context', 'group', 'facts', 'start_ns', 'end_ns')
    return {name: getattr(case, name) for name in names}


def put_down(item: Item, folder: Path) -> Path:
    """Copy a labelled recording into a drop folder, under a name that says its label.

    Raises:
        StoreError: It cannot be copied; nothing is left behind.
    """
    _make(folder)
    end = f'.{item.label}' if item.label and not item.path.stem.endswith(f'.{item.label}') else ''
    whole = item.path.is_dir()
    stem, suffix = (item.path.name, '') if whole else (item.path.stem, item.path.suffix)
    target = _free(folder / f'{stem}{end}{suffix}')
    draft = folder / f'.{target.name}'
    try:
        if not item.label and item.beside is not None:
            shutil.copyfile(item.beside, folder / f'{target.name if whole else target.stem}.csv')
        (shutil.copytree if whole else shutil.copyfile)(item.path, draft)
        draft.rename(target)
    except OSError as e:
        shutil.rmtree(draft, ignore_errors=True)
        draft.unlink(missing_ok=True)
        raise StoreError(f'{item.path} cannot be copied to {folder}: {e}.') from e
    return target


def _make(folder: Path) -> None:
    try:
        for name in (TAKEN, REFUSED, READY):
            (folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as e:
        raise StoreError(f'The drop folder {folder} cannot be made: {e.strerror}.') from e


def _is_bag(path: Path) -> bool:
    if not path.is_dir():
        return path.suffix in KINDS
    try:
        return any(p.suffix in KINDS for p in path.iterdir())
    except PermissionError:
        return True  # somebody put it there for us: it is refused with the reason


def _state(item: Item) -> object:
    """What changes while files are still being copied; the error where they cannot be read."""
    try:
        files = sorted(item.path.rglob('*')) if item.path.is_dir() else [item.path]
        found = [*files, *([item.beside] if item.beside else [])]
        return [(p.name, p.stat().st_size, p.stat().st_mtime_ns) for p in found]
    except OSError as e:
        return str(e)


def _owner(path: Path) -> str:
    try:
        return path.owner()
    except (KeyError, OSError):
        return 'drop_folder'


def _free(path: Path) -> Path:
    """The path itself, or one with a number where something is there already."""
    number, free = 2, path
    while free.exists():
        free, number = path.with_name(f'{number}_{path.name}'), number + 1
    return free
