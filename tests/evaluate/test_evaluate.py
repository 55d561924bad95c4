"""A bundle on six frames: every figure worked out by hand. Then the bundle against others, on more frames."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from engines.bundle import Bundle, FrameSize
from engines.data.dataset import open_dataset
from engines.errors import DataError, EngineError, FileError, FrameFormError
from inspector.errors import UserError
from inspector.evaluate import paper
from inspector.evaluate.blocks import blocks
from inspector.evaluate.compare import Comparison, compare
from inspector.evaluate.evaluate import Evaluated, evaluate
from inspector.evaluate.figures import Evaluation
from inspector.evaluate.fit import Selection, optimistic, require_comparable, require_fit
from inspector.evaluate.page import page
from inspector.evaluate.plot import Plot
from inspector.evaluate.report import write_comparison, write_evaluation
from tests.evaluate.tiny_data import BRIGHT, DARK, SIX, open_data, write_data
from tests.tiny_bundle import make_tiny_bundle


@pytest.fixture(scope="module")
def six(tiny_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Evaluated:
    return evaluate(tiny_bundle, open_data(tmp_path_factory.mktemp("six")))


def test_gate_and_sheets(six: Evaluated) -> None:
    gate, made = six.evaluation.gate, six.evaluation
    # Let through: all four with a bright square. Scores 100/255 twice, 192/255 three times, 150/255 once.
    assert (gate.decisions.tp, gate.decisions.fn, gate.decisions.fp, gate.decisions.tn) == (3, 1, 1, 1)
    # Pairs: 192 D over 100 C twice, 150 D over it, 100 D ties with it; against 192 C: two ties, two below.
    assert gate.roc_area.value == pytest.approx((3 + 0.5 + 2 * 0.5) / 8)
    assert gate.miss_rate_upper_bound == pytest.approx(0.7514, abs=1e-4)  # 1 of 4: (1 - p)^4 + 4 p (1 - p)^3 = 0.05
    assert sum(gate.scores_of_defective) == 4
    assert sum(gate.scores_of_clean) == 2
    for stage, caught in ((made.pipeline, 2), (made.segmenter, 3)):
        assert (stage.sheets.decisions.tp, stage.sheets.decisions.fp) == (caught, 1)
        assert stage.sheets.false_scrap_rate.value == 0.5
    assert made.data.warnings == ("6 independent groups of frames are too few for intervals (10 are needed).",)
    assert gate.recall.low is None


def test_predicted_labels_are_told_first(tiny_bundle: Bundle, tmp_path: Path) -> None:
    dataset = replace(open_data(tmp_path / "six"), predicted=True)
    told = evaluate(tiny_bundle, dataset).evaluation.data.warnings
    assert told[0].startswith("Its labels are PREDICTIONS of a segmenter")


def test_frames_that_show_nothing_are_told(tiny_bundle: Bundle, tmp_path: Path) -> None:
    folder = write_data(tmp_path / "six")
    cv2.imwrite(str(folder / "images" / "f00.png"), np.zeros((32, 48), np.uint8))
    told = evaluate(tiny_bundle, open_dataset(folder)).evaluation.data.warnings
    assert told[0] == (
        "A line would not inspect 1 of these 6 frames, because nothing can be seen (the first is f00.png: shows nothing: all pixels are 0), "
        "but they count here; exclude them in a dataset.yaml."
    )


def test_masks(six: Evaluated) -> None:
    alone, pipeline = six.evaluation.segmenter.mask, six.evaluation.pipeline.mask
    # Pairs (dark, bright) by frame: 1 1 | 1 1 | 1 1 | 1 0 | 1 0 | 0 0, behind the gate the third frame's dark is lost.
    assert alone.kaggle_mean_dice.value == pytest.approx(8 / 12)
    assert pipeline.kaggle_mean_dice.value == pytest.approx(7 / 12)
    assert pipeline.kaggle_all_empty == pytest.approx(8 / 12)
    # Pixels, true: 16 bright, 9 dark, 9 bright, 16 dark; marked 16 + 9 + 16, right are 16 + 9.
    assert alone.pixel_dice.value == pytest.approx(2 * 25 / (41 + 50))
    assert pipeline.pixel_dice.value == pytest.approx(2 * 16 / (32 + 50))
    assert pipeline.pixel_dice_any_class.value == pytest.approx(2 * 32 / (32 + 50))
    dark, bright = pipeline.classes
    assert (dark.class_name, dark.frames, dark.found, dark.as_other, dark.false_frames) == ("dark", 2, 0, 1, 0)
    assert (bright.frames, bright.found, bright.as_other, bright.false_frames) == (2, 1, 0, 2)
    assert (bright.dice.value, bright.iou.value) == (0.5, 0.5)
    assert alone.classes[0].dice.value == 0.5
    assert pipeline.positive_dice.value == 0.25


def test_defects_and_times(six: Evaluated) -> None:
    defects = six.evaluation.pipeline.defects
    assert (defects.true, defects.found, defects.marked, defects.false) == (4, 1, 3, 2)
    assert defects.false_per_frame.value == pytest.approx(2 / 6)
    assert [one.recall.value for one in defects.classes] == [0, 0.5]
    assert six.evaluation.segmenter.defects.found == 2
    times = six.evaluation.times
    assert 0 < times.gate.p50_ms <= times.gate.p95_ms <= times.gate.max_ms
    assert times.pipeline.mean_ms < times.gate.mean_ms + times.segmenter.mean_ms


def test_the_worst_errors_are_of_each_kind(six: Evaluated) -> None:
    shown = [(title.split(",")[0], [error.frame.name for error in errors]) for title, errors in six.worst.sections()]
    assert shown == [
        ("Defective", ["f02.png"]),
        ("Defective and let through", ["f04.png"]),
        ("Clean", ["f03.png"]),
        ("Found", ["f05.png"]),
    ]
    stopped = six.worst.sections()[0][1][0]
    assert (stopped.found(32, 48) == 1).sum() == 9  # what the segmenter would have marked


def test_specks_below_the_minimum_areas_make_no_defect(tiny_bundle: Bundle, tmp_path: Path) -> None:
    point = msgspec.structs.replace(tiny_bundle.operating_point, minimum_area_px={"bright": 5})
    made = evaluate(replace(tiny_bundle, operating_point=point), open_data(tmp_path)).evaluation
    # The false 2x2 square is a speck now: still in the mask, no defect any more.
    assert made.pipeline.sheets.decisions.fp == 0
    assert made.pipeline.mask.kaggle_mean_dice.value == pytest.approx(7 / 12)
    assert made.pipeline.mask_of_defects.kaggle_mean_dice.value == pytest.approx(8 / 12)


@pytest.fixture(scope="module")
def pair(tiny_bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> tuple[Evaluated, Evaluated]:
    """24 frames with a dark or a bright defect or none; a bundle, and the same with a gate that lets dark ones through."""
    squares = [((DARK, 3),), ((BRIGHT, 4),), ()] * 8
    dataset = open_data(tmp_path_factory.mktemp("pair"), [(one, one) for one in squares])
    point = msgspec.structs.replace(tiny_bundle.operating_point, gate_threshold=0.3)
    return evaluate(tiny_bundle, dataset), evaluate(replace(tiny_bundle, operating_point=point), dataset)


def test_a_comparison_tells_what_is_real(pair: tuple[Evaluated, Evaluated]) -> None:
    made = compare(*pair)
    by_name = {one.name: one for one in made.differences}
    recall = by_name["gate: defective passed on"]
    assert (recall.first, recall.second, recall.difference.value) == (0.5, 1.0, 0.5)
    assert recall.better == "second"
    assert recall.difference.low is not None
    assert 0.1 < recall.difference.low < 0.5
    alarms = by_name["gate: clean passed on"]
    assert (alarms.difference.value, alarms.better) == (1.0, None)  # 8 groups are too few to say
    assert "too few independent groups" in alarms.sentence
    assert by_name["gate: area under ROC"].difference.value == 0
    assert by_name["the same, segmenter alone"].sentence.endswith("no difference on these frames.")
    pixels = by_name["pixel Dice, defective frames"]
    assert (pixels.first, pixels.second) == (pytest.approx(2 * 128 / (128 + 200)), 1.0)
    assert "real, the second is better" in pixels.sentence
    assert made.conclusion.startswith("On these 24 frames in 24 groups the second is better in gate: defective")


def test_a_comparison_is_the_mirror_of_its_reverse(pair: tuple[Evaluated, Evaluated]) -> None:
    forth, back = compare(*pair), compare(*reversed(pair))
    for one, other in zip(forth.differences, back.differences, strict=True):
        if one.difference.low is None:
            continue
        assert other.difference.high == pytest.approx(-one.difference.low)
        assert other.chance == one.chance
        assert {one.better, other.better} in ({None}, {"first", "second"})


def test_a_bundle_does_not_differ_from_itself(pair: tuple[Evaluated, Evaluated]) -> None:
    made = compare(pair[0], pair[0])
    assert all(one.better is None and not one.difference.value for one in made.differences)
    assert "neither bundle can be told from the other" in made.conclusion


def test_bundles_are_compared_on_the_same_frames_only(six: Evaluated, pair: tuple[Evaluated, Evaluated]) -> None:
    with pytest.raises(DataError, match="not shown the same frames"):
        compare(six, pair[0])


def test_data_of_another_form_is_refused(tiny_bundle: Bundle, tmp_path: Path) -> None:
    renamed = open_data(tmp_path / "names", SIX, ["dark", "light"])
    with pytest.raises(
        FrameFormError, match=r"classes are dark, light; those of the bundle tiny-1-.* are dark, bright"
    ):
        require_fit(tiny_bundle, renamed)
    dataset = open_data(tmp_path / "size")
    wider = replace(tiny_bundle, manifest=msgspec.structs.replace(tiny_bundle.manifest, frame=FrameSize(32, 64)))
    with pytest.raises(FrameFormError, match=r"frames are 32x48; those of the bundle .* are 32x64"):
        require_fit(wider, dataset)
    with pytest.raises(DataError, match="holds no labelled frame"):
        require_fit(tiny_bundle, replace(dataset, frames=()))
    other = msgspec.structs.replace(tiny_bundle.manifest, classes=("dark",))
    with pytest.raises(UserError, match=r"--compare: classes of tiny-1-.* are dark, bright, of .* dark"):
        require_comparable(tiny_bundle, replace(tiny_bundle, manifest=other))


def test_what_makes_the_figures_optimistic_is_told(tiny_bundle: Bundle, tmp_path: Path) -> None:
    dataset = open_data(tmp_path)
    assert not list(optimistic(tiny_bundle, dataset, None))
    gate = {"data_id": dataset.id, "split_id": "s1"}
    manifest = msgspec.structs.replace(tiny_bundle.manifest, training={"networks": {"gate": gate}})
    chosen = {"data": {"id": dataset.id}, "split": "s1", "part": "calibration"}
    point = msgspec.structs.replace(tiny_bundle.operating_point, chosen=chosen)
    bundle = replace(tiny_bundle, manifest=manifest, operating_point=point)

    def told(selection: Selection | None) -> str:
        return " ".join(optimistic(bundle, dataset, selection))

    assert "give --split" in told(None)
    assert "operating point was chosen" in told(None)
    assert told(Selection("validation", "s1")) == ""
    assert told(Selection("calibration", "s1")) == "The operating point was chosen on frames of this selection."
    assert told(Selection("training", "s1")) == "The bundle was trained on these very frames."
    assert "by another split" in told(Selection("validation", "s2"))
    gate["trained_on"] = ["training", "fold-1"]  # type: ignore[assignment]
    assert told(Selection("fold-1", "s1")) == "The bundle was trained on these very frames."
    assert told(Selection("fold-0", "s1")) == ""
    point.chosen["folds"] = {"fold-0": "fold-model-1-0a", "fold-1": "fold-model-1-0b"}
    assert told(Selection("fold-0", "s1")) == "The operating point was chosen on frames of this selection."
    crossed = told(Selection("fold-0 to fold-1", "s1", point.chosen["folds"]))
    assert "the fold models fold-model-1-0a, fold-model-1-0b, each on the fold that it was trained without" in crossed
    assert "operating point was chosen" in crossed


class Links(HTMLParser):
    """Everything a page loads or leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.alts: list[str] = []
        self.text = ""

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        self.alts += [value or "" for name, value in attrs if name == "alt"]
        self.found += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "data")]


