"""A fourth list of programs made after public reports, held out from whoever improves the guards.

As in `real_reports_2.py`: each is broken as its report says, `cured` mends it, and the right causes
were written down before any program was shown to the guards. The author knew the names and
questions of the checks, not their code.
"""
import itertools
from copy import deepcopy
from dataclasses import replace
from functools import cache

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, random_split
from torchvision import transforms

from real_kit import (
    FaceRows,
    LightningLoop,
    Lit,
    Net,
    REPORTS,
    Script,
    ThinResNet,
    augment,
    block,
    downloaded,
    drawn,
    folder_loaders,
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
    to_tensors,
)

GITHUB = "https://github.com"

# What another check would say, in words.
STOPPED = r"(learning )?rate .*(is 0\b|zero|tiny|never|too (low|small))|schedul"
FEW = r"only \d+ (of|image|row|batch)|\d+ (of|from) \d+ (image|row|batch)|(single|first) batch"
REPEATS = r"same (order|batches)|(order|batches) .*(again|repeat|(every|each) epoch)|cycle"


class Vgg(nn.Module):
    "Convolutions without normalisation, and a classifier."

    def __init__(self, classes=3):
        super().__init__()
        layers = []
        for channels, out in ((3, 16), (16, 32), (32, 32)):
            layers += [nn.Conv2d(channels, out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Linear(512, classes)

    def forward(self, x):
        return self.classifier(torch.flatten(self.features(x), 1))


@cache
def vgg_weights():
    "What a `Vgg` learned from other faces."
    with torch.random.fork_rng():
        torch.manual_seed(1)
        classes = ("happy", "sad", "surprise", "anger", "neutral")
        model = Vgg(len(classes))
        optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
        for _ in range(8):
            for images, labels in loader(tensors("train", classes=classes, seed=7), True):
                optimizer.zero_grad()
                F.cross_entropy(model(images), labels).backward()
                optimizer.step()
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def downloaded_vgg():
    "A `Vgg` with downloaded weights and a new classifier."
    model = Vgg(5)
    model.load_state_dict(vgg_weights())
    model.classifier = nn.Linear(512, 3)
    return model


# ---- what learns -------------------------------------------------------------------------------


@reported(
    "frozen by a misspelt attribute",
    "script",
    "ImageFolder",
    "Transfer learning notebook: `require_grad` needs to be `requires_grad`",
    f"{GITHUB}/udacity/deep-learning-v2-pytorch/issues/12",
    words=r"require_grad\b|misspel|attribute|not frozen|(meant|thought|supposed) to be frozen",
    why="param.require_grad is a new attribute without effect: the features are trained as well",
)
def require_grad_without_s(cured):
    model = downloaded_vgg()
    for param in model.features.parameters():
        if cured:
            param.requires_grad = False
        else:
            param.require_grad = False
    learning = [param for param in model.parameters() if param.requires_grad]
    return script_program(model, folder_loaders(augment), torch.optim.Adam(learning, lr=1e-3))


@reported(
    "unfrozen outside the optimizer",
    "script",
    "TensorDataset",
    "How to unfreeze some weight parameters at certain iteration: it does not take effect",
    f"{GITHUB}/facebookresearch/detectron2/issues/2486",
    "ER002",
    words=r"unfr(ee|o)z|(not|outside|missing).* optimi[sz]er|optimi[sz]er .*(lacks|misses|without)",
    why="the optimizer was made of what was trainable then; what is unfrozen later is not in it",
)
def unfrozen_after_an_epoch(cured):
    class Unfreezing(Script):
        def prepare(self, epoch):
            super().prepare(epoch)
            if epoch == 1:
                self.model.features.requires_grad_(True)

    model = downloaded_vgg()
    everything = list(model.parameters())
    model.features.requires_grad_(False)
    learning = [param for param in everything if cured or param.requires_grad]
    optimizer = torch.optim.Adam(learning, lr=1e-3)
    return script_program(model, optimizer=optimizer, fit=own_loop(Unfreezing), epochs=3)


@reported(
    "loss without a graph",
    "Sequential",
    "own data set",
    "Weights are not updating: the changes detach the loss from the computational graph",
    f"{GITHUB}/isayev/ReLeaSE/issues/39",
    "ER013",
    words=r"graph|detach|no gradient|grad_fn|(not|never) depend .*(weight|parameter|output)",
    why="the loss is made anew from a number: backward() runs, and nothing gets a gradient",
)
def loss_from_its_item(cured):
    def loss_fn(logits, labels):
        loss = F.cross_entropy(logits, labels)
        return loss if cured else torch.tensor(loss.item(), requires_grad=True)

    return script_program(stacked(), row_loaders(), loss_fn=loss_fn)


@reported(
    "optimizer made anew in each epoch",
    "script",
    "TensorDataset",
    "Maintain optimiser object during training: it is re-instantiated at each epoch",
    f"{GITHUB}/alan-turing-institute/deepsensor/issues/47",
    words=(
        r"(another|new|second|different) optimi[sz]er"
        r"|optimi[sz]er .*(anew|replaced|reset|re-?creat)"
        r"|(momentum|state|moments?) .*(lost|empty|reset|thrown)"
    ),
    why="Adam's moments are thrown away after every epoch",
)
def adam_in_every_epoch(cured):
    class Reinstantiated(Script):
        def prepare(self, epoch):
            super().prepare(epoch)
            if not cured:
                self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3)
                self.reporter.state.optimizer = self.optimizer

    return script_program(stacked(), fit=own_loop(Reinstantiated), epochs=3)


@reported(
    "weights of a rate search",
    "Lightning-like",
    "TensorDataset",
    "LR Finder doesn't restore original model weights?",
    f"{GITHUB}/davidtvs/pytorch-lr-finder/issues/11",
    "ER034",
    words=r"(been|already|was) trained|not fresh|weights? .*(huge|very large|explod|diverg)",
    why="the range test ran up to a rate of 1, and training begins with what it left",
)
def left_by_the_range_test(cured):
    module = Lit(stacked())
    loaders = loader(tensors("train"), True), loader(tensors("validation"))
    before = deepcopy(module.state_dict())
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-7)
    search = itertools.islice(itertools.cycle(loaders[0]), 50)
    for number, (images, labels) in enumerate(search):
        optimizer.param_groups[0]["lr"] = 1e-7 * 1e7 ** (number / 49)
        optimizer.zero_grad()
        F.cross_entropy(module(images), labels).backward()
        optimizer.step()
    if cured:
        module.load_state_dict(before)
    return script_program(module, loaders, module.configure_optimizers(), F.cross_entropy)


