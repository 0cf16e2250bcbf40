"""Faces as plain PyTorch objects, and loops as strangers write them: for `real_reports.ipynb`.

Nothing here knows of the guards but `Reporter`, the three calls that a loop of one's own makes.
"""
import atexit
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset
from torchvision import transforms
from torchvision.datasets import ImageFolder
from torchvision.models.resnet import BasicBlock, ResNet

from expression_research import engine
from expression_research.diagnostics import prediction_table
from expression_research.faces import generate_faces

CLASSES = ("happy", "neutral", "sad")
COUNTS = {"train": 192, "validation": 60, "test": 24}
SIDE, BATCH = 32, 16

# ---- a program and its report ------------------------------------------------------------------


@dataclass
class Program:
    "The objects that a script holds when it is about to train."
    model: nn.Module               # (N, 3, H, W) -> (N, C)
    train: Iterable                # batches of images and labels
    valid: Iterable                # the same, for evaluation during training
    optimizer: Optimizer
    loss_fn: Callable              # (logits, labels) -> scalar
    fit: Callable|None = None      # (program, watch): the program's own short run, if it is needed
    scheduler: Any = None
    valid_loss_fn: Callable|None = None  # where evaluation has a loss of its own
    planned: int = 20              # epochs that the run is meant to have
    epochs: int = 2                # how many of them are watched; then somebody interrupts it


@dataclass(frozen=True)
class Report:
    "A public report, the program made after it, and what a person would need to hear."
    name: str                      # of the function that builds the program
    kind: str                      # of the bug; at most two programs share one
    style: str                     # script, Lightning-like, Sequential, torchvision model
    data: str                      # the data set that the loaders read
    title: str                     # of the report
    address: str                   # of the report
    causes: tuple[str, ...]        # codes of the checks that would name the cause
    words: str                     # or words (a pattern) by which a check to come would name it
    why: str                       # of these causes
    build: Callable[[bool], Program]  # True: the cured twin


REPORTS: dict[str, Report] = {}
CLEAN: dict[str, tuple[str, str, Callable[[], Program]]] = {}  # style, data, builder


def reported(
    kind:str,
    style:str,
    data:str,
    title:str,
    address:str,
    *causes:str,
    words:str="",
    why:str,
)->Callable:
    "Register the program of a report; the arguments are the fields of `Report`."
    def register(build):
        REPORTS[build.__name__] = Report(
            build.__name__, kind, style, data, title, address, causes, words, why, build
        )
        return build
    return register


def clean(
    style:str,
    data:str,
)->Callable:
    "Register a program with nothing wrong."
    def register(build):
        CLEAN[build.__name__] = (style, data, build)
        return build
    return register


def built(
    build:Callable[..., Program],  # of a report or of a clean program
    *given:bool,                   # for a report: cured or not
)->Program:
    "A program, its weights and its order always the same."
    torch.manual_seed(0)
    np.random.seed(0)
    return build(*given)


# ---- faces -------------------------------------------------------------------------------------


@cache
def drawn(
    split:str,                     # train, validation or test
    classes:tuple[str, ...]=CLASSES,
    seed:int=0,
)->tuple[np.ndarray, np.ndarray]:  # images (N, 32, 32, 3) uint8, labels (N,) int64
    "Generated faces as arrays, in mixed order."
    faces = generate_faces(COUNTS, classes, side=SIDE, difficulty=0.2, seed=seed)[split]
    images = np.stack([np.asarray(image.convert("RGB")) for image in faces["image"]])
    return images, np.asarray(faces["label"], dtype=np.int64)


def to_tensors(
    images:np.ndarray,             # (N, 32, 32, 3) uint8
    mean:float|None=0.5,           # None: stays in [0, 1]
    std:float=0.5,
)->torch.Tensor:                   # (N, 3, 32, 32) float32
    "What ToTensor and Normalize do, for all images at once."
    scaled = torch.from_numpy(images).permute(0, 3, 1, 2).contiguous().float() / 255
    return scaled if mean is None else (scaled - mean) / std


def tensors(
    split:str,
    **options:Any,                 # classes and seed
)->TensorDataset:
    "A split as a `TensorDataset`."
    images, labels = drawn(split, **options)
    return TensorDataset(to_tensors(images), torch.from_numpy(labels))


class FaceRows(Dataset):
    "A data set as people write it: `__len__`, `__getitem__`, and no public attribute."

    def __init__(self, images, labels, transform=None):
        self._images, self._labels = images, labels
        self._transform = transform or to_tensor

    def __len__(self):
        return len(self._labels)

    def __getitem__(self, row):
        return self._transform(Image.fromarray(self._images[row])), int(self._labels[row])