def test_the_page_needs_nothing_beside_it(six: Evaluated, tmp_path: Path) -> None:
    page = write_evaluation(tmp_path / "out", six).read_text()
    links = Links()
    links.feed(page)
    assert len(links.found) == 4
    assert all(one.startswith("data:image/jpeg;base64,") for one in links.found)
    assert not {"script", "link", "iframe"} & set(links.tags)
    assert "url(" not in page
    assert "@import" not in page
    assert links.tags.count("svg") == 3
    assert "all thresholds, area 0.562" in page
    assert "Worst errors of the pipeline" in page
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(links.found[1].split(",")[1]), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (128, 192, 3)  # enlarged four times
    found = msgspec.json.decode((tmp_path / "out" / "evaluation.json").read_bytes(), type=Evaluation)
    assert found == six.evaluation
    rows = (tmp_path / "out" / "frames.csv").read_text().splitlines()
    assert rows[0].startswith("name,group,defective,located,score")
    assert rows[3].startswith("f02.png,f02.png,1,1,0.39215")


def test_the_page_of_a_comparison(pair: tuple[Evaluated, Evaluated], tmp_path: Path) -> None:
    made = compare(*pair)
    page = write_comparison(tmp_path, made, *pair).read_text()
    assert made.conclusion in page
    assert "Second minus first" in page
    assert "first, area 0.750" in page  # the dark half of the defective frames ties with the clean ones
    assert len(re.findall("<svg", page)) == 4
    assert "Worst errors of the second, tiny-1" in page
    assert "<p>None.</p>" in page
    assert msgspec.json.decode((tmp_path / "comparison.json").read_bytes(), type=Comparison) == made
    assert len((tmp_path / "frames_second.csv").read_text().splitlines()) == 25