@reported(
    "updates lost in rounding",
    "torchvision model",
    "TensorDataset",
    "Fix numerical issues by holding params in fp32: norm weights are exactly 1.0 for ever",
    f"{GITHUB}/vllm-project/speculators/pull/765",
    "ER013",
    words=r"bfloat16|bf16|half[- ]precision|round(ed|ing)|too small to change",
    why="weights are bfloat16: steps of 1e-4 from gains near 1 are rounded away, none ever moves",
)
def pure_bfloat16(cured):
    class Cast(nn.Module):
        def __init__(self, net, dtype):
            super().__init__()
            self.net, self.dtype = net.to(dtype), dtype

        def forward(self, x):
            return self.net(x.to(self.dtype)).float()

    model = Cast(downloaded(), torch.float32 if cured else torch.bfloat16)
    return script_program(model, optimizer=torch.optim.AdamW(model.parameters(), 1e-4))


# ---- modes and layers --------------------------------------------------------------------------


@reported(
    "average without its statistics",
    "script",
    "ImageFolder",
    "Batch norm weights not updated when using EMA in fully supervised mode",
    f"{GITHUB}/FlyreelAI/sesemi/issues/36",
    words=r"running (stat|mean)|statistic|batch ?norm|buffer|\bema\b|averaged",
    why="only parameters are averaged: the evaluated copy keeps the statistics of the start",
)
def ema_of_parameters_alone(cured):
    class Averaging(Script):
        def __init__(self, program, watch):
            super().__init__(program, watch)
            self.average = deepcopy(self.model).eval()

        @torch.no_grad()
        def after_batch(self, number):
            for old, new in zip(self.average.parameters(), self.model.parameters()):
                old.lerp_(new, 0.2)
            if cured:
                for old, new in zip(self.average.buffers(), self.model.buffers()):
                    old.copy_(new)

        @torch.no_grad()
        def evaluate(self):
            pairs = [(self.average(images), labels) for images, labels in self.program.valid]
            return [logits for logits, _ in pairs], [labels for _, labels in pairs]

    return script_program(stacked(), folder_loaders(), fit=own_loop(Averaging), epochs=3)


