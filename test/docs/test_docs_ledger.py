"""The record: every kind, field, outcome, status, reason, check and report field is documented."""

import ast
import re
import sqlite3
from contextlib import closing
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace

import pytest
from bench_cell import Bench
from cells import cell, question, signal, step_messages
from docs_text import ROOT, first_column, first_texts, marked, rows, section, tree

from cobot_ai.app.intake import Delivery, Intake
from cobot_ai.app.judgement import Resolved
from cobot_ai.app.ports import Entry
from cobot_ai.app.report import Run, report
from cobot_ai.core import anytime
from cobot_ai.core.asks import Status
from cobot_ai.core.binomial import clean_trials
from cobot_ai.core.build import type_hints
from cobot_ai.core.spec import RiskSpec
from cobot_ai.core.suite import Suite, Switch
from cobot_ai.core.types import Why
from cobot_ai.core.walk import clean_labels
from cobot_ai.store.ledger import open_ledger
from cobot_ai.web import schemas
from cobot_ai.web.schema_ts import BODY_OF_KIND, MODULES

APP = [f'cobot_ai/app/{f.name}' for f in sorted((ROOT / 'cobot_ai' / 'app').glob('*.py'))]
NOT_WRITTEN: set[str] = set()


def documented() -> dict[str, set[str]]:
    kinds = {}
    for row in rows(section('ledger.md', 'Kinds and bodies').partition('###')[0]):
        for kind in marked(row[0]):
            kinds[kind] = {re.split(r'\W', m)[0] for m in marked(row[2])}
    return kinds


def learn_and_swap(bench: Bench) -> None:
    for i in range(12):
        bench.teach('good' if i % 2 else 'bad')
    bench.command('maintenance', on=True)
    bench.command('rollback')
    bench.command('retrain')
    bench.command('tune', name='budget.warn', value=7)
    bench.command('word', of='class', name='good', lang='de', text='Passt')
    bench.command('propose', name='risk.epsilon', value=0.04, by='Eva')
    proposal = bench.entries('proposal')[-1].seq
    bench.command('approve', proposal=proposal, by='Ada')
    bench.command('schedule', at='14:00')
    bench.command('unschedule')
    facts = {'name': '00000001', 'reason': 'expired', 'entry': 1, 'messages': 1, 'dropped': 0}
    bench.authority.incident_stored(facts)


def import_recordings(bench: Bench) -> None:
    row = {'label': 'good', 'by': 'ada', 'context': 'operation=insert', 'group': '', 'facts': {}}
    case = {**row, 'start_ns': 1, 'end_ns': 2, 'sha256': 'f' * 64}
    inbox = SimpleNamespace(finish=lambda delivery: None, clip=lambda delivery, n: Path())
    waiting = [Delivery('1', 'a.mcap', 'd', '', [case]), Delivery('2', 'b.mcap', 'e', 'damaged')]
    inbox.ready = lambda: [waiting.pop(0)] if waiting else []
    adopt = bench.authority.clip_stored
    intake = Intake(
        inbox, bench.ledger, bench.authority.desk.commit, lambda c, p, s, refused: adopt(c, s, 'l')
    )
    for _ in range(4):
        intake.poll()


def lose_a_channel(bench: Bench) -> None:
    values = [(float('nan'), fz) for _, fz in signal('good', bench.rng)]
    for message in step_messages(bench.clock.t_ns, values):
        bench.clock.t_ns = max(bench.clock.t_ns, message.t_ns)
        bench.authority.take(message)
    bench.wait(0.2)
    bench.tap(bench.entries('decision')[-1].case, 'good')
    bench.wait(5.1)


def audits_and_an_alarm() -> list[Entry]:
    """Every sure decision is audited, and from a certain day on every answer is another one."""
    risk = replace(cell().risk, audit_first=1.0, audit_last=1.0)
    bench = Bench(cell(risk=risk))
    for i in range(24):
        bench.teach('bad' if i % 3 == 0 else 'good')
    for _ in range(45):
        bench.tap(bench.step('good'), 'bad')
        bench.wait(5.1)
    bench.wait(61.0)
    bench.command('review', case=bench.entries('review')[-1].case, label='good')
    bench.command('end_alarm', context='operation=insert')
    return bench.ledger.since(0, 10**6)


