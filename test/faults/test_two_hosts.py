"""Sensor and cell controller on two hosts without multicast: two network namespaces and a wire."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip('rclpy')

pytestmark = [pytest.mark.ros, pytest.mark.timeout(120)]
SENSOR, CELL = '10.77.0.1', '10.77.0.2'
PORT = '11888'
PUBLISHER = """
import rclpy, time
from sensor_msgs.msg import Temperature
rclpy.init()
node = rclpy.create_node('sensor')
heat = node.create_publisher(Temperature, 'heat', 10)
print('ready', flush=True)
while True:
    heat.publish(Temperature(temperature=300.0))
    time.sleep(0.02)
"""
SURVEY = """
import json
from cobot_ai.ros.graph import survey_graph
print(json.dumps({t.topic: t.count for t in survey_graph(5.0).topics.values()}))
"""


class Wire:
    """Two namespaces joined by a wire; everything started in them ends with it."""

    def __init__(self):
        tag = f'{os.getpid() % 100000}'
        self.hosts = {SENSOR: f'ca_s{tag}', CELL: f'ca_c{tag}'}
        self.running = []

    def lay(self):
        sensor, cell = self.hosts.values()
        for name in (sensor, cell):
            ip('netns', 'add', name)
        ip('link', 'add', 'wire', 'netns', sensor, 'type', 'veth', 'peer', 'wire', 'netns', cell)
        for address, name in self.hosts.items():
            ip('-n', name, 'addr', 'add', f'{address}/24', 'dev', 'wire')
            # The plant's switches carry no multicast, so neither does this wire.
            ip('-n', name, 'link', 'set', 'wire', 'multicast', 'off', 'up')
            ip('-n', name, 'link', 'set', 'lo', 'up')
        deadline = time.monotonic() + 10
        while not all(map(self._carries, self.hosts)) and time.monotonic() < deadline:
            pass  # a participant made before then would not use the wire

    def _carries(self, host):
        links = subprocess.run(
            ['ip', '-n', self.hosts[host], '-j', 'addr', 'show', 'dev', 'wire'],
            check=True,
            capture_output=True,
        )
        (link,) = json.loads(links.stdout)
        tentative = any(a.get('tentative') for a in link['addr_info'])
        return link['operstate'] == 'UP' and not tentative

    def command(self, host, *args):
        return ['ip', 'netns', 'exec', self.hosts[host], *args]

    def start(self, host, env, *args):
        command = self.command(host, *args)
        child = subprocess.Popen(command, env={**os.environ, **env}, stdout=subprocess.PIPE)
        self.running.append(child)
        return child

    def remove(self):
        for child in self.running:
            child.kill()
            child.wait()
            child.stdout.close()
        for name in self.hosts.values():
            subprocess.run(['ip', 'netns', 'del', name], check=False, capture_output=True)


def ip(*args):
    subprocess.run(['ip', *args], check=True, capture_output=True)


@pytest.fixture
def wire():
    if shutil.which('ip') is None or os.geteuid() != 0:
        pytest.skip('network namespaces need root and the Debian package iproute2')
    wire = Wire()
    try:
        try:
            wire.lay()
        except subprocess.CalledProcessError as e:
            pytest.skip(f'this kernel lets nobody make network namespaces: {e.stderr}')
        yield wire
    finally:
        wire.remove()


def seen(wire, sensor_env, cell_env):
    """Messages of the sensor's topic that the cell's host saw, None when not even the topic."""
    common = {'ROS_DOMAIN_ID': '33', 'FASTDDS_BUILTIN_TRANSPORTS': 'UDPv4'}
    sensor = wire.start(SENSOR, {**common, **sensor_env}, sys.executable, '-c', PUBLISHER)
    assert sensor.stdout.readline() == b'ready\n'
    done = subprocess.run(
        wire.command(CELL, sys.executable, '-c', SURVEY),
        env={**os.environ, **common, **cell_env},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout).get('/heat')


def peers(address):
    return {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST', 'ROS_STATIC_PEERS': address}


def test_static_peers_bring_the_sensor_across_without_multicast(wire):
    assert (seen(wire, peers(CELL), peers(SENSOR)) or 0) > 50


def test_control_without_peers_nothing_crosses(wire):
    alone = {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST', 'ROS_STATIC_PEERS': ''}
    assert seen(wire, alone, alone) is None


@pytest.mark.long
def test_a_discovery_server_brings_it_across_too(wire):
    tool = Path(sys.prefix) / 'bin' / 'fastdds'
    if not tool.exists():
        pytest.skip('this installation has no fastdds tool')
    server = {'ROS_DISCOVERY_SERVER': f'{CELL}:{PORT}', 'ROS_SUPER_CLIENT': 'TRUE'}
    path = {'PATH': f'{tool.parent}:{os.environ["PATH"]}'}  # the tool asks for python3
    wire.start(CELL, path, str(tool), 'discovery', '-i', '0', '-l', CELL, '-p', PORT)
    deadline = time.monotonic() + 20
    while not listens(wire) and time.monotonic() < deadline:
        pass
    assert (seen(wire, server, server) or 0) > 50


def listens(wire):
    """Whether the discovery server's port is open."""
    table = subprocess.run(
        wire.command(CELL, 'cat', '/proc/net/udp'), capture_output=True, text=True, check=True
    ).stdout
    return f':{int(PORT):04X} ' in table