@reported(
    "momentum of another framework",
    "torchvision model",
    "own data set",
    "BatchNorm Momentum Setting in Pytorch: 0.999 should be 0.001",
    f"{GITHUB}/kazuto1011/deeplab-pytorch/issues/79",
    "ER025",
    words=r"momentum|running stat|last batch",
    why="torch's momentum is the weight of the new batch: statistics are those of the last batch",
)
def momentum_as_in_caffe(cured):
    model = ThinResNet(3)
    for part in model.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = 0.1 if cured else 0.999
    loaders = loader(rows("train"), True, batch_size=4), loader(rows("validation"))
    return script_program(model, loaders)


@reported(
    "attention over the batch",
    "Lightning-like",
    "TensorDataset",
    "Batched MultiHeadAttention: shouldn't this be initialized with batch_first=True?",
    f"{GITHUB}/om-ai-lab/OmDet/issues/19",
    "ER052",
    words=r"batch_first|attention .*(batch|other images)|other images",
    why="without batch_first the images of a batch attend to each other, not patches of an image",
)
def batch_first_forgotten(cured):
    class Patches(nn.Module):
        def __init__(self):
            super().__init__()
            self.patch = nn.Sequential(*block(3, 16), *block(16, 32))
            self.place = nn.Parameter(0.02 * torch.randn(1, 64, 32))
            self.encoder = nn.TransformerEncoderLayer(32, 4, 64, 0.0, batch_first=cured)
            self.head = nn.Linear(32, 3)

        def forward(self, x):
            x = self.patch(x).flatten(2).transpose(1, 2) + self.place
            return self.head(self.encoder(x).mean(1))

    module = Lit(Patches(), lr=2e-3)
    return script_program(module, None, module.configure_optimizers(), F.cross_entropy)


@reported(
    "no activation between layers",
    "Sequential",
    "TensorDataset",
    "There is no activation layer in FC!",
    f"{GITHUB}/Nota-NetsPresso/netspresso-trainer/issues/320",
    "ER025",
    words=r"activation|non-?linear|linear layers? (in a row|after)",
    why="linear after linear is one linear layer: the hidden layers of the head add nothing",
)
def head_without_activations(cured):
    head = []
    for inputs, outputs in ((384, 128), (128, 64)):
        head.append(nn.Linear(inputs, outputs))
        if cured:
            head.append(nn.ReLU())
    body = [*block(3, 12), *block(12, 24), nn.MaxPool2d(2), nn.Flatten()]
    return script_program(nn.Sequential(*body, *head, nn.Linear(64, 3)))


# ---- rates and steps ---------------------------------------------------------------------------


@reported(
    "schedule of another optimizer",
    "script",
    "own data set",
    "Target optimizer not set properly when loading from state dict: a static learning rate",
    f"{GITHUB}/ildoonet/pytorch-gradual-warmup-lr/issues/27",
    "ER006",
    words=r"(another|other|wrong|different|old) optimi[sz]er|(this|its) optimi[sz]er",
    why="the saved scheduler brought its optimizer along, and goes on to change that one's rate",
)
def scheduler_keeps_its_optimizer(cured):
    def halfway():
        model = Net()
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        schedule = LambdaLR(optimizer, lambda epoch: 0.9 ** epoch)
        return model, optimizer, schedule

    saved = dict(vars(halfway()[2]))
    if cured:
        del saved["optimizer"]
    model, optimizer, schedule = halfway()
    vars(schedule).update(saved)
    loaders = row_loaders()
    return script_program(
        model, loaders, optimizer, scheduler=schedule, fit=own_loop(), epochs=3
    )