ODD = """<script>"x" & 'y'</script>"""
"""A name that would break a page if it were put in as it is."""


def test_names_cannot_break_the_page(six: Evaluated, tmp_path: Path) -> None:
    """Names of classes, data set, part and bundle stand in titles, tables, plots, captions and attributes."""
    replaced = msgspec.structs.replace
    one = six.evaluation
    data = replaced(one.data, name=ODD, part=ODD, warnings=(ODD,))
    bundle = replaced(one.bundle, id=ODD, classes=(f"dark {ODD}", f"bright {ODD}"))
    made = replace(six, evaluation=replaced(one, data=data, bundle=bundle))
    for written in (
        write_evaluation(tmp_path / "one", made),
        write_comparison(tmp_path / "two", compare(made, made), made, made),
    ):
        links = Links()
        links.feed(written.read_text())
        assert "script" not in links.tags
        assert ODD in links.text
        assert any(f"truth bright {ODD}" in alt for alt in links.alts)
        assert set(links.attributes) <= {"charset", "name", "content", "lang", "class", "id", "style", "src", "alt", "width",
                                         "height", "viewbox", "role", "x", "y", "d", "cx", "cy", "r", "color", "fill",
                                         "text-anchor", "transform"}  # fmt: skip


def test_a_plot_escapes_its_words() -> None:
    plot = Plot(f"title {ODD}", f"x {ODD}", f"y {ODD}")
    plot.line([(0, 0), (1, 1)], "#fff", f"line {ODD}")
    links = Links()
    links.feed(page(ODD, [f"line of text {ODD}"], [plot], [], []))
    for words in ("title", "x", "y", "line", "line of text"):
        assert f"{words} {ODD}" in links.text
    assert "script" not in links.tags


