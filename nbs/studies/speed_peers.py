#!/usr/bin/env python3
"""The same runs in fastai, Lightning and Hugging Face's Trainer, for the study `speed.ipynb`.

    python speed_peers.py make FOLDER              make an environment for them, once
    FOLDER/bin/python speed_peers.py serve PEER    answer requests as fastai, lightning or trainer,
                                                   or as onnx for inference

They need an environment of their own: fastai 2.8 wants fastcore 2.2 or newer, nbdev 2 wants 1.
A served peer reads one JSON object a line from its standard input, the arguments of `fit`, and
writes one JSON object a line. It stays alive between requests, so that tools can take turns. What
libraries print goes to the standard error.
"""
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

PINNED = (
    "fastai==2.8.12",
    "lightning==2.6.6",
    "transformers==5.23.0",
    "accelerate==1.15.0",
    "onnx",
    "onnxscript",
    "onnxruntime",
)
SHARED = ("torch", "torchvision", "pillow")        # in this interpreter's versions
WORKS = {                          # what is trained on what; every tool takes its numbers from here
    "head": dict(model="resnet18", trains=("fc",), side=224, lr=1e-3, affine=False),
    "layer4": dict(model="resnet18", trains=("layer4", "fc"), side=224, lr=1e-4, affine=False),
    "all": dict(model="resnet18", trains=("",), side=224, lr=1e-4, affine=False),
    "tinyvgg": dict(model="tinyvgg", trains=("",), side=64, lr=3e-3, affine=True),
}
NORMALISATION = {                  # mean and standard deviation of each channel
    "resnet18": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "tinyvgg": ((0.5,) * 3, (0.5,) * 3),
}
BATCH, HIDDEN_UNITS, FLIP = 16, 32, 0.5
DEGREES, SHIFT, SCALE = 10, 0.05, 0.05             # the largest rotation, shift and change of size


# ---- the environment ---------------------------------------------------------------------------


def make(
    folder: str,                   # of the environment
) -> None:
    "A virtual environment with the pinned peers and this interpreter's torch."
    python = Path(folder) / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if python.exists():
        return print(f"{folder} is there")
    same = [f"{name}=={metadata.version(name).split('+')[0]}" for name in SHARED]
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", *same, *PINNED], check=True)


# ---- questions and answers ---------------------------------------------------------------------


def peak_memory() -> float:        # MiB
    """The most memory that this process has held.

    Linux tells it per program; elsewhere `getrusage` does, which may include the parent's.
    """
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        unit = 2**20 if sys.platform == "darwin" else 2**10
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**10


def versions(
    *names: str,                   # of distributions
) -> dict:                         # name -> version
    "What is installed."
    return {name: metadata.version(name) for name in names}


def answer_requests(
    fit,                           # keyword arguments -> JSON-ready dict
    about: dict,                   # the first answer, which says that everything is imported
) -> None:
    "One answer for each line of the standard input; an exception is one too: {'error': ...}."
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)                  # what a library prints must not stand between the answers
    print(json.dumps(about), file=answers, flush=True)
    for line in sys.stdin:
        try:
            answer = {**fit(**json.loads(line)), "peak": peak_memory()}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


