"""`cobot_ai`: the command line. Every command ends with one sentence when it cannot go on."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from threadpoolctl import threadpool_limits

from cobot_ai import __version__
from cobot_ai.cli.commands import COMMANDS
from cobot_ai.core.errors import CobotAiError


def say(text: str) -> None:
    """The one way to print."""
    sys.stdout.write(text + '\n')
    sys.stdout.flush()


def parser() -> argparse.ArgumentParser:
    """The command line with all its commands."""
    top = argparse.ArgumentParser(prog='cobot_ai', description=__doc__)
    top.add_argument('--version', action='version', version=__version__)
    commands = top.add_subparsers(dest='command', required=True, metavar='COMMAND')
    for command in COMMANDS:
        sub = commands.add_parser(command.name, help=command.text, description=command.text)
        command.arguments(sub)
        sub.set_defaults(run=command.run)
    return top


def main(args: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = parser().parse_args(args)
    _lead_children_here()
    threadpool_limits(1)  # small matrices: threads only fight each other, and sums stay the same
    try:
        return int(options.run(options, say))
    except CobotAiError as e:
        sys.stderr.write(f'cobot_ai: {e}\n')
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `cobot_ai labels CELL | head`
        _silence()
        return 0
    except OSError as e:  # a full disk, a folder that may not be written
        what = f'{e.filename}: {e.strerror}' if e.filename else str(e.strerror or e)
        sys.stderr.write(f'cobot_ai: {what}. Make room or choose another place, then try again.\n')
        try:
            sys.stdout.flush()
        except OSError:
            _silence()
        return 1


def _silence() -> None:
    """What could not be printed must not be tried again when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _lead_children_here() -> None:
    """Let child processes import this very package.

    `python -m` looks in the present folder first: beside an editable clone named `cobot_ai` it
    would take the clone's folder for the package.
    """
    here = str(Path(__file__).parents[2])
    paths = [p for p in os.environ.get('PYTHONPATH', '').split(os.pathsep) if p]
    if here not in paths:  # last: a sourced ROS 2 goes first
        os.environ['PYTHONPATH'] = os.pathsep.join([*paths, here])


if __name__ == '__main__':
    sys.exit(main())
