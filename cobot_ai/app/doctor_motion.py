"""Is the hold recipe reachable? Its services, states and joints against what is on the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher

from cobot_ai.app.doctor import Finding, Level
from cobot_ai.app.survey import Survey
from cobot_ai.core.message_types import JOINT_STATE
from cobot_ai.core.recipe import RecipeSpec, StateSpec
from cobot_ai.core.spec import MotionSpec

Full = Callable[[str], str]
START = "Start the robot's driver; another namespace? Correct `motion.namespace`."


def diagnose_motion(
    motion: MotionSpec, survey: Survey, full: Full, absent: Sequence[str]
) -> list[Finding]:
    """Every finding about holding and resuming.

    Args:
        motion: Of the cell file. survey: What is there.
        full: Full name of a recipe's name, as the monitor resolves it.
        absent: ROS types of the recipe that are not installed here.
    """
    plan, about = motion.plan, f'hold recipe {motion.recipe}'
    if plan is None:
        return [Finding(Level.OK, about, 'shadow mode: advises only, the robot is never held')]
    found = list(_absent(about, absent))
    if not survey.live:
        advice = 'Run it without --bag while the driver runs.'
        found.append(Finding(Level.HINT, about, 'a bag does not tell of services', advice))
        return found
    for kind, name in _services(plan):
        found.append(_service(about, kind, full(name) if name else '', survey))
    topics = [s for s in plan.states if not s.asked]
    found += [_topic(s.type, full(s.source), survey, s) for s in topics if s.type not in absent]
    if plan.joints is not None:
        found.append(_topic(JOINT_STATE, full(plan.joints.topic), survey))
    return found


def _absent(about: str, absent: Sequence[str]) -> Iterator[Finding]:
    for package in sorted({kind.split('/')[0] for kind in absent}):
        kinds = ', '.join(kind for kind in absent if kind.startswith(f'{package}/'))
        advice = f'Install the package {package} for this Python; without it nothing is held.'
        yield Finding(Level.ERROR, about, f'{kinds} not installed', advice)


def _services(plan: RecipeSpec) -> dict[tuple[str, str], None]:
    """Type and name of every service the recipe calls or asks, each once."""
    calls = [(c.type, c.service) for c in (*plan.hold, *plan.resume)]
    return dict.fromkeys([*calls, *((s.type, s.source) for s in plan.states if s.asked)])


def _service(about: str, kind: str, name: str, survey: Survey) -> Finding:
    there = survey.services.get(name)
    if there == kind:
        return Finding(Level.OK, name, 'the service is there')
    if there is not None:
        advice = f'The recipe calls {kind}: is it the right one for this driver and its version?'
        return Finding(Level.ERROR, name, f'is of type {there}', advice)
    same = [n for n, k in survey.services.items() if k == kind]
    alike = sorted(same, key=lambda n: -SequenceMatcher(None, n, name).ratio())[:3]
    advice = f'Of its type {kind} there is: {", ".join(alike)}. {START}' if alike else START
    if not name:
        advice = f'Name it in `motion.hold_service` (and `resume_service`). {advice}'
    return Finding(Level.ERROR, name or about, 'no such service', advice)


def _topic(kind: str, name: str, survey: Survey, state: StateSpec | None = None) -> Finding:
    seen = survey.topics.get(name)
    if seen is None or (seen.offer is not None and not seen.offer.publishers):
        return Finding(Level.ERROR, name, 'nobody publishes this state of the robot', START)
    if seen.type != kind:
        advice = f'The recipe reads {kind}: is it the right one for this driver and its version?'
        return Finding(Level.ERROR, name, f'carries {seen.type}', advice)
    if not seen.count:
        advice = 'No hold is confirmed without it. Is the robot switched on?'
        return Finding(Level.WARNING, name, 'no message came', advice)
    what = f'tells {state.name}' if state is not None else 'tells how the joints move'
    return Finding(Level.OK, name, what)