def take(
    rows,                          # a data set
    count: int | None,             # how many of its rows, evenly spread; None: all
):                                 # a data set
    "A part of the rows."
    if count is None:
        return rows
    return rows.select([number * len(rows) // count for number in range(count)])


class Count:
    "Samples and updates of one run, counted where they happen."

    def __init__(self):
        self.samples, self.updates, self.evaluated = 0, 0, 0

    def seen(self, network, inputs):
        "Before each pass of a batch through the network."
        if network.training:
            self.samples += len(inputs[0])
        else:
            self.evaluated += len(inputs[0])

    def updated(self, *_):
        "After each update."
        self.updates += 1

    @contextmanager
    def watching(self, network):
        "Count what goes through `network` and what torch's optimizers do."
        from torch.optim.optimizer import register_optimizer_step_post_hook

        hooks = [
            network.register_forward_pre_hook(self.seen),
            register_optimizer_step_post_hook(self.updated),
        ]
        try:
            yield self
        finally:
            for hook in hooks:
                hook.remove()


# ---- what all peers train ----------------------------------------------------------------------


def conv_block(channels_in, channels_out):
    "Twice convolution, batch normalisation and ReLU, then a maximum pool."
    from torch import nn

    layers = []
    for channels in (channels_in, channels_out):
        layers += [
            nn.Conv2d(channels, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(),
        ]
    return nn.Sequential(*layers, nn.MaxPool2d(2))


def build_network(
    model: str,                    # `tinyvgg` or `resnet18`
    weights: str,                  # file with a state dict of a ResNet18, whose head is not used
    classes: int,                  # C
):                                 # (N, 3, H, W) float32 -> (N, C) logits
    "The network of this project's `make_model`, with a new head."
    import torch
    from torch import nn
    from torchvision.models import resnet18

    if model == "tinyvgg":
        head = nn.Linear(HIDDEN_UNITS, classes)
        classifier = nn.Sequential(nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(), head)
        blocks = conv_block(3, HIDDEN_UNITS), conv_block(HIDDEN_UNITS, HIDDEN_UNITS)
        return nn.Sequential(*blocks, classifier)
    network = resnet18()
    loaded = torch.load(weights, map_location="cpu", weights_only=True)
    state = {name: tensor for name, tensor in loaded.items() if not name.startswith("fc.")}
    missing = network.load_state_dict(state, strict=False).missing_keys
    if missing != ["fc.weight", "fc.bias"]:
        raise ValueError(f"{weights} lacks {missing}")
    network.fc = nn.Linear(network.fc.in_features, classes)
    return network


def is_trained(
    name: str,                     # of a module or parameter
    trains: tuple,                 # names of parts; "" is everything
) -> bool:
    "Whether a name lies in one of the parts that train."
    return any(part == "" or name == part or name.startswith(part + ".") for part in trains)


def freeze(network, trains):
    "Only these parts learn; normalisation layers elsewhere stay in evaluation mode, as all advise."
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(is_trained(name, trains))
    for name, module in network.named_modules():
        if not is_trained(name, trains) and hasattr(module, "running_mean"):
            module.eval().train = lambda mode=True, module=module: module
    return network


def folders(folder, work):
    "The training and validation photographs as torchvision's `ImageFolder`s, one image at a time."
    import torch
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import v2

    resize, (mean, std) = v2.Resize((work["side"], work["side"])), NORMALISATION[work["model"]]
    tensor = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(mean, std)]
    affine = []
    if work["affine"]:
        affine = [v2.RandomAffine(DEGREES, (SHIFT, SHIFT), (1 - SCALE, 1 + SCALE))]
    augmented = v2.Compose([resize, v2.RandomHorizontalFlip(FLIP), *affine, *tensor])
    clean = v2.Compose([resize, *tensor])
    top = Path(folder)
    return ImageFolder(top / "train", augmented), ImageFolder(top / "validation", clean)


# ---- the peers ---------------------------------------------------------------------------------
# Each function gets the same arguments, prepares everything, times the fit alone, and returns its
# seconds with loss and accuracy on validation per epoch. Decoding, resizing and augmentation are
# inside, because the libraries do them anew in every epoch.


def fit_fastai(network, work, epochs, folder, count, seed, workers):
    "`Learner` over `ImageDataLoaders`: `freeze_to` and `BnFreeze` freeze layers."
    from fastai.callback.training import BnFreeze
    from fastai.data.transforms import Normalize
    from fastai.learner import Callback, Learner
    from fastai.losses import CrossEntropyLossFlat
    from fastai.metrics import accuracy
    from fastai.vision.augment import Flip, Resize, Rotate, Zoom
    from fastai.vision.data import ImageDataLoaders

    class Updates(Callback):
        def after_step(self):
            count.updated()        # fastai's optimizers are not torch's

    class History(Callback):
        order = 60                 # after the Recorder

        def after_epoch(self):
            history.append(list(self.recorder.log[1:]))

    def part_of(name):
        return next((part for part in work["trains"] if is_trained(name, (part,))), "rest")

    def groups(network):
        parts = ("",) if work["trains"] == ("",) else ("rest", *work["trains"])
        named = list(network.named_parameters())
        return [[value for name, value in named if part_of(name) == part] for part in parts]

    history, affine = [], []
    if work["affine"]:             # a zoom around a random point shifts too
        affine = [Rotate(DEGREES, p=1.0), Zoom(1 - SCALE, 1 + SCALE, p=1.0)]
    normalised = Normalize.from_stats(*NORMALISATION[work["model"]], cuda=False)
    loaders = ImageDataLoaders.from_folder(
        folder,
        train="train",
        valid="validation",
        item_tfms=Resize(work["side"]),
        device="cpu",
        seed=seed,
        batch_tfms=[Flip(FLIP), *affine, normalised],
        bs=BATCH,
        num_workers=workers,
        drop_last=False,           # it would leave out 13 of 157 images
    )
    learner = Learner(
        loaders,
        network,
        loss_func=CrossEntropyLossFlat(),
        metrics=accuracy,
        splitter=groups,
        wd=0.0,
        train_bn=False,
        cbs=[BnFreeze, Updates, History],
    )
    if work["trains"] != ("",):
        learner.freeze_to(-len(work["trains"]))
    with learner.no_bar(), learner.no_logging():
        start = time.perf_counter()
        learner.fit(epochs, work["lr"])
        seconds = time.perf_counter() - start
    return seconds, [row[1] for row in history], [row[2] for row in history]


def fit_lightning(network, work, epochs, folder, count, seed, workers):
    "`Trainer` with a plain `LightningModule`; no logger, no checkpoints, no bars."
    import lightning
    from torch.nn import functional as F
    from torch.optim import Adam
    from torch.utils.data import DataLoader

    class Module(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.network, self.history = network, []

        def training_step(self, batch, _):
            images, labels = batch
            return F.cross_entropy(self.network(images), labels)

        def validation_step(self, batch, _):
            images, labels = batch
            logits = self.network(images)
            accuracy = (logits.argmax(1) == labels).float().mean()
            measures = {"loss": F.cross_entropy(logits, labels), "accuracy": accuracy}
            self.log_dict(measures, batch_size=len(labels))

        def on_train_epoch_end(self):
            measured = self.trainer.callback_metrics
            self.history.append({name: value.item() for name, value in measured.items()})

        def configure_optimizers(self):
            trained = [parameter for parameter in self.parameters() if parameter.requires_grad]
            return Adam(trained, lr=work["lr"])

    training, validation = folders(folder, work)
    options = dict(batch_size=BATCH, num_workers=workers, persistent_workers=workers > 0)
    loaders = DataLoader(training, shuffle=True, **options), DataLoader(validation, **options)
    module = Module()
    trainer = lightning.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        devices=1,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    start = time.perf_counter()
    trainer.fit(module, *loaders)
    seconds = time.perf_counter() - start
    found = module.history
    return seconds, [row["loss"] for row in found], [row["accuracy"] for row in found]


def fit_trainer(network, work, epochs, folder, count, seed, workers):
    """Hugging Face's `Trainer`: evaluation after each epoch, nothing saved or reported.

    No clipping and no decay, so that its AdamW is everybody's Adam.
    """
    import torch
    from torch import nn
    from torch.nn import functional as F
    from transformers import Trainer, TrainingArguments

    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network

        def forward(self, pixel_values, labels):
            logits = self.network(pixel_values)
            return {"loss": F.cross_entropy(logits, labels), "logits": logits}

    def collate(rows):
        return {
            "pixel_values": torch.stack([image for image, _ in rows]),
            "labels": torch.tensor([label for _, label in rows]),
        }

    def measures(outputs):
        return {"accuracy": float((outputs.predictions.argmax(1) == outputs.label_ids).mean())}

    training, validation = folders(folder, work)
    with tempfile.TemporaryDirectory() as out:
        arguments = TrainingArguments(
            out,
            num_train_epochs=epochs,
            per_device_train_batch_size=BATCH,
            per_device_eval_batch_size=BATCH,
            learning_rate=work["lr"],
            weight_decay=0.0,
            max_grad_norm=0.0,
            lr_scheduler_type="constant",
            optim="adamw_torch",
            eval_strategy="epoch",
            save_strategy="no",
            logging_strategy="no",
            report_to=[],
            use_cpu=True,
            disable_tqdm=True,
            remove_unused_columns=False,
            label_names=["labels"],
            dataloader_num_workers=workers,
            dataloader_persistent_workers=workers > 0,
            dataloader_pin_memory=False,
            seed=seed,
        )
        trainer = Trainer(
            Classifier(),
            arguments,
            data_collator=collate,
            train_dataset=training,
            eval_dataset=validation,
            compute_metrics=measures,
        )
        start = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - start
    found = [row for row in trainer.state.log_history if "eval_loss" in row]
    return seconds, [row["eval_loss"] for row in found], [row["eval_accuracy"] for row in found]


PEERS = {
    "fastai": (fit_fastai, ("fastai", "fastcore")),
    "lightning": (fit_lightning, ("lightning",)),
    "trainer": (fit_trainer, ("transformers", "accelerate")),
}


def fit(
    peer: str,                     # a name of PEERS
    *,
    work: str,                     # a name of WORKS
    epochs: int,                   # a training pass and a validation pass each
    folder: str,                   # with train/<class>/*.jpg and validation/<class>/*.jpg
    weights: str,                  # of the ResNet18
    seed: int = 0,                 # of the new head, the order and the augmentation
    threads: int = 2,              # of torch
    workers: int = 0,              # processes that load images: 0 or 2, whichever is faster here
    side: int | None = None,       # instead of the work's own
) -> dict:                         # seconds of the fit; samples, updates, evaluated; loss, accuracy
    "One run by one peer; loss and accuracy are on validation, one per epoch."
    import torch

    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    work, count = dict(WORKS[work]), Count()
    if side:
        work["side"] = side
    classes = [path for path in (Path(folder) / "train").iterdir() if path.is_dir()]
    network = build_network(work["model"], weights, len(classes))
    if peer != "fastai":           # which has its own way
        freeze(network, work["trains"])
    train = PEERS[peer][0]
    with count.watching(network):
        seconds, loss, accuracy = train(network, work, epochs, folder, count, seed, workers)
    return {"seconds": seconds, **vars(count), "loss": loss, "accuracy": accuracy}


def infer_onnx(
    turns: int = 5,                # how often each of the two infers
    count: int = 32,               # images of 224 px
    batch: int = 16,               # images at a time
    threads: int = 2,              # of both
) -> dict:                         # images a second; seconds of export; difference of logits
    "ONNX Runtime and torch (channels_last) in turns, on a ResNet18 with random weights."
    import numpy
    import onnxruntime
    import torch
    from torchvision.models import resnet18

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    network, images = resnet18().eval(), torch.randn(count, 3, 224, 224)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/network.onnx"
        options_of_export = dict(input_names=["images"], dynamo=True, external_data=False)
        torch.onnx.export(network, (images[:batch],), file, **options_of_export)
        session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
    export, rates = time.perf_counter() - start, {"onnx": [], "torch": []}
    network = network.to(memory_format=torch.channels_last)
    formatted = images.contiguous(memory_format=torch.channels_last)

    def by_onnx():
        parts = [part.numpy() for part in images.split(batch)]
        return numpy.concatenate([session.run(None, {"images": part})[0] for part in parts])

    def by_torch():
        return torch.cat([network(part) for part in formatted.split(batch)]).numpy()

    with torch.inference_mode():
        difference = float(abs(by_onnx() - by_torch()).max())
        for _ in range(turns):
            for name, infer in (("onnx", by_onnx), ("torch", by_torch)):
                start = time.perf_counter()
                infer()
                rates[name].append(count / (time.perf_counter() - start))
    return {**rates, "export": export, "difference": difference}


def serve(
    peer: str,                     # a name of PEERS, or onnx
) -> None:
    "Import the peer, then answer requests."
    os.environ |= {"HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}
    if peer == "onnx":
        installed = versions("torch", "onnx", "onnxscript", "onnxruntime")
        return answer_requests(infer_onnx, {"tool": peer, "versions": installed})
    __import__({"trainer": "transformers"}.get(peer, peer))
    installed = versions("torch", "torchvision", *PEERS[peer][1])
    answer_requests(lambda **request: fit(peer, **request), {"tool": peer, "versions": installed})


if __name__ == "__main__":
    what, name = (sys.argv + ["", ""])[1:3]
    right = what == "make" and name or what == "serve" and name in (*PEERS, "onnx")
    if len(sys.argv) != 3 or not right:
        sys.exit(__doc__)
    {"make": make, "serve": serve}[what](name)
