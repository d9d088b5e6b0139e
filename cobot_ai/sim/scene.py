"""The cell as MJCF, generated from primitive geoms: arm, gripper, part, fixture, chip.

Lengths in metres, masses in kilograms, angles in radians, z up, the robot's base in the origin.
The arm is a generic six-joint arm of about 5 kg payload with a roll-pitch-roll wrist; it copies
no product.
"""

from __future__ import annotations

import math

from cobot_ai.sim.records import JOINTS

TORQUE_LIMITS = (150.0, 150.0, 150.0, 28.0, 28.0, 28.0)
"""Largest motor torque per arm joint, newton metres."""
HOME = (0.0, 0.6, 1.3, 0.0, 1.24, 0.0)
"""Joint angles from which the inverse kinematics starts."""

FIXTURE_TOP = 0.12
"""Height of the fixture's upper face."""
FIXTURE_XY = (0.55, 0.0)
"""Where the robot program believes the hole to be."""
HOLE_DEPTH = 0.025
CHAMFER = 0.002
WALL = 0.020
PEG_HALF_LENGTH = 0.0275
PEG_BELOW_TCP = 0.015
"""Nominal distance from the tool centre point down to the part's centre."""
PAD_HALF_HEIGHT = 0.008
PAD_HALF_THICKNESS = 0.003
FINGER_OPEN = 0.024
"""Distance of a pad's inner face from the tool axis when the gripper is open."""
PLUNGER_RADIUS = 0.004
PLUNGER_OUT = 0.0008
"""How far the fixture's spring plunger stands into the hole."""
PLUNGER_DEPTH = 0.012
TIMESTEP = 0.001

Box = tuple[tuple[float, float, float], tuple[float, float, float]]
"""Centre and half sizes of a box."""

_LINKS = (
    # name, position in the parent, joint axis, mass, capsule end, radius, armature, limit
    ('link_1', '0 0 0.10', '0 0 1', 4.0, '0 0 0.08', 0.060, 0.20, 3.1),
    ('link_2', '0 0 0.08', '0 1 0', 8.0, '0 0 0.42', 0.055, 0.20, 2.2),
    ('link_3', '0 0 0.42', '0 1 0', 3.0, '0 0 0.25', 0.045, 0.15, 2.6),
    ('link_4', '0 0 0.25', '0 0 1', 1.3, '0 0 0.15', 0.038, 0.04, 3.1),
    ('link_5', '0 0 0.15', '0 1 0', 1.2, '0 0 0.06', 0.036, 0.04, 2.2),
    ('link_6', '0 0 0.06', '0 0 1', 0.4, '0 0 0.03', 0.034, 0.03, 3.1),
)


def hole_boxes(half_width: float) -> dict[str, Box]:
    """Walls of a square hole with the given half width, in the fixture's frame (top at z = 0)."""
    h, c = half_width, CHAMFER
    low, high = -HOLE_DEPTH - 0.002, -c
    boxes: dict[str, Box] = {}
    for name, sx, sy in (('px', 1, 0), ('nx', -1, 0), ('py', 0, 1), ('ny', 0, -1)):
        for part, gap, bottom, top in (('wall', 0.0, low, high), ('rim', c, high, 0.0)):
            middle = h + gap + WALL / 2
            along = h + gap + WALL if sy else h + gap
            half = (WALL / 2, along) if sx else (along, WALL / 2)
            boxes[f'{part}_{name}'] = (
                (sx * middle, sy * middle, (bottom + top) / 2),
                (half[0], half[1], (top - bottom) / 2),
            )
        thick = c * 0.35
        inward = thick / math.sqrt(2)
        middle = h + c / 2 + inward
        half_slope = c / math.sqrt(2)
        boxes[f'chamfer_{name}'] = (
            (sx * middle, sy * middle, -c / 2 - inward),
            (half_slope if sx else h + c, h + c if sx else half_slope, thick),
        )
    boxes['bottom'] = ((0.0, 0.0, -HOLE_DEPTH - 0.004), (h + WALL, h + WALL, 0.004))
    return boxes


