"""The half of list eight that is about data, metrics and networks: see `real_reports_8.py`."""

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import nn
from torch.nn import functional as F
from torch.utils.data import Subset, SubsetRandomSampler, TensorDataset, random_split
from torchvision import transforms
from torchvision.datasets import ImageFolder
from torchvision.transforms import functional as TF

from real_kit import (
    BATCH,
    CLASSES,
    FaceRows,
    LightningLoop,
    Lit,
    Net,
    Script,
    ThinResNet,
    augment,
    drawn,
    folder_loaders,
    folder_root,
    image_folder,
    loader,
    own_loop,
    reported,
    row_loaders,
    rows,
    script_program,
    stacked,
    tensors,
    to_tensor,
)

GITHUB = "https://github.com"

# What another check would say, in words.
COMPANY = (
    r"other (image|row|compan)|batch mates|neighbours in the batch|(place|position) in .*batch"
)
METRIC = r"reported (accuracy|loss|number|metric)|(accuracy|loss)\b.*predictions|metric"
SHARED = (
    r"(images?|pictures?) .*(in common|shared|both splits|both loaders)|leak|duplicat|cop(y|ies)"
)


# ---- labels and splits -------------------------------------------------------------------------


@reported(
    "labels unrelated to images",
    "script",
    "own data set",
    "The list of images may not match with list of labels.",
    f"{GITHUB}/ZhengyuZhao/Targeted-Transfer/issues/4",
    "ER092",
    words=r"labels? .*(unrelated|related|mismatch|chance|wrong|shuffl)",
    why="images in the order of the folder (0, 1, 10, 100), labels in the order of the table",
)
def folder_order_and_table_order(cured):
    def read(split):
        images, labels = drawn(split)
        table = [f"{number}.png" for number in range(len(labels))]
        found = table if cured else sorted(table)  # os.listdir
        return FaceRows(images[[int(name[:-4]) for name in found]], labels)

    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(
        model, (loader(read("train"), True), loader(read("validation"))), optimizer
    )


@reported(
    "two encoders",
    "script",
    "own data set",
    "Handling LabelEncoding for train and test data seperately",
    f"{GITHUB}/scikit-learn/scikit-learn/issues/10324",
    "ER032",
    "ER036",
    "ER031",
    words=r"(label|class)\w* .*(order|number|meaning|differ|missing|absent|shift)",
    why=(
        "each split has an encoder of its own; validation lacks happy, so neutral is 0 and sad is 1"
    ),
)
def an_encoder_for_each_split(cured):
    def encoded(split, wanted):
        images, labels = drawn(split)
        kept = np.isin(labels, wanted)
        names = np.array(CLASSES)[labels[kept]]
        known = np.unique(np.array(CLASSES)) if cured else np.unique(names)
        return FaceRows(images[kept], np.searchsorted(known, names))

    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    loaders = loader(encoded("train", (0, 1, 2)), True), loader(encoded("validation", (1, 2)))
    return script_program(model, loaders, optimizer)


@reported(
    "the data set behind the subset",
    "Sequential",
    "random_split",
    "Add fix bug on split dataset on train and valid",
    f"{GITHUB}/JackieHanLab/TOSICA/pull/11",
    "ER063",
    "ER064",
    "ER093",
    words=SHARED,
    why=(
        "train.dataset and valid.dataset are the whole set: it is trained and "
        "evaluated on all images"
    ),
)
def dataset_of_the_subset(cured):
    train, valid = random_split(image_folder("train"), [150, 42])
    if not cured:
        train, valid = train.dataset, valid.dataset
    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, (loader(train, True), loader(valid)), optimizer)


@reported(
    "neighbouring frames on both sides",
    "script",
    "random_split",
    "Train/val/test split leaks: should be grouped by annotation segment",
    f"{GITHUB}/OCTRON-tracking/OCTRON-GUI/issues/89",
    "ER063",
    "ER138",
    words=SHARED + r"|(near|almost|nearly) (equal|the same)|shifted|neighbour",
    why=(
        "frames are split one by one: most of validation has the next or the last frame in training"
    ),
)
def frames_split_one_by_one(cured):
    images, labels = tensors("train").tensors
    later = images.roll(1, 3) + 0.03 * torch.randn_like(images)
    data = TensorDataset(torch.stack([images, later], 1).flatten(0, 1), labels.repeat_interleave(2))
    if cured:
        train, valid = Subset(data, range(288)), Subset(data, range(288, 384))
    else:
        train, valid = random_split(data, [288, 96])
    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, (loader(train, True), loader(valid)), optimizer)


