"""Camera stills as a third kernel: seen, missing, damaged, or looked at by another eye."""

import io
import pickle
from dataclasses import replace
from importlib.util import find_spec

import cells
import model_cases
import numpy as np
import pytest
from bench_cell import Bench
from model_cases import build_candidate
from PIL import Image

from cobot_ai.app.observe import Observer
from cobot_ai.app.recut import recut
from cobot_ai.core.config import parse_cell, spec_to_json
from cobot_ai.core.errors import ConfigError, DataError, ModelError
from cobot_ai.core.samples import RawMessage
from cobot_ai.core.spec import ModelSpec
from cobot_ai.core.stream_spec import StreamSpec
from cobot_ai.core.types import Still
from cobot_ai.model.backbone import (
    PACKAGE,
    SIZE,
    Backbone,
    eye_of,
    make_backbone,
    random_convolutions,
)
from cobot_ai.model.checkpoint import read_checkpoint
from cobot_ai.model.fitter import OnnxFitter
from cobot_ai.model.scorer import load
from cobot_ai.store.images import to_pixels
from cobot_ai.store.messages import RosbagsDecoder
from cobot_ai.store.typestore import encode

CAMERA = StreamSpec('camera', 'image', 'sensor_msgs/msg/CompressedImage', 1.0)
RAW = 'sensor_msgs/msg/Image'


def seen(label, rng):
    values = rng.normal(size=40) + (label == 'scratch') * np.linspace(0, 2, 40)
    return Still(values.astype(np.float32), 'eye')


def pictures(count=60, missing=0):
    """Cases whose signals say nothing: a scratch is only seen."""
    rng = np.random.default_rng(2)
    made = []
    for case in model_cases.cases(count, labels=('ok',)):
        label = 'scratch' if case.id % 2 else 'ok'
        still = None if case.id <= missing else seen(label, rng)
        made.append(replace(case, label=label, window=replace(case.window, still=still)))
    return made


@pytest.mark.parametrize('head', ['kernel', 'linear'])
def test_what_only_the_camera_sees_is_learnt_and_served(head):
    cases = pictures()
    fitted = OnnxFitter().fit(cases, ModelSpec(head=head))
    assert fitted.facts['honest_accuracy'] > 0.85
    assert fitted.facts['still'] == 'eye'
    blind = [replace(c, window=replace(c.window, still=None)) for c in cases]
    assert OnnxFitter().fit(blind, ModelSpec(head=head)).facts['honest_accuracy'] < 0.7
    scorer = load(fitted.blob, model_cases.manifest_of(fitted))
    windows = [c.window for c in cases[:8]] + [c.window for c in blind[:8]]
    probs = np.array([scorer.score(w).probs for w in windows])
    assert np.abs(OnnxFitter().predict(fitted, windows) - probs).max() < 1e-5
    assert [scorer.score(c.window).label for c in cases[:8]] == [c.label for c in cases[:8]]


def test_a_missing_still_drops_out_and_makes_less_sure():
    cases = pictures(80, missing=10)
    fitted = OnnxFitter().fit(cases, ModelSpec())
    scorer = load(fitted.blob, model_cases.manifest_of(fitted))
    with_, without = [], []
    for case in cases[10:30]:
        with_.append(scorer.score(case.window).confidence)
        without.append(scorer.score(replace(case.window, still=None)).confidence)
    assert np.mean(without) < np.mean(with_) - 0.1


def test_a_version_with_stills_passes_the_gate():
    cell = model_cases.cell('kernel')
    cases = pictures()
    _, manifest = build_candidate(cases, OnnxFitter(), cell, load, model_cases.Shelf(), '', 0, 't')
    assert manifest.gates.passed, manifest.gates.failed


def test_one_class_looks_at_stills_too():
    cases = [replace(c, label='ok') for c in pictures(80)]
    good = [c for c in cases if c.id % 2 == 0]
    fitted = OnnxFitter().fit(good, ModelSpec())
    scorer = load(fitted.blob, model_cases.manifest_of(fitted))
    floor = fitted.facts['evidence_floor']
    odd = [scorer.score(c.window).evidence < floor for c in cases if c.id % 2]
    assert np.mean(odd) > 0.6


