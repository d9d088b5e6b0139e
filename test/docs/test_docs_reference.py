"""Commands, options, launch arguments, parameters, topics and services are all documented."""

import argparse
import re
import shlex

import pytest
from docs_text import DOCS, PAGES, ROOT, calls, first_column, marked, rows, section, texts, tree

from cobot_ai.cli.main import main, parser

NODES = ('monitor', 'console', 'trainer')


def commands() -> dict[str, argparse.ArgumentParser]:
    subs = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    return dict(subs.choices)


@pytest.mark.parametrize('name', sorted(commands()))
def test_every_option_of_a_command_is_there_and_no_other(name):
    text = (DOCS / 'reference.md').read_text(encoding='utf-8')
    title = next(
        t for t in re.findall(r'^### (.+)$', text, re.MULTILINE) if f'cobot_ai {name}' in t
    )
    options = {s for a in commands()[name]._actions for s in a.option_strings}
    assert first_column(section('reference.md', title)) - {'option'} == options - {'-h', '--help'}


def shown_commands() -> list[str]:
    """Command lines in the code blocks of all pages."""
    blocks = [b for p in PAGES for b in re.findall(r'```\w*\n(.*?)```', p.read_text(), re.DOTALL)]
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return sorted({x for x in lines if re.match(r'(\.venv/bin/)?cobot_ai [a-z]+ ', x)})


def mentioned_commands() -> list[str]:
    """Commands in back quotes inside sentences; they may leave out what is required."""
    texts_ = [re.sub(r'```.*?```', '', p.read_text(), flags=re.DOTALL) for p in PAGES]
    return sorted({m for t in texts_ for m in marked(t) if re.match(r'cobot_ai [a-z]+( |$)', m)})


@pytest.mark.parametrize('line', shown_commands())
def test_every_command_line_that_is_shown_can_be_typed(line, capsys):
    try:
        parser().parse_args(shlex.split(line, comments=True)[1:])
    except SystemExit:
        pytest.fail(f'{line}: {capsys.readouterr().err}')


@pytest.mark.parametrize('line', mentioned_commands())
def test_every_command_that_is_mentioned_exists_with_its_options(line):
    _, name, *words = line.split()
    options = {s for a in commands()[name]._actions for s in a.option_strings}
    assert {w.partition('=')[0] for w in words if w.startswith('--')} <= options


def test_every_make_target_that_is_shown_exists():
    targets = set(re.findall(r'^([a-z-]+):', (ROOT / 'Makefile').read_text(), re.MULTILINE))
    shown = set()
    for page in PAGES:
        shown |= set(re.findall(r'(?:^|`)make ([a-z-]+)', page.read_text(), re.MULTILINE))
    assert {'demo', 'test'} <= shown <= targets


@pytest.mark.parametrize('file', sorted((ROOT / 'launch').glob('*.py')), ids=lambda f: f.name)
def test_every_launch_argument_is_there_and_no_other(file):
    declared = {c.args[0].value for c in calls(f'launch/{file.name}', 'DeclareLaunchArgument')}
    row = next(r for r in rows(section('reference.md', 'Launch files')) if file.name in r[0])
    assert marked(row[2]) == declared


@pytest.mark.ros
def test_every_parameter_is_there_with_its_default_and_no_other():
    params = pytest.importorskip('cobot_ai.ros.params', reason='needs rclpy')
    own = [*params.COMMON, *params.MONITOR, *params.TUNED, *params.TRAINER, *params.CONSOLE]
    text = section('reference.md', 'Parameters of the nodes')
    written = {r[0].strip('`'): r[1] for r in rows(text) if r[0].startswith('`')}
    assert written == {p.name: str(p.default).lower() for p in own}


@pytest.mark.parametrize(('node', 'title'), [('player', 'Player'), ('sim', 'Simulated cell')])
def test_every_parameter_of_the_helpers_is_there(node, title):
    names = {c.args[0].value for c in calls(f'cobot_ai/ros/{node}_node.py', 'Param')}
    text = section('reference.md', 'Parameters of the nodes')
    sentence = next(s for s in re.split(r'(?<=\.) (?=[A-Z])', text) if title in s)
    assert names <= marked(sentence)


def private_names() -> set[str]:
    files = ('names', *(f'{n}_node' for n in NODES), 'sim_node')
    found = set().union(*(texts(tree(f'cobot_ai/ros/{f}.py')) for f in files))
    return {t for t in found if re.fullmatch(r'~/[a-z_]+', t)}


def test_every_topic_and_service_is_there_and_no_other():
    names = section('reference.md', 'Topics') + section('reference.md', 'Services')
    written = {m for m in first_column(names) if m.startswith('~/')}
    assert written == private_names() | {'~/step'}


@pytest.mark.ros
def test_every_qos_override_is_there_with_its_default():
    qos = pytest.importorskip('cobot_ai.ros.qos', reason='needs rclpy')
    found = rows(section('reference.md', 'QoS of the streams'))
    written = {r[0].strip('`'): r[1] for r in found if re.fullmatch('`[a-z]+`', r[0])}
    assert written == {key: str(default) for key, default, _ in qos.OVERRIDES}


def test_commands_that_a_login_keeps_out_say_so_here_and_there(capsys):
    assert main(['rollback', 'demo', '--by', 'ann', '--url', 'https://cell:8080']) == 1
    assert 'docs/reference.md' in capsys.readouterr().err
    for command in ('rollback', 'swap', 'labels'):
        assert 'wants a login' in section('reference.md', f'`cobot_ai {command} CELL`')