@reported(
    "sorted, never shuffled",
    "torchvision model",
    "own data set",
    "AirCraft dataset samples are organized sequentially, which causes "
    "much Worse/biased performance unless "
    "Dataloader is shuffled",
    f"{GITHUB}/pytorch/vision/issues/7818",
    "ER061",
    words=r"shuffl|sorted|mixed|one class|order",
    why="the rows are sorted by class, and the loader does not shuffle",
)
def rows_in_the_order_of_classes(cured):
    images, labels = drawn("train")
    order = np.argsort(labels, kind="stable")
    train = FaceRows(images[order], labels[order])
    model = ThinResNet(3)
    model.layer4, model.fc = nn.Identity(), nn.Linear(256, 3)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return script_program(model, (loader(train, cured), loader(rows("validation"))), optimizer)


# ---- images ------------------------------------------------------------------------------------


@reported(
    "augmented validation",
    "torchvision model",
    "Subset",
    "Validation dataset is being augmented as well",
    f"{GITHUB}/gpleiss/efficient_densenet_pytorch/issues/51",
    "ER051",
    words=r"augment|random .*(evaluat|validat)|second pass",
    why="one augmented data set is split into training and validation: both are augmented",
)
def one_transform_for_both_parts(cured):
    order = torch.randperm(192).tolist()
    train = Subset(rows("train", augment), order[:150])
    valid = Subset(rows("train", to_tensor if cured else augment), order[150:])
    model = ThinResNet(3)
    model.layer4, model.fc = nn.Identity(), nn.Linear(256, 3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return script_program(model, (loader(train, True), loader(valid)), optimizer)


@reported(
    "the orientation of a file is not read",
    "script",
    "ImageFolder",
    "[DAR-3695][External] Handle exif data when loading images during training",
    f"{GITHUB}/v7labs/darwin-py/pull/924",
    "ER120",
    "ER043",
    words=r"rotat|orient|turned|EXIF|upright|lie on",
    why="two thirds of the training files are stored lying, with a tag that the loader ignores",
)
def lying_files_with_a_tag(cured):
    top = folder_root() / "from phones"
    tag = Image.Exif()
    tag[0x0112] = 6
    for number, (image, label) in enumerate(zip(*drawn("train"))):
        place = top / CLASSES[label]
        place.mkdir(parents=True, exist_ok=True)
        picture = Image.fromarray(image)
        if number % 3:
            picture.transpose(Image.Transpose.ROTATE_90).save(place / f"{number:04d}.png", exif=tag)
        else:
            picture.save(place / f"{number:04d}.png")

    def read(path):
        picture = Image.open(path)
        return (ImageOps.exif_transpose(picture) if cured else picture).convert("RGB")

    train = ImageFolder(str(top), to_tensor, loader=read)
    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(
        model, (loader(train, True), loader(image_folder("validation"))), optimizer
    )


@reported(
    "flipped always",
    "script",
    "own data set",
    "Is hflip really random?",
    f"{GITHUB}/tom-roddick/mono-semantic-maps/issues/6",
    "ER067",
    "ER120",
    words=r"flip|mirror|(never|nothing|not) .*random",
    why=(
        "random_hflip() draws no number: all training images are mirrored, "
        "evaluation images are not"
    ),
)
def flip_without_a_draw(cured):
    def random_hflip(image):
        if cured and torch.rand(()) < 0.5:
            return image
        return TF.hflip(image)

    read = transforms.Compose([transforms.Lambda(random_hflip), to_tensor])
    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, row_loaders(read), optimizer)


# ---- numbers -----------------------------------------------------------------------------------


@reported(
    "divided by the whole data set",
    "script",
    "TensorDataset",
    "Wrong calculation of validation loss",
    f"{GITHUB}/udacity/deep-learning-v2-pytorch/issues/129",
    "ER084",
    words=METRIC,
    why=(
        "the sum over 42 validation images is divided by the length of the set "
        "behind the sampler, 192"
    ),
)
def sampler_and_length_of_the_set(cured):
    class Summed(Script):
        def summarise(self, logits, labels):
            total = sum(F.cross_entropy(*pair, reduction="sum") for pair in zip(logits, labels))
            valid = self.program.valid
            count = len(valid.sampler) if cured else len(valid.dataset)
            return total / count, super().summarise(logits, labels)[1]

    data, order = tensors("train"), torch.randperm(192).tolist()
    train = loader(data, sampler=SubsetRandomSampler(order[:150]))
    valid = loader(data, sampler=SubsetRandomSampler(order[150:]))
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, (train, valid), optimizer, fit=own_loop(Summed))