_EIGHTH = f'{math.pi / 4:.9g}'
_CHAMFER_TILT = {
    'px': f'0 -{_EIGHTH} 0',
    'nx': f'0 {_EIGHTH} 0',
    'py': f'{_EIGHTH} 0 0',
    'ny': f'-{_EIGHTH} 0 0',
}


def _text(values: tuple[float, ...]) -> str:
    return ' '.join(f'{v:.6g}' for v in values)


def _fixture(half_width: float) -> str:
    lines = []
    for name, (position, size) in hole_boxes(half_width).items():
        kind, _, side = name.partition('_')
        tilt = f' euler="{_CHAMFER_TILT[side]}"' if kind == 'chamfer' else ''
        lines.append(
            f'<geom name="{name}" class="fixture" type="box" pos="{_text(position)}" '
            f'size="{_text(size)}"{tilt}/>'
        )
    plunger_x = half_width - PLUNGER_OUT + PLUNGER_RADIUS
    return f"""
    <body name="fixture" pos="{_text((*FIXTURE_XY, FIXTURE_TOP))}">
      {''.join(lines)}
      <geom class="look" type="box" pos="0 0 -0.0745" size="0.05 0.05 0.0455"
            rgba=".35 .38 .42 1"/>
      <body name="plunger" pos="{plunger_x:.6g} 0 {-PLUNGER_DEPTH}">
        <joint name="plunger" type="slide" axis="1 0 0" limited="true" range="0 0.006"
               stiffness="1500" damping="12" armature="0.3"
               solreflimit="0.002 1" solimplimit="0.97 0.995 0.0001"/>
        <geom name="plunger" type="sphere" size="{PLUNGER_RADIUS}" mass="0.01" contype="2"
              conaffinity="1" rgba=".8 .7 .2 1"/>
      </body>
    </body>"""


def _gripper() -> str:
    centre = FINGER_OPEN + PAD_HALF_THICKNESS
    fingers = ''.join(
        f"""
        <body name="finger_{side}" pos="0 {sign * centre:.6g} 0.145">
          <joint name="finger_{side}" type="slide" axis="0 {-sign} 0" limited="true"
                 range="0 {FINGER_OPEN}" damping="6" armature="0.2"/>
          <geom name="pad_{side}" type="box" size="0.008 {PAD_HALF_THICKNESS} {PAD_HALF_HEIGHT}"
                mass="0.05" contype="4" conaffinity="1" priority="1" condim="4"
                rgba=".15 .15 .15 1"/>
          <geom class="look" type="box" pos="0 {sign * 0.002} -0.030" size="0.009 0.005 0.030"
                rgba=".55 .57 .6 1"/>
        </body>"""
        for side, sign in (('left', 1), ('right', -1))
    )
    return f"""
      <body name="tool" pos="0 0 0.03">
        <inertial pos="0 0 0.06" mass="0.9" diaginertia="0.0016 0.0016 0.0009"/>
        <site name="wrist"/>
        <geom class="look" type="cylinder" fromto="0 0 0 0 0 0.03" size="0.036"
              rgba=".2 .2 .22 1"/>
        <geom class="look" type="box" pos="0 0 0.055" size="0.022 0.045 0.025"
              rgba=".3 .32 .35 1"/>
        <geom name="palm" type="box" pos="0 0 0.105" size="0.012 0.012 0.004" mass="0"
              contype="4" conaffinity="1" rgba=".3 .32 .35 1"/>
        <site name="tcp" pos="0 0 0.145"/>{fingers}
      </body>"""