def test_a_still_that_another_network_looked_at_is_refused():
    cases = pictures()
    fitted = OnnxFitter().fit(cases, ModelSpec())
    scorer = load(fitted.blob, model_cases.manifest_of(fitted))
    other = replace(cases[0].window, still=replace(cases[0].window.still, by='other'))
    with pytest.raises(ModelError, match=r'backbone\.onnx'):
        scorer.score(other)
    with pytest.raises(ModelError, match='another network'):
        OnnxFitter().fit([replace(cases[0], window=other), *cases[1:]], ModelSpec())


# ---------------------------------------------------------------- the eye


def test_random_convolutions_are_the_same_everywhere_and_finite():
    blob = random_convolutions()
    assert blob == random_convolutions()
    eye = Backbone(blob)
    dark = eye.look(np.zeros((SIZE, SIZE, 3), np.uint8))
    light = eye.look(np.full((SIZE, SIZE, 3), 255, np.uint8))
    spotted = np.zeros((SIZE, SIZE, 3), np.uint8)
    spotted[100:110, 100:110] = 255
    assert dark.values.shape == (eye.width,)
    assert np.allclose(dark.values, light.values, atol=1e-4), 'brightness alone is no feature'
    assert np.abs(eye.look(spotted).values - dark.values).max() > 0.1


@pytest.mark.skipif(find_spec(PACKAGE) is None, reason="needs pip install 'cobot_ai[stills]'")
def test_the_small_network_sees_without_torch():
    eye = Backbone(make_backbone())
    assert eye.width == 1584
    rng = np.random.default_rng(0)
    smooth = np.asarray(
        Image.fromarray(rng.integers(0, 255, (8, 8, 3), np.uint8)).resize((SIZE, SIZE))
    )
    noisy = np.clip(smooth + rng.normal(0, 8, smooth.shape), 0, 255).astype(np.uint8)
    other = rng.integers(0, 255, (SIZE, SIZE, 3), np.uint8)
    a, b, c = (eye.look(x).values for x in (smooth, noisy, other))
    assert np.linalg.norm(a - b) < 0.7 * np.linalg.norm(a - c)


def test_the_eye_of_a_cell_is_made_once_and_kept(tmp_path):
    spec = with_camera()
    file = tmp_path / 'backbone.onnx'
    written = []

    def write(path, data):
        written.append(path)
        path.write_bytes(data)

    assert eye_of(replace(spec, model=ModelSpec()), file, write) is None
    first = eye_of(spec, file, write)
    assert eye_of(spec, file, write).digest == first.digest
    assert written == [file]
    file.write_bytes(b'half a fi')
    with pytest.raises(ModelError, match='restore it from a backup'):
        eye_of(spec, file, write)


class Evil:
    def __reduce__(self):
        return (print, ('run',))


def test_a_checkpoint_that_is_a_program_is_refused(tmp_path):
    file = tmp_path / 'weights.pth'
    file.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ModelError, match=r'it wants builtins\.print'):
        read_checkpoint(file)
    file.write_bytes(b'\x80')
    with pytest.raises(ModelError, match='cannot be read'):
        read_checkpoint(file)


# ---------------------------------------------------------------- the way from the camera


def with_camera(**changes):
    spec = cells.cell(streams=(cells.wrench_stream(), CAMERA), **changes)
    return replace(spec, model=replace(spec.model, still='camera'))


def jpeg(t_ns, level=100):
    out = io.BytesIO()
    Image.fromarray(np.full((20, 30, 3), level, np.uint8)).save(out, 'JPEG')
    body = {'format': 'jpeg', 'data': np.frombuffer(out.getvalue(), np.uint8)}
    return RawMessage('/image', CAMERA.type, t_ns, encode(CAMERA.type, body))


class Blink:
    """An eye that sees how light it is."""

    size = 8

    def look(self, pixels):
        return Still(np.array([pixels.mean()], np.float32), 'blink')