def talk(bench: Bench) -> None:
    case = bench.step('good', part='new')
    epoch = bench.command('claim', case=case)['epoch']
    bench.command('release', case=case)
    bench.tap(case, 'good', epoch=epoch)
    bench.command('undo', case=case, epoch=epoch)
    bench.tap(case, 'good', epoch=epoch + 1)
    bench.tap(case, 'bad', by='bob', tablet='tablet_2')
    bench.wait(5.1)
    bench.command('undo', case=case, epoch=epoch + 1)
    bench.command('correct', case=case, label='bad')
    bench.command('reason', case=case, reason='dirt')
    bench.command('report', case=case, what='wrong')
    bench.command('hold')
    late = bench.step('bad', part='new')
    bench.wait(31.0)
    bench.tap(late, 'bad')


@pytest.fixture(scope='module')
def story() -> list[Entry]:
    bench = Bench(cell(question=question(undo_s=5.0)))
    learn_and_swap(bench)
    lose_a_channel(bench)
    import_recordings(bench)
    talk(bench)
    bench.judge()  # of the step before
    bench.judge()  # of none
    bench.wait(3.0)
    open_case = bench.step('good', operation='other')
    again = Bench(bench.spec, bench.ledger, bench.registry, bench.clips)
    assert again.entries('resolution', open_case)[0].body['reason'] == 'restart'
    return [*again.ledger.since(0, 10**6), *audits_and_an_alarm()]


def test_every_kind_is_written_and_documented(story):
    assert {e.kind for e in story} == set(documented()) - NOT_WRITTEN


def test_every_kind_in_the_source_is_documented():
    drafts = set().union(*(first_texts(f, 'Draft') for f in APP))
    assert drafts
    assert drafts | set(BODY_OF_KIND) <= set(documented())


def test_every_field_of_every_entry_is_documented(story):
    kinds = documented()
    unknown = {(e.kind, field) for e in story for field in e.body if field not in kinds[e.kind]}
    assert not unknown


def test_the_page_knows_the_documented_fields_of_every_entry_about_models():
    kinds = documented()
    for kind in ('start', 'candidate', 'promote', 'rollback', 'schedule', 'unschedule'):
        module = next(m for m in MODULES if hasattr(m, BODY_OF_KIND[kind]))
        body = getattr(module, BODY_OF_KIND[kind])
        assert {f.alias or name for name, f in body.model_fields.items()} == kinds[kind], kind


def test_the_fields_of_a_live_start_are_documented():
    functions = ast.walk(tree('cobot_ai/ros/assembly.py'))
    body = next(n for n in functions if getattr(n, 'name', '') == 'start_body')
    keys = {k.value for n in ast.walk(body) if isinstance(n, ast.Dict) for k in n.keys}
    assert 'sqlite' in keys
    assert keys <= documented()['start']


def test_the_documented_choices_are_those_of_the_code(story):
    text = section('ledger.md', 'Kinds and bodies')
    sources = {e.body['source'] for e in story if e.kind == 'label'}
    assert all(s in text for s in sources)
    codes = set().union(*(first_texts(f, 'fault') for f in APP))
    row = next(r for r in rows(text) if r[0] == '`fault`')
    assert 'no_step' in codes
    assert all(code in row[2] for code in codes)


def test_every_outcome_is_documented():
    named = re.search(r'outcome: (.+?)\.\n', Resolved.__doc__ or '')
    outcomes = set(re.split(r', | or ', named[1]))
    assert first_column(section('ledger.md', 'Outcomes')) == outcomes


def test_every_command_and_status_is_documented():
    text = section('ledger.md', 'Commands')
    models = schemas.Reply.model_fields['status'].annotation.__args__
    assert first_column(text) == set(models) >= {s.value for s in Status}
    mapping = schemas.COMMAND.json_schema()['discriminator']['mapping']
    kinds = set(mapping)
    assert 'retrain' in kinds
    assert kinds <= marked(text)


