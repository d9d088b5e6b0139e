"""Whether the hold recipe is reachable: what is missing is named before a hold is ever needed."""

from dataclasses import replace

import pytest

from cobot_ai.app.doctor import Level
from cobot_ai.app.doctor_motion import diagnose_motion
from cobot_ai.app.survey import Offer, Survey, TopicSeen
from cobot_ai.cli.main import main
from cobot_ai.core.recipe import in_namespace
from cobot_ai.store.cellfile import load_cell

TRIGGER = 'std_srvs/srv/Trigger'
OFFER = Offer(1, True, True)


def graph(spec, **more):
    """A graph with everything the recipe wants."""
    plan = spec.motion.plan
    services = {f'/{c.service}': c.type for c in (*plan.hold, *plan.resume)}
    services |= {f'/{s.source}': s.type for s in plan.states if s.asked}
    topics = {f'/{s.source}': s.type for s in plan.states if not s.asked}
    topics[f'/{plan.joints.topic}'] = 'sensor_msgs/msg/JointState'
    seen = {t: TopicSeen(t, kind, 9, offer=OFFER) for t, kind in topics.items()}
    return Survey('a test', more.pop('live', True), 5.0, seen, services)


def found(spec, survey, absent=()):
    def full(name):
        name = in_namespace(name, spec.motion.namespace)
        return name if name.startswith('/') else f'/{name}'

    return diagnose_motion(spec.motion, survey, full, absent)


@pytest.mark.parametrize('cell', ['ur', 'franka', 'xarm', 'doosan', 'iiwa'])
def test_a_driver_that_is_there_has_nothing_to_say(cell):
    spec = load_cell(cell)
    driver = replace(spec.motion, namespace='')
    spec = replace(spec, motion=driver)
    findings = found(spec, graph(spec))
    assert {f.level for f in findings} == {Level.OK}, findings
    assert len(findings) > 1


def test_a_missing_service_is_an_error_that_names_what_is_there_of_its_type():
    spec = load_cell('ur')
    survey = graph(spec)
    services = {n: k for n, k in survey.services.items() if not n.endswith('/pause')}
    services['/robot_2/dashboard_client/pause'] = TRIGGER
    (bad,) = worse(found(spec, replace(survey, services=services)))
    assert (bad.level, bad.about) == (Level.ERROR, '/dashboard_client/pause')
    assert '/robot_2/dashboard_client/pause' in bad.advice
    assert 'motion.namespace' in bad.advice


def test_a_service_of_another_type_is_an_error():
    spec = load_cell('ur')
    survey = graph(spec)
    services = {**survey.services, '/dashboard_client/pause': 'std_srvs/srv/Empty'}
    (bad,) = worse(found(spec, replace(survey, services=services)))
    assert (bad.level, bad.text) == (Level.ERROR, 'is of type std_srvs/srv/Empty')


def worse(findings):
    return [f for f in findings if f.level is not Level.OK]


@pytest.mark.parametrize(
    ('change', 'level', 'text'),
    [
        ({'offer': Offer(0, True, True)}, Level.ERROR, 'nobody publishes'),
        ({'type': 'std_msgs/msg/Int32'}, Level.ERROR, 'carries std_msgs/msg/Int32'),
        ({'count': 0}, Level.WARNING, 'no message came'),
    ],
)
@pytest.mark.parametrize('topic', ['/io_and_status_controller/safety_mode', '/joint_states'])
def test_a_state_that_would_not_confirm_a_hold_is_named(topic, change, level, text):
    spec = load_cell('ur')
    survey = graph(spec)
    topics = {**survey.topics, topic: replace(survey.topics[topic], **change)}
    (bad,) = worse(found(spec, replace(survey, topics=topics)))
    assert (bad.level, bad.about) == (level, topic)
    assert text in bad.text


def test_a_driver_package_that_is_not_installed_is_named_once():
    spec = load_cell('ur')
    absent = [t for t in spec.motion.plan.types if t.startswith('ur_dashboard_msgs')]
    bad = worse(found(spec, graph(spec), absent))
    assert [f.level for f in bad] == [Level.ERROR]
    assert 'Install the package ur_dashboard_msgs' in bad[0].advice
    assert all(kind in bad[0].text for kind in absent)


def test_a_recipe_whose_service_the_plant_must_name_says_so():
    spec = load_cell('ur')
    plan = replace(spec.motion.driver, hold=(replace(spec.motion.driver.hold[0], service=''),))
    nameless = replace(spec, motion=replace(spec.motion, driver=plan))
    (bad,) = worse(found(nameless, graph(spec)))
    assert 'motion.hold_service' in bad.advice


def test_shadow_mode_and_bags_are_said_and_never_an_error():
    spec = load_cell('ur')
    assert [f.level for f in found(spec, graph(spec, live=False))] == [Level.HINT]
    shadow = replace(spec, motion=replace(spec.motion, recipe='none'))
    (only,) = found(shadow, graph(spec))
    assert 'shadow mode' in only.text


def test_the_command_says_it_of_a_bag(tmp_path, capsys, monkeypatch):
    empty = Survey('a test', False, 0.0, {})
    monkeypatch.setattr('cobot_ai.cli.doctor._survey', lambda *_: empty)
    assert main(['doctor', 'ur', '--bag', 'x', '--data-dir', str(tmp_path)]) == 1
    assert 'hold recipe ur: a bag does not tell of services' in capsys.readouterr().out