@reported(
    "rate of the checkpoint",
    "torchvision model",
    "ImageFolder",
    "Resume will override learning rate on command line",
    f"{GITHUB}/pytorch/examples/issues/816",
    "ER003",
    "ER101",
    words=STOPPED,
    why="the loaded optimizer state holds the last rate of the run before, next to zero",
)
def rate_comes_with_the_state(cured):
    model = downloaded()
    finished = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    finished.param_groups[0]["lr"] = 1e-8
    optimizer = torch.optim.SGD(model.parameters(), lr=0.003, momentum=0.9)
    optimizer.load_state_dict(finished.state_dict())
    if cured:
        optimizer.param_groups[0]["lr"] = 0.003
    return script_program(model, folder_loaders(augment), optimizer)


@reported(
    "warm-up longer than the run",
    "Lightning-like",
    "own data set",
    "learning rate lr0 lr1 lr2: the data set is too small, the warm-up does not stop at all",
    f"{GITHUB}/WongKinYiu/yolov7/issues/1472",
    "ER006",
    "ER101",
    words=r"warm-?up|schedul|rate .*(never|does not) reach",
    why="a warm-up of 1,000 steps at least, in a run of 240: the full rate is never reached",
)
def thousand_steps_of_warmup(cured):
    class Stepwise(LightningLoop):
        interval = "step"

    module = Lit(stacked(), lr=2e-3)
    optimizer = module.configure_optimizers()
    loaders = row_loaders()
    warm = 3 * len(loaders[0])
    if not cured:
        warm = max(warm, 1000)
    schedule = LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / warm))
    return script_program(
        module,
        loaders,
        optimizer,
        F.cross_entropy,
        scheduler=schedule,
        fit=own_loop(Stepwise),
        epochs=4,
    )


@reported(
    "accumulates longer than an epoch",
    "script",
    "TensorDataset",
    "No optimizer steps when gradient_accumulation_steps exceeds the epoch's batches",
    f"{GITHUB}/huggingface/transformers/issues/2995",
    "ER074",
    words=r"accumul|(never|no|without an?) (optimi[sz]er )?step|weights? .*not (move|change)",
    why="16 batches are to be accumulated, an epoch has 12: step() is never called",
)
def sixteen_of_twelve_batches(cured):
    class Accumulating(Script):
        def update(self, loss, number):
            (loss / 16).backward()
            last = cured and number + 1 == len(self.program.train)
            if (number + 1) % 16 == 0 or last:
                self.optimizer.step()
                self.optimizer.zero_grad()

    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    return script_program(model, optimizer=optimizer, fit=own_loop(Accumulating))


@reported(
    "one batch of each epoch",
    "script",
    "own data set",
    "Possible bug: cross-validate fits on a first batch",
    f"{GITHUB}/alan-turing-institute/autoemulate/issues/594",
    "ER083",
    words=FEW,
    why="next(iter(loader)) once an epoch: 16 of 192 images are trained on",
)
def next_of_iter(cured):
    class First:
        def __init__(self, batches):
            self.batches = batches

        def __iter__(self):
            yield next(iter(self.batches))

    class FirstOnly(Script):
        def __init__(self, program, watch):
            super().__init__(program, watch)
            if not cured:
                self.program = replace(program, train=First(program.train))

    return script_program(Net(), row_loaders(), fit=own_loop(FirstOnly))


# ---- evaluation --------------------------------------------------------------------------------


@reported(
    "metric never reset",
    "Lightning-like",
    "TensorDataset",
    "Reset validation accuracy every epoch: it is tracked throughout all of training",
    f"{GITHUB}/MichiganCOG/ViP/issues/34",
    "ER084",
    words=r"reset|accumulat|earlier epochs|all epochs",
    why="hits are counted on from epoch to epoch: the accuracy is a mean over all epochs",
)
def accuracy_over_all_epochs(cured):
    class Counting(LightningLoop):
        hits = count = 0

        def summarise(self, logits, labels):
            loss, _ = super().summarise(logits, labels)
            if cured:
                self.hits = self.count = 0
            self.hits += (torch.cat(logits).argmax(1) == torch.cat(labels)).sum().item()
            self.count += len(torch.cat(labels))
            return loss, self.hits / self.count

    module = Lit(stacked())
    optimizer = module.configure_optimizers()
    return script_program(
        module, None, optimizer, F.cross_entropy, fit=own_loop(Counting), epochs=4
    )


