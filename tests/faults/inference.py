"""Faults of the inference child, its engines and its bundle."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engines.bundle import write_bundle
from engines.operating_point import OperatingPoint
from inspector.client.control import ControlClient
from inspector.frames.outcome import Reason, Verdict
from inspector.protocol.control import BundleActivate
from inspector.protocol.control_messages import Outcome
from inspector.protocol.messages import ResultBody
from tests.faults.meanwhile import meanwhile
from tests.faults.scenario import scenario
from tests.faults.stage import Stage
from tests.tiny_bundle import CLASSES, HEIGHT, LEVELS, WIDTH, golden_sample, make_tiny_bundle

DUTY_S = 0.002, 0.02
"""How long the child runs and is stopped, in turn, to be ten times slower."""


@scenario(
    fault="The inference child is killed (SIGKILL)",
    promise="Frames that it had, and those until another one serves, are UNINSPECTED; it is started again and inspection goes on",
    told="`inference_restarting`, `inference_starting`, `inference_ready`; reason `engine_down`",
    quick=True,
)
def child_killed(stage: Stage) -> None:
    with stage.usual() as line:
        mark = line.mark()
        os.kill(line.child(), signal.SIGKILL)
        line.until_told("inference_restarting", since=mark)
        line.until_told("inference_ready", since=mark)
        line.until_inspected()
        assert "engine_down" in line.reasons(mark)


@scenario(
    fault="The inference child hangs (SIGSTOP)",
    promise="It counts as hung after `inference.stall_timeout_s`, is ended and started again; frames meanwhile are UNINSPECTED",
    told="`inference_restarting` (no result), `inference_ready`; reasons `engine_down`, `overload`, `deadline`",
)
def child_hangs(stage: Stage) -> None:
    with stage.usual() as line:
        mark = line.mark()
        os.kill(line.child(), signal.SIGSTOP)
        line.until_told("inference_restarting", since=mark)
        line.until_told("inference_ready", since=mark)
        line.until_inspected()


@scenario(
    fault="Whenever the child serves, it is killed, more often than `inference.max_restarts`",
    promise="It is given up; the line runs on and every frame is UNINSPECTED until a person restarts it; the daemon then ends with exit status 1",
    told="`inference_given_up`; reason `engine_down`",
    remedy="read the log, mend the cause, restart the line",
)
def child_killed_for_ever(stage: Stage) -> None:
    with stage.line(inference={"max_restarts": 3}) as line:
        for _ in range(4):
            mark = line.mark()
            os.kill(line.child(), signal.SIGKILL)
            line.until(
                lambda mark=mark: any(
                    line.watcher.told(c, since=mark) for c in ("inference_ready", "inference_given_up")
                ),
                "ready, or given up",
            )
        line.until_told("inference_given_up")
        mark = line.mark()
        line.until(lambda: len(line.watcher.packets) > mark + 100, "frames after that")
        assert line.reasons(mark) == {"engine_down"}
        line.finish(status=1)


@scenario(
    fault="The child cannot load: the bundle's folder is moved away while the line runs, then the child dies",
    promise="It is tried again, each time after a longer pause, and inspection goes on when the bundle is back as it was",
    told="`inference_restarting` with the reason; reason `engine_down`",
    remedy="put the bundle back",
)
def bundle_vanishes(stage: Stage) -> None:
    bundle = Path(shutil.copytree(stage.materials.bundle.path, stage.folder / "bundle"))
    with stage.line(bundle=str(bundle)) as line:
        bundle.rename(stage.folder / "moved")
        os.kill(line.child(), signal.SIGKILL)
        line.until_told("inference_restarting", "bundle")
        (stage.folder / "moved").rename(bundle)
        line.until_told("inference_ready")
        line.until_inspected()
        line.finish()


@scenario(
    fault="A file of the bundle is altered while the line runs, then the child dies",
    promise="A child that finds another bundle than the line was started with does not serve: no verdict comes from it",
    told="`inference_restarting` with the file; reason `engine_down`",
    remedy="put the file back, or restart the line on the bundle that it is to have",
)
def bundle_altered(stage: Stage) -> None:
    bundle = Path(shutil.copytree(stage.materials.bundle.path, stage.folder / "bundle"))
    with stage.line(bundle=str(bundle)) as line:
        gate = bundle / "gate.onnx"
        before = gate.read_bytes()
        gate.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        os.kill(line.child(), signal.SIGKILL)
        line.until_told("inference_restarting", "gate.onnx")
        mark = line.mark()
        line.until(lambda: len(line.watcher.packets) > mark + 50, "frames after that")
        assert line.inspected(mark) == 0
        gate.write_bytes(before)
        line.until_told("inference_ready")
        line.until_inspected()
        line.finish()


@scenario(
    fault="The child exits on load: the bundle is damaged when the line is started",
    promise="The start is refused in one line that names the file; nothing is published as PASS; exit status 2",
    told="exit status, standard error",
    remedy="as the line says",
)
def bundle_damaged_at_start(stage: Stage) -> None:
    bundle = Path(shutil.copytree(stage.materials.bundle.path, stage.folder / "bundle"))
    (bundle / "segmenter.onnx").write_bytes(b"nothing")
    with stage.line(bundle=str(bundle), start=False) as line:
        line.ended(2)
        assert line.reports("segmenter.onnx")
        assert "Traceback" not in line.tail()
        assert not line.watcher.packets


@scenario(
    fault="The engines answer wrongly on a golden frame when the line is started",
    promise="The start is refused; every frame captured so far is UNINSPECTED; exit status 2",
    told="`stopped` with the reason; standard error; reason `engine_starting` or `engine_down`",
    remedy="export the bundle again, or use the one before",
)
def golden_answer_wrong(stage: Stage) -> None:
    bundle = wrong_bundle(stage.folder / "wrong")
    with stage.line(bundle=str(bundle), start=False) as line:
        line.ended(2)
        assert line.reports("golden")
        assert "Traceback" not in line.tail()
        (found,) = line.settle().values()
        assert found.inspected == 0
        assert "stopped" in found.codes


@scenario(
    fault="A bundle that answers wrongly on a golden frame is to be activated while the line runs",
    promise="It is refused, and the bundle before goes on giving the verdicts, without a frame between them",
    told="the reply to the command; `change_refused` or `bundle_given_up`",
    remedy="export the bundle again",
    quick=True,
)
def wrong_bundle_activated(stage: Stage) -> None:
    bundle = wrong_bundle(stage.folder / "wrong")
    with stage.usual() as line, ControlClient(line.tree["control"]["endpoint"]) as control:
        mark = line.mark()
        reply = control.ask(BundleActivate(bundle=str(bundle)))
        assert reply.outcome is not Outcome.DONE, reply
        assert "golden" in reply.text, reply
        line.until_inspected()
        assert line.reasons(mark) <= {"gate_clean", "no_defect", "defect"}


@scenario(
    fault="The network's output is not a number (NaN) for some frames",
    promise="No verdict is made of it: the child is ended and started again, because what else it says cannot be trusted either",
    told="`inference_restarting` with the reason; reason `engine_down`",
    remedy="report it, with the frame",
)
def output_not_a_number(stage: Stage) -> None:
    tops = [int(image.max()) for image in stage.materials.images]
    odd = min(tops)
    bundle = make_tiny_bundle(stage.folder / "nan", gate_threshold=0.8, gate_nan_at=odd)
    with stage.line(bundle=str(bundle.path)) as line:
        line.until_told("inference_restarting", "nan")
        line.until_inspected(len(tops) // 2)
        found = line.finish()
    names = {f"{number:06}.png" for number, top in enumerate(tops) if top == odd}
    bodies = [packet.body for packet in found.packets.values() if isinstance(packet.body, ResultBody)]
    odd_ones = [body for body in bodies if body.name in names]
    assert {body.verdict for body in odd_ones} == {Verdict.UNINSPECTED}
    assert Reason.ENGINE_DOWN in {body.reason for body in odd_ones}
    assert Reason.INTERNAL not in {body.reason for body in odd_ones}


@scenario(
    fault="The engines become ten times slower, for two seconds",
    promise="Frames that are not ready in time are UNINSPECTED; an answer that comes later is `late` and changes nothing",
    told="reasons `deadline`, `overload`; `late`; `engine_silent`, `engine_answers` where nothing comes in time",
)
def engines_slow(stage: Stage) -> None:
    with stage.line(deadline_ms=30, source=stage.replay(rate_hz=300)) as line:
        mark = line.mark()
        with slowed(line.child()):
            line.pause(1.0)
        line.read()
        assert line.reasons(mark) & {"deadline", "overload"}
        line.until_inspected()
        line.finish()


@contextmanager
def slowed(pid: int) -> Iterator[None]:
    """A process that runs a tenth of the time."""

    def hold(over: threading.Event) -> None:
        runs_s, stands_s = DUTY_S
        while not over.wait(runs_s):
            os.kill(pid, signal.SIGSTOP)
            over.wait(stands_s)
            os.kill(pid, signal.SIGCONT)

    with meanwhile(hold):
        yield


def wrong_bundle(folder: Path) -> Path:
    """A bundle whose segmenter looks for other grey levels than its golden frames say."""
    made = make_tiny_bundle(folder.with_name("other"), levels={"dark": 40.0, "bright": 220.0})
    onnx = folder.with_name("other-onnx")
    half = dict.fromkeys(CLASSES, 0.5)
    write_bundle(
        folder,
        name="wrong",
        version="1",
        classes=made.classes,
        gate_onnx=onnx / "gate.onnx",
        segmenter_onnx=onnx / "segmenter.onnx",
        operating_point=OperatingPoint(gate_threshold=0.8, mask_thresholds=half),
        golden_thresholds=tuple(half.values()),
        golden=[golden_sample(HEIGHT, WIDTH, LEVELS, ((64, 3), (192, 5)))],
        card="# wrong\n",
        training={"data": "none"},
    )
    return folder