class FaceStream(IterableDataset):
    "One face after the other; training mixes the rows anew in each pass."

    def __init__(self, split, mixed, share=False):
        self._images, self._labels = drawn(split)
        self._mixed, self._share = mixed, share

    def __iter__(self):
        rows = torch.randperm(len(self._labels)) if self._mixed else range(len(self._labels))
        worker = torch.utils.data.get_worker_info()
        for number, row in enumerate(rows):
            if self._share and worker and number % worker.num_workers != worker.id:
                continue
            image = to_tensors(self._images[int(row)][None])[0]
            yield image, int(self._labels[int(row)])


normalise = transforms.Normalize((0.5,) * 3, (0.5,) * 3)
to_tensor = transforms.Compose([transforms.ToTensor(), normalise])
augment = transforms.Compose(
    [transforms.RandomHorizontalFlip(), transforms.RandomCrop(SIDE, padding=2), to_tensor]
)


@cache
def folder_root()->Path:
    "A temporary folder for class folders; it goes when the process ends."
    holder = tempfile.TemporaryDirectory()
    atexit.register(holder.cleanup)
    return Path(holder.name)


@cache
def written(
    name:str,                      # of the folder under the root
    split:str,
    folders:tuple[str, ...]=CLASSES,  # a class folder for each label
    without:tuple[int, ...]=(),    # labels that are left out
)->str:                            # the path for `ImageFolder`
    "A split as PNG files in class folders."
    top = folder_root() / name
    for number, (image, label) in enumerate(zip(*drawn(split))):
        if label in without:
            continue
        place = top / folders[label]
        place.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(place / f"{number:04d}.png")
    return str(top)


def image_folder(
    split:str,
    transform:Callable=to_tensor,
)->ImageFolder:
    "A split as torchvision's `ImageFolder`."
    return ImageFolder(written(split, split), transform)


def loader(
    dataset:Dataset,
    shuffle:bool=False,            # True for training
    **options:Any,
)->DataLoader:
    "Batches of 16."
    options.setdefault("batch_size", BATCH)
    return DataLoader(dataset, shuffle=shuffle, **options)


def rows(split, transform=None, **options):
    "A split as an own data set."
    return FaceRows(*drawn(split, **options), transform)


def row_loaders(train=None, valid=None):
    "The two loaders over own data sets."
    return loader(rows("train", train), True), loader(rows("validation", valid))


def folder_loaders(train=to_tensor, valid=to_tensor):
    "The two loaders over class folders."
    return loader(image_folder("train", train), True), loader(image_folder("validation", valid))


def tensor_loaders()->tuple[DataLoader, DataLoader]:
    "The two loaders that most scripts have."
    return loader(tensors("train"), True), loader(tensors("validation"))


# ---- networks ----------------------------------------------------------------------------------


class Net(nn.Module):
    "The network of PyTorch's first tutorial."

    def __init__(self, classes=3, dropout=0.0):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 6, 5), nn.Conv2d(6, 16, 5)
        self.fc1, self.fc2 = nn.Linear(400, 120), nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, classes)
        self.drop = nn.Dropout(dropout)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.fc1(torch.flatten(x, 1)))
        return self.fc3(self.drop(F.relu(self.fc2(x))))


def block(
    channels:int,
    out:int,
)->list[nn.Module]:
    "Convolution, normalisation, activation, pooling."
    return [nn.Conv2d(channels, out, 3, padding=1), nn.BatchNorm2d(out), nn.ReLU(), nn.MaxPool2d(2)]


def stacked(
    classes:int=3,
    *last:nn.Module,               # layers after the classifier
)->nn.Sequential:
    "Three blocks and a linear classifier in one `nn.Sequential`."
    blocks = [*block(3, 12), *block(12, 24), *block(24, 48)]
    return nn.Sequential(
        *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(48, classes), *last
    )


class ThinResNet(ResNet):
    "torchvision's `ResNet` with one block a stage."

    def __init__(self, classes=3):
        super().__init__(BasicBlock, [1, 1, 1, 1], num_classes=classes)


@cache
def earlier_weights()->dict[str, torch.Tensor]:
    "What a thin ResNet learned from other faces: the checkpoint that people download."
    with torch.random.fork_rng():
        torch.manual_seed(1)
        classes = ("happy", "sad", "surprise", "anger", "neutral")
        model = ThinResNet(len(classes))
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for _ in range(4):
            for images, labels in loader(tensors("train", classes=classes, seed=7), True):
                optimizer.zero_grad()
                F.cross_entropy(model(images), labels).backward()
                optimizer.step()
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def downloaded(
    classes:int=3,
)->ThinResNet:
    "A thin ResNet with downloaded weights and a new head."
    model = ThinResNet(5)
    model.load_state_dict(earlier_weights())
    model.fc = nn.Linear(model.fc.in_features, classes)
    return model


class Lit(nn.Module):
    "What a LightningModule is without Lightning: forward, steps, and its optimizers."

    def __init__(self, network, lr=1e-3):
        super().__init__()
        self.network, self.lr = network, lr

    def forward(self, x):
        return self.network(x)

    def criterion(self, logits, labels):
        return F.cross_entropy(logits, labels)

    def training_step(self, batch, number):
        images, labels = batch
        logits = self(images)
        return {"loss": self.criterion(logits, labels), "logits": logits.detach()}

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.lr)