def test_a_report_that_cannot_be_written_is_told(six: Evaluated, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match=r"cannot be written \(Not a directory\)"):
        write_evaluation(tmp_path / "file" / "out", six)


def test_the_papers_figures_stand_beside_frames_of_its_form_only(six: Evaluated) -> None:
    assert not any("paper" in cell for block in blocks(six.evaluation) for row in block.rows for cell in row)
    bundle = msgspec.structs.replace(six.evaluation.bundle, height=256, width=1600, classes=("a", "b", "c", "d"))
    told = blocks(msgspec.structs.replace(six.evaluation, bundle=bundle))
    cells = {cell for block in told for row in block.rows for cell in row} | set(told[1].columns)
    assert {"paper: ResNet50", "paper: pipeline", "0.710", "0.607", "0.480", "695", "97.1%", "33.7%"} <= cells
    assert paper.GATES["paper: ResNet34"].recall == pytest.approx(662 / 716)


def test_frames_of_one_class_alone(tiny_bundle: Bundle, tmp_path: Path) -> None:
    clean = evaluate(tiny_bundle, open_data(tmp_path / "clean", [((), ())] * 12)).evaluation
    assert clean.gate.roc is None
    assert clean.gate.roc_area.value is None
    assert clean.gate.miss_rate_upper_bound is None
    assert clean.pipeline.mask.pixel_dice.value is None
    assert clean.pipeline.mask.kaggle_mean_dice.value == 1
    written = write_evaluation(
        tmp_path / "out", evaluate(tiny_bundle, open_data(tmp_path / "bad", [((), SIX[1][1])] * 12))
    )
    assert len(re.findall("<svg", written.read_text())) == 1


def test_a_selection_is_named(tiny_bundle: Bundle, tmp_path: Path) -> None:
    done: list[int] = []
    made = evaluate(
        tiny_bundle, open_data(tmp_path), selection=Selection("validation", "abc"), progress=done.append
    ).evaluation
    assert (made.data.part, made.data.split) == ("validation", "abc")
    assert done == [1, 2, 3, 4, 5, 6]


def test_a_gate_that_answers_no_number_is_refused(tmp_path: Path) -> None:
    bundle = make_tiny_bundle(tmp_path / "odd", gate_nan_at=150)
    with pytest.raises(EngineError, match="not a probability"):
        evaluate(bundle, open_data(tmp_path / "data"))