def observed(spec, extra, eye=None):
    decoder = RosbagsDecoder(eye or Blink())
    observer = Observer(spec, decoder, cells.resolve)
    start = 10 * cells.S
    signal = cells.signal('good', np.random.default_rng(0))
    messages = sorted([*cells.step_messages(start, signal), *extra(start)], key=lambda m: m.t_ns)
    for message in messages:
        observer.take(message, 0)
    (cut,) = observer.ready(10 * cells.S)
    again = recut(spec, decoder, cells.resolve, cut.messages, cut.span.start_ns, cut.span.end_ns)
    return cut.window.still, again.still


def test_the_newest_still_of_a_step_is_judged_and_the_clip_gives_it_again():
    def taken(t):
        return [jpeg(t + 10**7, 10), jpeg(t + 2 * 10**8, 200)]

    now, again = observed(with_camera(), taken)
    assert now.values[0] == pytest.approx(200, abs=3)
    assert (again.values == now.values).all()


@pytest.mark.parametrize('body', [b'no picture', b''])
def test_a_damaged_or_missing_picture_is_a_missing_still(body):
    def taken(t):
        data = {'format': 'jpeg', 'data': np.frombuffer(body, np.uint8)}
        return [RawMessage('/image', CAMERA.type, t + 10, encode(CAMERA.type, data))]

    assert observed(with_camera(), taken) == (None, None)
    assert observed(with_camera(), lambda t: []) == (None, None)


def test_without_the_key_a_still_is_only_shown():
    spec = with_camera()
    plain = replace(spec, model=replace(spec.model, still=''))
    assert observed(plain, lambda t: [jpeg(t + 10)]) == (None, None)


def test_raw_pictures_are_read_in_their_own_colours():
    pixels = np.zeros((4, 6, 3), np.uint8)
    pixels[..., 0] = 255  # the first byte: blue in bgr8, red in rgb8
    for encoding, channel in (('bgr8', 2), ('rgb8', 0)):
        body = {'height': 4, 'width': 6, 'encoding': encoding, 'step': 18, 'data': pixels.ravel()}
        seen_ = to_pixels(RawMessage('/image', RAW, 0, encode(RAW, body)), 8)
        assert seen_.shape == (8, 8, 3)
        assert seen_[0, 0].tolist() == [255 * (i == channel) for i in range(3)]
    odd = {
        'height': 4,
        'width': 6,
        'encoding': 'bayer_rggb8',
        'step': 6,
        'data': pixels[:, :, 0].ravel(),
    }
    with pytest.raises(DataError, match='bayer_rggb8'):
        to_pixels(RawMessage('/image', RAW, 0, encode(RAW, odd)), 8)


def test_the_cell_file_must_name_a_camera():
    doc = spec_to_json(with_camera())
    assert parse_cell(doc).model.still == 'camera'
    doc['model']['still'] = 'wrench'
    with pytest.raises(ConfigError, match=r'no camera stream \(there: camera\)'):
        parse_cell(doc)


def test_the_whole_loop_learns_what_only_the_camera_sees():
    """Signals all alike, the light tells; from the message to the decision and back."""
    spec = with_camera()
    spec = replace(spec, model=replace(spec.model, head='kernel'))
    bench = Bench(spec, eye=Blink())
    rng = np.random.default_rng(4)

    def step(label):
        light = (60 if label == 'bad' else 160) + int(rng.integers(-20, 20))
        bench.authority.take(jpeg(bench.clock.t_ns, light))
        return bench.step('good')

    for n in range(30):
        label = 'bad' if n % 2 else 'good'
        case = step(label)
        if bench.entries('ask', case):
            bench.tap(case, label)
            bench.wait(spec.question.undo_s)
            found = bench.trainer.turn(bench.clock.t_ns)
            if found:
                bench.authority.offer(found)
    assert bench.versions.scorer.manifest.facts['still'] == 'blink'
    sure = [bench.entries('decision', step(x))[0].body for x in ('good', 'bad', 'good', 'bad')]
    assert [d['label'] for d in sure] == ['good', 'bad', 'good', 'bad']
    blind = bench.entries('decision', bench.step('good'))[0].body
    assert blind['verdict'] == 'ask', 'without the picture it must not be sure'