# ---- loops -------------------------------------------------------------------------------------


class Reporter:
    "What a loop of one's own tells the guards."

    def __init__(self, program, watch):
        self.watch = watch
        self.state = engine.TrainState(
            program.model,
            program.optimizer,
            program.loss_fn,
            "cpu",
            program.scheduler,
            {name: [] for name in engine.RESULTS},
            first_epoch=0,
            last_epoch=program.planned - 1,
        )

    def begin(self, epoch):
        self.state.epoch, self.state.step = epoch, -1
        self.watch.epoch_begin(self.state)

    def step(self, number, batch, loss):
        self.state.step, self.state.batch, self.state.loss = number, batch, loss
        self.watch.step_end(self.state)

    def end(self, numbers, logits, labels):
        ids = [f"row-{row}" for row in range(len(labels))]
        self.state.table = prediction_table(ids, labels.numpy(), logits.numpy())
        for name, value in zip(engine.RESULTS, numbers):
            self.state.results[name].append(float(value))
        self.watch.epoch_end(self.state)


class Script:
    "The loop that everybody writes. A bug is a method that is written differently."

    def __init__(self, program, watch):
        self.program, self.model = program, program.model
        self.optimizer, self.scheduler = program.optimizer, program.scheduler
        self.reporter = Reporter(program, watch)

    def prepare(self, epoch):
        self.model.train()

    def loss_of(self, images, labels, number):
        logits = self.model(images)
        return self.program.loss_fn(logits, labels), logits

    def update(self, loss, number):
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()

    def after_batch(self, number):
        "Nothing."

    def after_epoch(self):
        if self.scheduler:
            self.scheduler.step()

    def evaluate(self):
        self.model.eval()
        with torch.no_grad():
            pairs = [(self.model(images), labels) for images, labels in self.program.valid]
        return [logits for logits, _ in pairs], [labels for _, labels in pairs]

    def summarise(self, logits, labels):
        logits, labels = torch.cat(logits), torch.cat(labels)
        loss_fn = self.program.valid_loss_fn or self.program.loss_fn
        return loss_fn(logits, labels), (logits.argmax(1) == labels).double().mean()

    def run(self):
        for epoch in range(self.program.epochs):
            self.reporter.begin(epoch)
            self.prepare(epoch)
            total, hits, count = 0.0, 0, 0
            for number, (images, labels) in enumerate(self.program.train):
                loss, logits = self.loss_of(images, labels, number)
                self.update(loss, number)
                total += loss.item() * len(labels)
                hits += (logits.argmax(1) == labels).sum().item()
                count += len(labels)
                self.reporter.step(number, (images, labels), loss)
                self.after_batch(number)
            logits, labels = self.evaluate()
            numbers = (total / count, hits / count, *self.summarise(logits, labels))
            self.after_epoch()
            self.reporter.end(numbers, torch.cat(logits), torch.cat(labels))


class LightningLoop(Script):
    "What a `Trainer` does with a `Lit`: the step and the schedule's interval are the module's."

    interval = "epoch"

    def loss_of(self, images, labels, number):
        told = self.model.training_step((images, labels), number)
        return told["loss"], told["logits"]

    def after_batch(self, number):
        if self.scheduler and self.interval == "step":
            self.scheduler.step()

    def after_epoch(self):
        if self.scheduler and self.interval == "epoch":
            self.scheduler.step()


def own_loop(
    loop:type[Script]=Script,
)->Callable:                       # (program, watch) -> None
    "A `fit` that runs such a loop."
    def fit(program, watch):
        loop(program, watch).run()
    return fit


class Interrupt:
    "Callback: Ctrl-C after some epochs."

    def __init__(self, epochs):
        self.epochs = epochs

    def epoch_end(self, state):
        if state.epoch + 1 == self.epochs:
            raise KeyboardInterrupt


def package_loop(program, watch):
    "The package's own `train` around a stranger's objects."
    with suppress(KeyboardInterrupt):
        engine.train(
            program.model,
            program.train,
            program.valid,
            program.optimizer,
            program.loss_fn,
            program.planned,
            "cpu",
            scheduler=program.scheduler,
            callbacks=[watch, Interrupt(program.epochs)],
            test_loss_fn=program.valid_loss_fn,
            guards="off",
        )


def script_program(
    model:nn.Module,
    loaders:tuple[Iterable, Iterable]|None=None,  # of training and validation; None: tensors
    optimizer:Optimizer|None=None, # None: Adam over all parameters
    loss_fn:Callable|None=None,    # None: cross-entropy
    **rest:Any,                    # further fields of `Program`
)->Program:
    "A program with what is usual filled in."
    train, valid = loaders or tensor_loaders()
    optimizer = optimizer or torch.optim.Adam(model.parameters(), lr=1e-3)
    return Program(model, train, valid, optimizer, loss_fn or nn.CrossEntropyLoss(), **rest)
