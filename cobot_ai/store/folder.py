"""Where a cell keeps its things."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cobot_ai.core.errors import ConfigError, StoreError
from cobot_ai.store.head import HeadFile, head_file

MARK = '.replay'
"""Empty file in a cell's folder that a replay made, and may delete."""
REMEDY = (
    'Give another folder (--data-dir, --out of a replay), or make this one belong to the user it '
    'runs as (chown).'
)


@dataclass(frozen=True, slots=True)
class CellFolder:
    """The data folder of one cell."""

    root: Path

    @property
    def ledger(self) -> Path:
        """The ledger's database file."""
        return self.root / 'ledger.db'

    @property
    def registry(self) -> Path:
        """Folder of the model versions."""
        return self.root / 'models'

    @property
    def clips(self) -> Path:
        """Folder of the evidence clips."""
        return self.root / 'clips'

    @property
    def features(self) -> Path:
        """Folder of the features of labelled cases, a cache."""
        return self.root / 'features'

    @property
    def windows(self) -> Path:
        """Folder of the windows of labelled cases."""
        return self.root / 'windows'

    @property
    def incidents(self) -> Path:
        """Folder of the incident recordings."""
        return self.root / 'incidents'

    @property
    def drop(self) -> Path:
        """Folder that labelled recordings are put into, to be learnt from."""
        return self.root / 'drop'

    @property
    def backbone(self) -> Path:
        """The network that looks at camera stills."""
        return self.root / 'backbone.onnx'

    @property
    def accounts(self) -> Path:
        """The console's own file: people and tablets."""
        return self.root / 'accounts.json'

    @property
    def audit(self) -> Path:
        """Refusals and changes of accounts."""
        return self.root / 'audit.jsonl'

    @property
    def audits(self) -> tuple[Path, Path]:
        """The full file before the present one, and the present one."""
        return self.audit.with_suffix('.1.jsonl'), self.audit

    @property
    def tls(self) -> Path:
        """Folder of the certificates."""
        return self.root / 'tls'

    def create(self) -> CellFolder:
        """Make the folder; only its owner may look inside.

        Raises:
            StoreError: It cannot be made or written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
            mode = self.root.stat().st_mode
            if mode & stat.S_ISVTX:  # /tmp and the like
                raise StoreError(f'{self.root} is shared by everybody; name a folder of its own.')
            if mode & 0o077:
                self.root.chmod(0o700)  # it was there before, and others could look in
        except OSError as e:
            raise StoreError(
                f'The data folder {self.root} cannot be made, or closed to others (chmod 700): '
                f'{e.strerror}. {REMEDY}'
            ) from e
        if not os.access(self.root, os.W_OK):
            raise StoreError(f'The data folder {self.root} is not writable for this user. {REMEDY}')
        return self

    @contextmanager
    def claimed(self) -> Iterator[None]:
        """Held by whoever starts processes on this folder, for as long as they run.

        Raises:
            StoreError: The folder or its ledger is in use already.
        """
        handle = os.open(self.root, os.O_RDONLY)
        try:
            self._lock(handle)
            if head_file(self.ledger).exists():
                HeadFile(self.ledger).close()  # a monitor that something else started
            yield
        finally:
            os.close(handle)

    def _lock(self, handle: int) -> None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as e:
            raise StoreError(
                f'The data folder {self.root} is in use by another cell; stop the one that runs '
                'already, or give this one its own --data-dir.'
            ) from e


def cell_folder(data_dir: str, cell: str, home: Path) -> CellFolder:
    """The folder of a cell: the given one, else `.local/state/cobot_ai/CELL` below `home`."""
    root = Path(data_dir) if data_dir else home / '.local' / 'state' / 'cobot_ai' / cell
    return CellFolder(root)


def fresh(out: Path) -> CellFolder:
    """The cell's folder of a replay; what an earlier one left is replaced, nothing else touched.

    Args:
        out: Output folder of the replay.

    Raises:
        ConfigError: The folder holds something that no replay made.
    """
    work = out / 'cell'
    if work.exists():
        ours = (work / MARK).exists() or (out / 'report.json').exists()
        if not ours and any(work.iterdir()):
            raise ConfigError(
                f'{work} exists and no replay made it; give another --out, '
                'or delete that folder yourself.'
            )
        shutil.rmtree(work)
    folder = CellFolder(work).create()
    (work / MARK).touch()
    return folder
