"""Two cells on one machine, told apart by their namespace alone."""

import os

import numpy as np
import pytest

pytest.importorskip('rclpy')
from nodes import Processes, Robot, forces, graph, of_kind

pytestmark = [pytest.mark.ros, pytest.mark.timeout(120)]


def test_two_cells_on_one_graph_never_hear_each_other(monkeypatch, tmp_path):
    rng = np.random.default_rng(0)
    with graph(monkeypatch):
        robots, cells = {}, {}
        for name in ('cell_1', 'cell_2'):
            (tmp_path / name).mkdir()
            robots[name] = Robot(int(os.environ['ROS_DOMAIN_ID']), name)
            cells[name] = Processes(tmp_path / name, namespace=name)
            cells[name].start('monitor')
        try:
            for robot in robots.values():
                robot.connect()
            first = robots['cell_1'].step(forces('good', rng))
            second = robots['cell_2'].step(forces('bad', rng))
            assert first['case'] == second['case'] == 1
            robots['cell_1'].answer(1, 'good')
            for robot in robots.values():
                robot.wait(lambda r=robot: r.state.get('cases') == 1, why='no state came')
            assert len(robots['cell_2'].heard('ask')) == 1
            assert robots['cell_2'].heard('answer') == []
        finally:
            codes = [cell.end('monitor') for cell in cells.values()]
            for robot in robots.values():
                robot.close()
        assert codes == [0, 0]
        answers = {}
        for name, cell in cells.items():
            with cell.ledger() as ledger:
                answers[name] = [e.body['label'] for e in of_kind(ledger, 'answer')]
            cell.close()
        assert answers == {'cell_1': ['good'], 'cell_2': []}