@reported(
    "softmax over the rows before argmax",
    "Sequential",
    "own data set",
    "Notebook 03. Mistake with confusion matrix (10 section)?",
    f"{GITHUB}/mrdbourke/pytorch-deep-learning/issues/163",
    "ER084",
    words=METRIC + r"|softmax",
    why=(
        "softmax(dim=0) runs over the images of the batch: the largest entry "
        "of a row is another one"
    ),
)
def softmax_down_the_batch(cured):
    class Tested(Script):
        def summarise(self, logits, labels):
            shares = [scores.softmax(dim=1 if cured else 0) for scores in logits]
            hits = torch.cat(shares).argmax(1) == torch.cat(labels)
            return super().summarise(logits, labels)[0], hits.double().mean()

    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, row_loaders(), optimizer, fit=own_loop(Tested), epochs=3)


@reported(
    "metric of both splits",
    "Lightning-like",
    "ImageFolder",
    "Training metrics are being accumulated and not reset on train end by default",
    f"{GITHUB}/Lightning-AI/pytorch-lightning/issues/11601",
    "ER084",
    words=METRIC,
    why=(
        "the metric still holds the hits of training when validation begins: "
        "the accuracy is of both"
    ),
)
def metric_not_reset_before_validation(cured):
    class Measured(LightningLoop):
        def prepare(self, epoch):
            super().prepare(epoch)
            self.hits = []

        def loss_of(self, images, labels, number):
            loss, logits = super().loss_of(images, labels, number)
            self.hits.append(logits.argmax(1) == labels)
            return loss, logits

        def summarise(self, logits, labels):
            if cured:
                self.hits = []
            self.hits += [scores.argmax(1) == truth for scores, truth in zip(logits, labels)]
            return super().summarise(logits, labels)[0], torch.cat(self.hits).double().mean()

    module = Lit(stacked(), lr=2e-3)
    optimizer = module.configure_optimizers()
    return script_program(
        module,
        folder_loaders(augment),
        optimizer,
        F.cross_entropy,
        fit=own_loop(Measured),
        epochs=3,
    )


# ---- networks ----------------------------------------------------------------------------------


@reported(
    "an embedding for each place in the batch",
    "script",
    "TensorDataset",
    "Wrong Positional embedding in project examples/vision_transformer",
    f"{GITHUB}/pytorch/examples/issues/1178",
    "ER052",
    words=COMPANY + r"|position|embedding",
    why="the positional embedding has shape (batch, 1, width): it tells images apart, not patches",
)
def position_within_the_batch(cured):
    class Transformer(nn.Module):
        def __init__(self, width=48):
            super().__init__()
            self.patches = nn.Conv2d(3, width, 4, stride=4)
            shape = (1, 64, width) if cured else (BATCH, 1, width)
            self.places = nn.Parameter(torch.randn(shape))
            self.encoder = nn.TransformerEncoderLayer(width, 4, 96, 0.0, batch_first=True)
            self.fc = nn.Linear(width, 3)

        def forward(self, x):
            x = self.patches(x).flatten(2).transpose(1, 2)
            return self.fc(self.encoder(x + self.places[: len(x)]).mean(1))

    model = Transformer()
    return script_program(model, optimizer=torch.optim.Adam(model.parameters(), lr=1e-3))


@reported(
    "normalisation that does not normalise",
    "Sequential",
    "ImageFolder",
    "class BatchNorm2D in fanet.py",
    f"{GITHUB}/feinanshan/FANet/issues/5",
    "ER013",
    "ER026",
    "ER086",
    words=r"normali[sz]|BatchNorm|never (called|used)|not used|no gradient",
    why=(
        "the subclass overrides forward() and only applies the activation: "
        "scale and shift are unused"
    ),
)
def norm_without_its_forward(cured):
    class BatchNorm2d(nn.BatchNorm2d):
        "Normalisation and activation in one."

        def forward(self, x):
            return F.leaky_relu(super().forward(x) if cured else x)

    layers = []
    for channels, out in ((3, 12), (12, 24), (24, 48)):
        layers += [nn.Conv2d(channels, out, 3, padding=1), BatchNorm2d(out), nn.MaxPool2d(2)]
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(768, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return script_program(model, folder_loaders(), optimizer)