@reported(
    "accuracy by broadcasting",
    "script",
    "ImageFolder",
    "Classification accuracy calculation error: (N,) == (N, 1) is broadcast",
    f"{GITHUB}/935963004/LaBraM/issues/15",
    "ER084",
    words=r"broadcast|N x N|every pair|shape",
    why="predictions (N,) against labels (N, 1): each prediction is compared with every label",
)
def predictions_against_a_column(cured):
    class Broadcasting(Script):
        def summarise(self, logits, labels):
            loss, accuracy = super().summarise(logits, labels)
            guessed, column = torch.cat(logits).argmax(1), torch.cat(labels)[:, None]
            return loss, accuracy if cured else (guessed == column).double().mean()

    return script_program(stacked(), folder_loaders(), fit=own_loop(Broadcasting), epochs=4)


@reported(
    "predictions in another order",
    "Sequential",
    "TensorDataset",
    "Accuracy on sets different from sk-learn's: shuffling on the validation data loader",
    f"{GITHUB}/skorch-dev/skorch/issues/499",
    "ER062",
    "ER051",
    words=r"shuffl|(row|other|different|another|mixed) order",
    why="validation is shuffled, and its predictions are compared with the labels as stored",
)
def shuffled_against_stored(cured):
    class AsStored(Script):
        def evaluate(self):
            logits, _ = super().evaluate()
            return logits, [self.program.valid.dataset.tensors[1]]

    loaders = loader(tensors("train"), True), loader(tensors("validation"), not cured)
    return script_program(stacked(), loaders, fit=own_loop(AsStored), epochs=4)


@reported(
    "validation is the training set",
    "torchvision model",
    "ImageFolder",
    "I found maybe something wrong: val_loader = DataLoader(db_train)",
    f"{GITHUB}/HuCaoFighting/Swin-Unet/issues/135",
    "ER063",
    "ER064",
    "ER093",
    words=r"same (data ?set|images|rows)|images? in common",
    why="the validation loader was given the training set, by copy and paste",
)
def copied_loader(cured):
    db_train, db_val = image_folder("train"), image_folder("validation")
    valid = loader(db_val if cured else db_train)
    return script_program(ThinResNet(3), (loader(db_train, True), valid))


@reported(
    "validation sees a part of the picture",
    "torchvision model",
    "ImageFolder",
    "Validation is only estimated on part of the images",
    f"{GITHUB}/jfzhang95/pytorch-deeplab-xception/issues/51",
    "ER042",
    "ER043",
    words=r"crop|zoom|magnif|enlarg|part of (the|each) (image|picture)",
    why="validation enlarges to 64 and crops 32 from the centre: faces are not seen whole",
)
def centre_of_the_enlarged(cured):
    part = transforms.Compose([transforms.Resize(64), transforms.CenterCrop(32), to_tensor])
    return script_program(ThinResNet(3), folder_loaders(augment, to_tensor if cured else part))


# ---- loss and labels ---------------------------------------------------------------------------