def _arm() -> str:
    head, tail = '', ''
    for n, (name, at, axis, mass, end, radius, armature, limit) in enumerate(_LINKS, start=1):
        head += f"""
      <body name="{name}" pos="{at}">
        <joint name="joint_{n}" class="arm" axis="{axis}" range="-{limit} {limit}"
               armature="{armature}"/>
        <geom class="look" type="capsule" fromto="0 0 0 {end}" size="{radius}" mass="{mass}"
              rgba="{'.82 .84 .87 1' if n % 2 else '.25 .45 .7 1'}"/>"""
        tail += '</body>'
    return (
        '<body name="base"><geom class="look" type="cylinder" fromto="0 0 0 0 0 0.1" '
        f'size="0.07" rgba=".3 .3 .33 1"/>{head}{_gripper()}{tail}</body>'
    )


def _free(name: str, half: tuple[float, float, float], mass: float, colour: str, y: float) -> str:
    """A loose body, parked on the floor beside the robot; every geom may touch it."""
    return f"""
    <body name="{name}" pos="-0.4 {y} {half[2]:.6g}">
      <freejoint name="{name}"/>
      <geom name="{name}" type="box" size="{_text(half)}" mass="{mass}" contype="1"
            conaffinity="7" rgba="{colour}"/>
    </body>"""


def mjcf() -> str:
    """The whole cell as one MJCF document (no files beside it).

    The midphase of the collision search is off: it keeps the boxes of compile time, and the
    fixture's walls are resized for each part family.
    """
    motors = ''.join(
        f'<motor name="{name}" joint="{name}" ctrlrange="-{limit} {limit}" ctrllimited="true"/>'
        for name, limit in zip(JOINTS, TORQUE_LIMITS, strict=True)
    )
    return f"""
<mujoco model="cobot_ai_cell">
  <compiler angle="radian" autolimits="false"/>
  <option timestep="{TIMESTEP}" integrator="implicitfast" cone="elliptic" impratio="20"
          iterations="30" tolerance="1e-9">
    <flag midphase="disable"/>
  </option>
  <visual><global offwidth="640" offheight="480"/><headlight ambient=".35 .35 .35"/></visual>
  <default>
    <geom solref="0.004 1" solimp="0.95 0.99 0.0002" friction="0.25 0.002 0.0001" condim="3"/>
    <default class="look"><geom contype="0" conaffinity="0"/></default>
    <default class="fixture"><geom contype="2" conaffinity="1" rgba=".5 .54 .6 1"/></default>
    <default class="arm"><joint limited="true" damping="2" frictionloss="0.3"/></default>
  </default>
  <worldbody>
    <light pos="0.4 -0.6 1.4" dir="0 0.4 -1" castshadow="false"/>
    <geom name="floor" type="plane" size="2 2 0.1" contype="2" conaffinity="1"
          rgba=".75 .75 .72 1"/>
    <camera name="hole" pos="0.72 -0.24 0.28" xyaxes="0.816 0.578 0 -0.31 0.437 0.844"
            fovy="38"/>
    <camera name="cell" pos="1.3 -1.1 0.9" xyaxes="0.66 0.75 0 -0.33 0.29 0.9" fovy="45"/>
    {_fixture(0.0083)}{_arm()}
    {_free('peg', (0.008, 0.008, PEG_HALF_LENGTH), 0.08, '.85 .45 .15 1', 0.0)}
    {_free('chip', (0.004, 0.003, 0.004), 0.004, '.7 .1 .1 1', 0.2)}
  </worldbody>
  <equality>
    <joint joint1="finger_left" joint2="finger_right" polycoef="0 1 0 0 0" solref="0.004 1"
           solimp="0.95 0.99 0.0002"/>
  </equality>
  <actuator>{motors}
    <motor name="finger_left" joint="finger_left" ctrlrange="-100 100" ctrllimited="true"/>
    <motor name="finger_right" joint="finger_right" ctrlrange="-100 100" ctrllimited="true"/>
  </actuator>
  <sensor>
    <force name="force" site="wrist"/><torque name="torque" site="wrist"/>
    <accelerometer name="accelerometer" site="tcp"/>
  </sensor>
</mujoco>"""