def test_every_reason_is_documented_and_no_other():
    assert first_column(section('ask.md', 'Why it asks')) == {w.value for w in Why}


def test_every_check_of_the_gate_is_documented_with_its_limits_and_no_other():
    sections = {n: h for n, h in type_hints(Suite).items() if is_dataclass(h)}
    table = [row for row in rows(section('gates.md', 'Checks')) if row[0].startswith('`')]
    assert {row[0].strip('`') for row in table} == {*sections, 'parse'}
    for row in table:
        limits = {f.name for f in fields(sections.get(row[0].strip('`'), Switch))} - {'enabled'}
        assert limits <= marked(row[1])


@pytest.mark.parametrize('epsilon', [0.05, 0.02])
@pytest.mark.parametrize('rule', ['certified', 'expected'])
def test_the_label_counts_of_the_rules_are_those_of_the_code(rule, epsilon):
    row = next(r for r in rows(section('risk.md', 'The certificate')) if f'`{rule}`' in r[0])
    found = re.search(rf'epsilon {epsilon}(?:, delta 0.1)?: (\d+)', row[2])
    assert int(found[1]) == clean_labels(RiskSpec(epsilon=epsilon, delta=0.1, rule=rule))


def test_the_documented_numbers_of_audits_are_those_of_the_code():
    table = [r for r in rows(section('risk.md', 'What audits prove')) if r[0].startswith('0.')]
    assert len(table) == 3
    for row in table:
        epsilon, delta = (float(v) for v in row[0].split(', '))
        assert int(row[1]) == clean_trials(epsilon, delta)
        assert int(row[2]) == anytime.audits_needed(0, 0, epsilon, delta)


def test_every_field_of_a_report_is_documented_and_no_other():
    fields = set(report(Run(), span_ns=1, latency_ms=[], counts={}, known=False))
    assigned = (n for n in ast.walk(tree('cobot_ai/cli/replay.py')) if isinstance(n, ast.Assign))
    own = next(n.value for n in assigned if getattr(n.targets[0], 'id', '') == 'facts')
    fields |= {k.value for k in own.keys}
    assert first_column(section('replay.md', 'report.json')) == fields


def test_the_documented_selects_answer_what_they_promise(tmp_path):
    ledger = open_ledger(tmp_path / 'ledger.db')
    bench = Bench(cell(question=question(undo_s=0)), ledger)
    for n in range(12):
        bench.teach('bad' if n % 3 == 0 else 'good')
    bench.step('good', part='new')
    bench.wait(31.0)
    decisions = bench.entries('decision')
    outcomes = {e.case: e.body['outcome'] for e in bench.entries('resolution')}
    entries = ledger.since(0, 10**6)
    ledger.close()
    queries = re.findall(r'```sql\n(.*?)```', (ROOT / 'docs' / 'ledger.md').read_text(), re.DOTALL)
    day, case, twice = queries
    today = datetime.fromtimestamp(decisions[0].t_ns / 1e9, timezone.utc).date().isoformat()
    with closing(sqlite3.connect(tmp_path / 'ledger.db')) as base:
        base.row_factory = sqlite3.Row
        found = base.execute(re.sub(r"'\d{4}-\d\d-\d\d'", f"'{today}'", day)).fetchall()
        assert [row['case_id'] for row in found] == [d.case for d in decisions]
        alone = {d.case: 'acted' for d in decisions if d.body['verdict'] == 'act'}
        assert {row['case_id']: row['outcome'] for row in found} == outcomes | alone
        assert alone and {'answered', 'expired'} <= set(outcomes.values())
        assert base.execute(twice).fetchall() == []
        kinds = [row['kind'] for row in base.execute(case.replace('= 42', '= 1'))]
        assert kinds == [e.kind for e in entries if e.case == 1] and 'resolution' in kinds
        for table, columns in list(rows(section('ledger.md', 'Reading it with SQL')))[1:]:
            real = [row[1] for row in base.execute(f'PRAGMA table_info({table.strip("`")})')]
            assert real and set(real) <= marked(columns)