@reported(
    "class weights upside down",
    "script",
    "Subset",
    "Possible error in loss weight assignment: the order seems to be wrong",
    f"{GITHUB}/amanshenoy/multilogue-net/issues/21",
    "ER027",
    words=r"(class )?weights? .*(rare|frequent|common|upside|inverse|reversed)",
    why="inverse frequencies in reversed order: the frequent class weighs most, the rare one least",
)
def inverse_frequencies_reversed(cured):
    data = tensors("train")
    labels = data.tensors[1]
    rare = (labels == 2).nonzero()[:, 0].tolist()
    frequent = (labels == 0).nonzero()[:, 0].tolist()
    middle = (labels == 1).nonzero()[:, 0].tolist()
    kept = [*frequent, *middle[: len(middle) // 2], *rare[:10]]
    counts = torch.bincount(labels[kept])
    weight = counts.sum() / (3 * counts)
    loss_fn = nn.CrossEntropyLoss(weight if cured else weight.flip(0))
    loaders = loader(Subset(data, kept), True), loader(tensors("validation"))
    return script_program(stacked(), loaders, loss_fn=loss_fn, valid_loss_fn=F.cross_entropy)


@reported(
    "focal loss of the batch mean",
    "Lightning-like",
    "own data set",
    "Wrong implementation of focal loss: cross_entropy is already a single value",
    f"{GITHUB}/kaidic/LDAM-DRW/issues/6",
    "ER022",
    words=(
        r"mean over images|batch mean|mean of the batch"
        r"|(per|each|every|single) (image|sample)'?s? (loss|weight)"
    ),
    why="the focus is computed of the batch's mean loss: hard images weigh no more than easy ones",
)
def focal_after_the_mean(cured):
    def focal(logits, labels):
        ce = F.cross_entropy(logits, labels, reduction="none" if cured else "mean")
        return ((1 - torch.exp(-ce)) ** 2 * ce).mean()

    module = Lit(stacked())
    return script_program(module, row_loaders(), module.configure_optimizers(), focal)


@reported(
    "images mixed, labels not",
    "Sequential",
    "own data set",
    "MixUp implementation wrong? It mixes only the images, not the labels as well",
    f"{GITHUB}/sayakpaul/FunMatch-Distillation/issues/1",
    "ER092",
    words=r"mix-?ed|mix-?up|blend|two images|superimpos",
    why="an image is a blend of two, its label that of the first alone, even if hardly visible",
)
def mixup_of_images_alone(cured):
    def mixed(batch):
        images, labels = torch.utils.data.default_collate(batch)
        share = torch.rand(()).item()
        images = share * images + (1 - share) * images.flip(0)
        if not cured:
            return images, labels
        shares = F.one_hot(labels, 3).float()
        return images, share * shares + (1 - share) * shares.flip(0)

    loaders = loader(rows("train"), True, collate_fn=mixed), loader(rows("validation"))
    return script_program(stacked(), loaders)


# ---- images ------------------------------------------------------------------------------------


@reported(
    "sixteen bits clipped to eight",
    "script",
    "own data set",
    "Clipping on 16 bit grayscale conversion: everything above 255 is 255",
    f"{GITHUB}/python-pillow/Pillow/issues/1108",
    "ER041",
    words=r"clip|all white|(pixel|image)s? .*(saturat|constant|identical|equal)|16[- ]bit",
    why="convert() clips 16-bit pixels at 255: every image is white",
)
def sixteen_bit_pictures(cured):
    def eight_bits(image):
        if cured:
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        return to_tensor(image.convert("L").convert("RGB"))

    def data(split):
        images, labels = drawn(split)
        grey = images.mean(axis=3).astype(np.uint16) * 256 + 255
        return FaceRows(grey, labels, eight_bits)

    return script_program(Net(), (loader(data("train"), True), loader(data("validation"))))


@reported(
    "fractions cast to bytes",
    "Sequential",
    "own data set",
    "Cast to uint8 in prep_data: data in range 0-1 becomes all zeros",
    f"{GITHUB}/InnopolisUni/innofw/issues/96",
    "ER041",
    words=r"(pixel|image)s? .*(zero|black|constant|identical|equal)|uint8",
    why="pixels that were already between 0 and 1 are cast to uint8: nearly all become 0",
)
def zero_to_one_as_uint8(cured):
    def prepared(image):
        image = np.asarray(image) / 255.0
        image = (image * 255 if cured else image).astype(np.uint8)
        return to_tensor(Image.fromarray(image))

    loaders = loader(rows("train", prepared), True), loader(rows("validation", prepared))
    return script_program(stacked(), loaders)


# ---- loaders -----------------------------------------------------------------------------------


@reported(
    "transform set on a Subset",
    "script",
    "random_split",
    "OSCDDataModule: add random crop augmentation; `val_dataset.transforms = ` has no effect",
    f"{GITHUB}/torchgeo/torchgeo/pull/257",
    words=(
        r"transforms? .*(never|ignored|no effect|not (used|read|applied|called))"
        r"|subset.*transform|transform.*subset"
    ),
    why="a Subset has no transform: the attribute is read by nobody, nothing is augmented",
)
def transform_of_a_subset(cured):
    class Transformed(Dataset):
        def __init__(self, part, transform):
            self.part, self.transform = part, transform

        def __len__(self):
            return len(self.part)

        def __getitem__(self, row):
            image, label = self.part[row]
            return self.transform(image), label

    train, valid = random_split(image_folder("train", transforms.ToTensor()), [150, 42])
    normalise = transforms.Normalize((0.5,) * 3, (0.5,) * 3)
    shaken = transforms.Compose([transforms.RandomHorizontalFlip(), normalise])
    if cured:
        train, valid = Transformed(train, shaken), Transformed(valid, normalise)
    else:
        train.transform, valid.transform = shaken, normalise
    return script_program(stacked(), (loader(train, True), loader(valid)))


@reported(
    "augmentation kept in a cache",
    "torchvision model",
    "own data set",
    "Cached augmentation in segmentation tutorial: a single round is repeated forever",
    f"{GITHUB}/tensorflow/tensorflow/issues/47755",
    "ER065",
    words=r"cache|augment\w* .*(once|repeat|same)|same (random|augment|pixels)",
    why="the cache keeps the augmented image: every epoch sees the flips and crops of the first",
)
def cache_after_augmentation(cured):
    class Cached(Dataset):
        def __init__(self, images, labels):
            self.images, self.labels, self.kept = images, labels, {}

        def __len__(self):
            return len(self.labels)

        def __getitem__(self, row):
            if row not in self.kept:
                image = Image.fromarray(self.images[row])
                self.kept[row] = image if cured else augment(image)
            kept = self.kept[row]
            return augment(kept) if cured else kept, int(self.labels[row])

    loaders = loader(Cached(*drawn("train")), True), loader(rows("validation"))
    return script_program(ThinResNet(3), loaders, fit=own_loop(), epochs=3)


@reported(
    "cycle repeats its batches",
    "script",
    "TensorDataset",
    "Is itertools.cycle(loader_u) okay? It won't shuffle the data",
    f"{GITHUB}/ildoonet/unsupervised-data-augmentation/issues/3",
    "ER061",
    "ER065",
    words=REPEATS,
    why="cycle() keeps the batches of the first pass, and hands out the same ones for ever",
)
def cycled_loader(cured):
    class Steps:
        def __init__(self, batches):
            self.batches = batches
            self.source = itertools.cycle(batches)

        def __len__(self):
            return len(self.batches)

        def __iter__(self):
            if cured:
                yield from self.batches
            else:
                yield from itertools.islice(self.source, len(self))

    loaders = Steps(loader(tensors("train"), True)), loader(tensors("validation"))
    return script_program(stacked(), loaders, fit=own_loop(), epochs=3)


@reported(
    "shuffle buffer too small",
    "Sequential",
    "IterableDataset",
    "Expand shuffle buffer to shuffle all the data: it was only locally shuffled",
    f"{GITHUB}/IBM/graph2tac/pull/95",
    "ER061",
    words=r"shuffl|sorted|(one|single|same) class(es)? (in|per|after)|batches? .*one class",
    why="a buffer of 16 over rows sorted by class: batches hold one class, and classes follow",
)
def buffer_of_sixteen(cured):
    class Shards(IterableDataset):
        def __init__(self, split, buffer):
            images, labels = drawn(split)
            order = np.argsort(labels, kind="stable")
            self._images, self._labels = to_tensors(images[order]), labels[order]
            self._buffer = buffer

        def __iter__(self):
            kept = []
            for row in range(len(self._labels)):
                kept.append(row)
                if len(kept) < self._buffer:
                    continue
                yield self._sample(kept.pop(int(torch.randint(len(kept), ()))))
            for place in torch.randperm(len(kept)).tolist():
                yield self._sample(kept[place])

        def _sample(self, row):
            return self._images[row], int(self._labels[row])

    train = DataLoader(Shards("train", 192 if cured else 16), batch_size=16)
    return script_program(stacked(), (train, DataLoader(Shards("validation", 1), batch_size=16)))


@reported(
    "loader that can be read once",
    "script",
    "TensorDataset",
    "Enable using a generator as data loader: it is exhausted after the first epoch",
    f"{GITHUB}/skorch-dev/skorch/issues/1011",
    "ER001",
    "ER083",
    words=r"exhaust|only once|generator|iterator|empty|no batch|second (pass|epoch)",
    why="the training loader is a generator: from the second epoch on there is no batch",
)
def generator_of_batches(cured):
    batches = loader(tensors("train"), True)
    train = batches if cured else (batch for batch in batches)
    return script_program(Net(), (train, loader(tensors("validation"))))


REPORTS_4 = {                          # out of the first list, into one of their own
    name: REPORTS.pop(name)
    for name, report in list(REPORTS.items())
    if report.build.__module__ == __name__
}
