"""A second list of programs made after public reports, written when the first was known.

As in `real_reports.py`: each is broken as its report says, `cured` mends it, and the right causes
were written down before any program was shown to the guards.
"""
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, ReduceLROnPlateau
from torch.utils.data import (
    DataLoader,
    DistributedSampler,
    TensorDataset,
    WeightedRandomSampler,
    random_split,
)
from torchvision import transforms
from torchvision.models import VisionTransformer

from real_kit import (
    BATCH,
    CLASSES,
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
    image_folder,
    loader,
    own_loop,
    reported,
    row_loaders,
    rows,
    script_program,
    stacked,
    tensors,
    to_tensors,
)

GITHUB = "https://github.com"
SEVEN = ("neutral", "happy", "sad", "surprise", "anger", "fear", "disgust")

# What another check would say, in words.
RANDOM = r"random|dropout|(two|second|twice) .*(pass|call|forward)|same (batch|image)s? twice"
DEAD = r"vanish|saturat|dead|never (fire|active)|no gradient|(gradient|moves?)\b.* (small|zero|0\b)"
RATE = r"schedul|(learning )?rate .*(is 0\b|zero|falls|rises|ends)|plateau"
FEW = (
    r"sampler|only \d+ (of|image|row|different)|\d+ (of|from) \d+ (image|row)|repeat|more than once"
    r"|never (read|seen|drawn)|same (few )?(images|rows)"
)


def folder_loaders(read):
    "The two loaders over class folders, with one transform."
    return loader(image_folder("train", read), True), loader(image_folder("validation", read))


# ---- what learns -------------------------------------------------------------------------------


@reported(
    "optimizer of replaced layers",
    "Sequential",
    "TensorDataset",
    "The parameters are not updated when the pruned model is finetuned",
    f"{GITHUB}/microsoft/nni/issues/4521",
    "ER002",
    "ER026",
    why="layers were replaced after the optimizer had been made; it holds the old ones",
)
def layers_replaced_after_the_optimizer(cured):
    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for position in (4, 8):
        old = model[position]
        new = nn.Conv2d(old.in_channels, old.out_channels, 3, padding=1)
        new.load_state_dict(old.state_dict())
        model[position] = new
    if cured:
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return script_program(model, optimizer=optimizer)


@reported(
    "one layer instead of many",
    "script",
    "own data set",
    "Intentional weight sharing in ResidualStack?",
    f"{GITHUB}/zalandoresearch/pytorch-vq-vae/issues/2",
    words=(
        r"(layer|module|weight|parameter)s? .*\b(shar|reused|the same|several times|more than once)"
        r"|shar\w+ .*(layer|module|weight|parameter)"
    ),
    why="[layer] * n is n times the same layer: all residual blocks share one set of weights",
)
def list_times_n(cured):
    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.bn = nn.Conv2d(24, 24, 3, padding=1), nn.BatchNorm2d(24)

        def forward(self, x):
            return x + F.relu(self.bn(self.conv(x)))

    class Stack(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Sequential(*block(3, 12), *block(12, 24))
            layers = [Residual() for _ in range(3)] if cured else [Residual()] * 3
            self.layers, self.fc = nn.ModuleList(layers), nn.Linear(24, 3)

        def forward(self, x):
            x = self.stem(x)
            for layer in self.layers:
                x = layer(x)
            return self.fc(x.mean(dim=(2, 3)))

    return script_program(Stack(), row_loaders())


@reported(
    "layer made in forward",
    "script",
    "TensorDataset",
    "If create the Linear() casually, it won't be trained during training",
    f"{GITHUB}/graykode/nlp-tutorial/issues/29",
    "ER002",
    "ER011",
    "ER026",
    "ER052",
    words=RANDOM + r"|regist|outside (of )?the (model|optimizer)",
    why="each call makes a layer with new random weights: outputs are random, it never learns",
)
def linear_made_in_forward(cured):
    class Casual(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(*block(3, 12), *block(12, 24), nn.Flatten())
            self.fc = nn.Linear(64, 3)
            if cured:
                self.projection = nn.Linear(24 * 64, 64)

        def forward(self, x):
            projection = self.projection if cured else nn.Linear(24 * 64, 64)
            return self.fc(F.relu(projection(self.body(x))))

    return script_program(Casual())


@reported(
    "gradients cut off",
    "torchvision model",
    "TensorDataset",
    "Extractor in vit_pytorch will detach the tensor",
    f"{GITHUB}/lucidrains/CoCa-pytorch/issues/6",
    "ER013",
    "ER026",
    why="the features are detached: the encoder is in the optimizer and gets no gradient",
)
def extractor_detaches(cured):
    class Extractor(nn.Module):
        def __init__(self):
            super().__init__()
            self.vit = VisionTransformer(32, 8, 2, 2, 32, 64)
            self.vit.heads = nn.Identity()
            self.to_logits = nn.Linear(32, 3)

        def forward(self, x):
            latents = self.vit(x)
            if not cured:
                latents = latents.clone().detach()
            return self.to_logits(latents)

    return script_program(Extractor())


@reported(
    "initialised to zero",
    "script",
    "own data set",
    "About zero initialization: two zero layers in a row",
    f"{GITHUB}/yz93/LAVT-RIS/issues/25",
    "ER013",
    "ER026",
    words=DEAD + r"|all zeros|zero[- ]initial",
    why="both layers of a branch are zero, so neither ever gets a gradient",
)
def gate_of_two_zeros(cured):
    class Gated(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(*block(3, 12), *block(12, 24))
            self.gate1 = nn.Conv2d(24, 24, 1, bias=False)
            self.gate2 = nn.Conv2d(24, 24, 1, bias=False)
            nn.init.zeros_(self.gate2.weight)
            if not cured:
                nn.init.zeros_(self.gate1.weight)
            self.fc = nn.Linear(24, 3)

        def forward(self, x):
            x = self.body(x)
            x = x + torch.tanh(self.gate2(F.relu(self.gate1(x))))
            return self.fc(x.mean(dim=(2, 3)))

    return script_program(Gated(), row_loaders())


@reported(
    "dead activations",
    "Sequential",
    "TensorDataset",
    "switched bias initialization to zeros: a large negative bias prevents any training",
    f"{GITHUB}/facebookresearch/dlrm/pull/358",
    "ER013",
    "ER021",
    "ER091",
    words=DEAD,
    why="a bias far below zero: no ReLU fires for any image, nothing before it gets a gradient",
)
def bias_far_below_zero(cured):
    model = nn.Sequential(nn.Flatten(), nn.Linear(3072, 128), nn.ReLU(), nn.Linear(128, 3))
    nn.init.constant_(model[1].bias, 0.0 if cured else -10.0)
    return script_program(model)


@reported(
    "gradients vanish",
    "Sequential",
    "own data set",
    "Training invalidation when add the number of layers: seven sigmoid layers",
    f"{GITHUB}/microsoft/CNTK/issues/476",
    "ER013",
    "ER091",
    words=DEAD + r"|(hardly|barely|not) depend|almost the same (output|logits)",
    why="seven sigmoids in a row: next to no gradient reaches the first layers",
)
def seven_sigmoids(cured):
    layers, width = [nn.Flatten()], 3072
    for _ in range(7):
        layers += [nn.Linear(width, 128), nn.ReLU() if cured else nn.Sigmoid()]
        if cured:
            nn.init.kaiming_normal_(layers[-2].weight)
        width = 128
    model = nn.Sequential(*layers, nn.Linear(width, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    return script_program(model, row_loaders(), optimizer)


# ---- modes, dropout, batch statistics ----------------------------------------------------------


@reported(
    "train() that forgets stages",
    "torchvision model",
    "ImageFolder",
    "About the attribute training of the model: the override leaves batch norm in training mode",
    f"{GITHUB}/roytseng-tw/Detectron.pytorch/issues/104",
    "ER011",
    "ER012",
    "ER052",
    "ER081",
    why="the overridden train() never reaches the frozen stages: their BatchNorm always trains",
)
def train_skips_the_frozen_stages(cured):
    class Frozen(ThinResNet):
        fixed = ("conv1", "bn1", "layer1")

        def train(self, mode=True):
            self.training = mode
            for name, stage in self.named_children():
                if name not in self.fixed:
                    stage.train(mode)
                elif cured:
                    stage.eval()
            return self

    model = Frozen(5)
    model.load_state_dict(downloaded(5).state_dict())
    model.fc = nn.Linear(512, 3)
    for name in Frozen.fixed:
        getattr(model, name).requires_grad_(False)
    trainable = [part for part in model.parameters() if part.requires_grad]
    loaders = loader(image_folder("train", augment), True), loader(image_folder("validation"))
    return script_program(model, loaders, torch.optim.Adam(trainable, lr=5e-4))


@reported(
    "dropout alive in evaluation",
    "script",
    "TensorDataset",
    "F.dropout needs training=self.training (TrainCheck's kind)",
    f"{GITHUB}/rixwew/pytorch-fm/issues/21",
    "ER011",
    "ER052",
    "ER081",
    words=RANDOM,
    why="functional dropout knows nothing of eval(): evaluation drops features at random",
)
def functional_dropout(cured):
    class Dropped(Net):
        def forward(self, x):
            x = F.max_pool2d(F.relu(self.conv1(x)), 2)
            x = F.max_pool2d(F.relu(self.conv2(x)), 2)
            x = F.relu(self.fc2(F.relu(self.fc1(torch.flatten(x, 1)))))
            return self.fc3(F.dropout(x, 0.5, training=self.training if cured else True))

    return script_program(Dropped())


@reported(
    "keep rate as drop rate",
    "Lightning-like",
    "ImageFolder",
    "Wrong assigning of dropout probability: nn.Dropout takes the probability to remove",
    f"{GITHUB}/piergiaj/pytorch-i3d/issues/58",
    words=r"dropout|drops? .*(feature|activation|%|of)",
    why="0.9 was meant to be kept, and is dropped",
)
def dropout_of_the_keep_rate(cured):
    keep = 0.9
    module = Lit(Net(dropout=1 - keep if cured else keep))
    loaders = loader(image_folder("train"), True), loader(image_folder("validation"))
    return script_program(module, loaders, module.configure_optimizers(), F.cross_entropy)


@reported(
    "running statistics never move",
    "Sequential",
    "TensorDataset",
    "BatchNorm momentum set to 0 in Inception models",
    f"{GITHUB}/Cadene/pretrained-models.pytorch/issues/5",
    words=r"running|momentum|statistic|batch ?norm",
    why="a momentum of 0 never updates the running statistics: evaluation is normalised by 0 and 1",
)
def batchnorm_without_momentum(cured):
    model = stacked()
    for part in model:
        if isinstance(part, nn.BatchNorm2d):
            part.momentum = 0.1 if cured else 0.0
    return script_program(model, fit=own_loop())


@reported(
    "batch statistics in evaluation",
    "script",
    "own data set",
    "Tracking running statistics for BN: it was my mistake",
    f"{GITHUB}/TengdaHan/DPC/issues/21",
    "ER052",
    "ER011",
    words=r"running stat|batch stat|track_running",
    why="without running statistics an image's logits depend on its batch, in evaluation too",
)
def no_running_statistics(cured):
    layers = []
    for channels, out in ((3, 12), (12, 24), (24, 48)):
        norm = nn.BatchNorm2d(out, track_running_stats=cured)
        layers += [nn.Conv2d(channels, out, 3, padding=1), norm, nn.ReLU(), nn.MaxPool2d(2)]
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(48 * 16, 3))
    return script_program(model, row_loaders())


# ---- rates and loops ---------------------------------------------------------------------------


@reported(
    "first epoch at rate zero",
    "script",
    "TensorDataset",
    "Learning rate is zero for first epoch in transchex notebook",
    f"{GITHUB}/Project-MONAI/tutorials/issues/630",
    "ER003",
    "ER101",
    "ER006",
    "ER074",
    words=RATE,
    why="a warm-up that begins at 0 and steps once an epoch: the first epoch teaches nothing",
)
def warms_up_from_zero(cured):
    model = stacked()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    first = 1 if cured else 0
    schedule = LambdaLR(optimizer, lambda epoch: min(1.0, (epoch + first) / 3))
    return script_program(model, optimizer=optimizer, scheduler=schedule, fit=own_loop())


@reported(
    "cosine of the wrong length",
    "Lightning-like",
    "own data set",
    "CosineAnnealingLR T_max argument bug: the warm-up's length was given",
    f"{GITHUB}/lucidrains/imagen-pytorch/issues/71",
    "ER101",
    "ER006",
    words=RATE + r"|T_max|half[- ]period",
    why="T_max is 3 of 20 epochs: the rate is 0 after three, and rises again",
)
def cosine_of_the_warmup(cured):
    module = Lit(Net())
    optimizer = module.configure_optimizers()
    return script_program(
        module,
        row_loaders(),
        optimizer,
        F.cross_entropy,
        scheduler=CosineAnnealingLR(optimizer, T_max=20 if cured else 3),
        fit=own_loop(LightningLoop),
        epochs=5,
    )


@reported(
    "plateau in the wrong direction",
    "script",
    "TensorDataset",
    "ReduceLROnPlateau by default assumes a min metric, but gets the accuracy",
    f"{GITHUB}/md-mohaiminul/ViS4mer/issues/4",
    "ER101",
    "ER006",
    words=RATE + r"|mode='?(min|max)",
    why="the scheduler waits for the accuracy to fall, and lowers the rate while it rises",
)
def plateau_of_the_accuracy(cured):
    class ByAccuracy(Script):
        def summarise(self, logits, labels):
            numbers = super().summarise(logits, labels)
            self.accuracy = float(numbers[1])
            return numbers

        def after_epoch(self):
            self.scheduler.step(self.accuracy)

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    mode = "max" if cured else "min"
    return script_program(
        model,
        optimizer=optimizer,
        scheduler=ReduceLROnPlateau(optimizer, mode, factor=0.1, patience=2),
        fit=own_loop(ByAccuracy),
        epochs=6,
    )


@reported(
    "evaluation trains",
    "torchvision model",
    "ImageFolder",
    "Perform weight update during validation: it should not be doing this",
    f"{GITHUB}/SKrisanski/FSCT/issues/12",
    words=(
        r"(evaluation|validation) .*(chang|mov|updat|train(s|ed)\b)"
        r"|(weight|parameter)s? .*(chang|mov|updat).*(evaluation|validation|between|outside)"
    ),
    why="the validation loop steps the optimizer: the network learns its validation images",
)
def step_in_validation(cured):
    class Learns(Script):
        def evaluate(self):
            if cured:
                return super().evaluate()
            self.model.eval()
            logits, labels = [], []
            for images, targets in self.program.valid:
                self.optimizer.zero_grad()
                output = self.model(images)
                self.program.loss_fn(output, targets).backward()
                self.optimizer.step()
                logits.append(output.detach())
                labels.append(targets)
            return logits, labels

    loaders = loader(image_folder("train"), True), loader(image_folder("validation"))
    return script_program(ThinResNet(3), loaders, fit=own_loop(Learns))


# ---- output and loss ---------------------------------------------------------------------------


@reported(
    "sigmoid before cross-entropy",
    "Lightning-like",
    "TensorDataset",
    "Some problems with loss: sigmoid is not needed for nn.CrossEntropyLoss",
    f"{GITHUB}/eriklindernoren/PyTorch-YOLOv3/issues/108",
    "ER021",
    "ER022",
    "ER024",
    why="the loss takes numbers between 0 and 1 for logits, and cannot come near 0",
)
def sigmoid_in_forward(cured):
    class Squashed(Lit):
        def forward(self, x):
            logits = self.network(x)
            return logits if cured else torch.sigmoid(logits)

    module = Squashed(stacked())
    return script_program(module, None, module.configure_optimizers(), F.cross_entropy)


@reported(
    "loss ignores a class",
    "script",
    "ImageFolder",
    "Tagger ignoring 0 class for cross_entropy",
    f"{GITHUB}/nyu-mll/jiant/issues/925",
    "ER022",
    words=r"ignor",
    why="ignore_index=0, once meant for padding, is a class here: it is never learned",
)
def class_zero_is_padding(cured):
    loss_fn = nn.CrossEntropyLoss(ignore_index=-100 if cured else 0)
    loaders = loader(image_folder("train"), True), loader(image_folder("validation"))
    return script_program(stacked(), loaders, loss_fn=loss_fn)


@reported(
    "loss summed over the batch",
    "Sequential",
    "random_split",
    "Should we use mean rather than sum for batchwise loss reduction?",
    f"{GITHUB}/ai-safety-foundation/sparse_autoencoder/issues/63",
    "ER022",
    "ER003",
    "ER082",
    why="the sum over a batch makes each step as many times larger as the batch has images",
)
def summed_loss(cured):
    train, valid = random_split(rows("train"), [150, 42])
    loss_fn = nn.CrossEntropyLoss(reduction="mean" if cured else "sum")
    model = stacked()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    return script_program(model, (loader(train, True), loader(valid)), optimizer, loss_fn)


@reported(
    "logits too small",
    "script",
    "own data set",
    "Proxy NCA and softmax scale: without it, the performance is off",
    f"{GITHUB}/KevinMusgrave/powerful-benchmarker/issues/90",
    "ER021",
    "ER024",
    words=r"(logit|output)\w* .*(small|narrow|scale|range|uniform)|temperature",
    why="distances of normalised vectors are between 0 and 4: over seven classes a flat softmax",
)
def proxies_without_scale(cured):
    class Proxies(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(*block(3, 16), *block(16, 32), nn.Flatten())
            self.embed, self.scale = nn.Linear(2048, 32), 12.0 if cured else 1.0
            self.proxies = nn.Parameter(torch.randn(7, 32))

        def forward(self, x):
            x = F.normalize(self.embed(self.body(x)))
            return -self.scale * torch.cdist(x, F.normalize(self.proxies)) ** 2

    parts = [FaceRows(*drawn(split, SEVEN)) for split in ("train", "validation")]
    return script_program(Proxies(), (loader(parts[0], True), loader(parts[1])))


@reported(
    "outputs that no label uses",
    "torchvision model",
    "TensorDataset",
    "Hardcoded num_classes: 1000, expected num_classes=num_classes",
    f"{GITHUB}/huggingface/pytorch-image-models/issues/135",
    "ER021",
    "ER031",
    "ER035",
    words=r"class(es)? .*(never|no image|no label|missing|unused)|1,?000 outputs|outputs? .*never",
    why="three classes, a thousand outputs",
)
def thousand_outputs(cured):
    def res2net(num_classes=1000):
        return ThinResNet(num_classes if cured else 1000)

    return script_program(res2net(num_classes=3))


# ---- labels and images -------------------------------------------------------------------------


@reported(
    "another class order in validation",
    "script",
    "own data set",
    "Cannot indicate a Train and a Test folder: subdirectories are read in any order",
    f"{GITHUB}/jolibrain/deepdetect/issues/348",
    "ER032",
    "ER036",
    words=(
        r"(order|meaning|names) of (the )?(classes|labels)"
        r"|(class|label)\w* .*(swap|permut|another order)"
    ),
    why="folders are numbered in the order in which readdir hands them out, another in each split",
)
def folders_in_readdir_order(cured):
    def reader(split, listing):
        images, labels = drawn(split)
        number = {name: position for position, name in enumerate(listing)}
        return FaceRows(images, [number[CLASSES[label]] for label in labels])

    train = reader("train", ("sad", "happy", "neutral"))
    listing = ("sad", "happy", "neutral") if cured else ("happy", "neutral", "sad")
    valid = reader("validation", listing)
    return script_program(Net(), (loader(train, True), loader(valid)))


@reported(
    "labels unrelated to images",
    "Lightning-like",
    "TensorDataset",
    "CustomDataset file order: wouldn't this mismatch the feature files and label files?",
    f"{GITHUB}/chuanyangjin/fast-DiT/issues/4",
    "ER092",
    words=r"unrelated|no relation|not related|independent of the images",
    why="feature files and label files are listed in different orders",
)
def two_folders_two_orders(cured):
    def data(split):
        images, labels = drawn(split)
        names = [f"{row}.npy" for row in range(len(labels))]
        listing = names if cured else sorted(names)
        order = [int(name.removesuffix(".npy")) for name in listing]
        return TensorDataset(to_tensors(images[order]), torch.from_numpy(labels))

    module = Lit(stacked())
    loaders = loader(data("train"), True), loader(data("validation"))
    return script_program(module, loaders, module.configure_optimizers(), F.cross_entropy)


@reported(
    "images that are not numbers",
    "Sequential",
    "own data set",
    "divide std in NormalizeIntensity, but std could be 0",
    f"{GITHUB}/Project-MONAI/MONAI/issues/1092",
    "ER041",
    "ER071",
    words=r"\bnan\b|not finite|infinite",
    why="a few blank images have a standard deviation of 0, and become NaN",
)
def blank_images_divided_by_zero(cured):
    def standardised(image):
        x = transforms.functional.to_tensor(image)
        return (x - x.mean()) / (x.std() + (1e-6 if cured else 0.0))

    images, labels = (part.copy() for part in drawn("train"))
    images[::40] = 0
    loaders = (
        loader(FaceRows(images, labels, standardised), True),
        loader(rows("validation", standardised)),
    )
    return script_program(stacked(), loaders)


@reported(
    "normalised with other units",
    "torchvision model",
    "ImageFolder",
    "mean, std? Why are they divided by 255, after ToTensor",
    f"{GITHUB}/batuhan3526/ResNet50_on_Cifar_100_Without_Transfer_Learning/issues/1",
    "ER041",
    why="mean and deviation were divided by 255 once more: pixels become hundreds",
)
def constants_divided_once_more(cured):
    unit = 1.0 if cured else 255.0
    mean = [number / unit for number in (0.507, 0.487, 0.441)]
    std = [number / unit for number in (0.267, 0.256, 0.276)]
    read = transforms.Compose([transforms.ToTensor(), transforms.Normalize(mean, std)])
    return script_program(ThinResNet(3), folder_loaders(read))


# ---- loaders -----------------------------------------------------------------------------------


@reported(
    "sampler of the wrong weights",
    "script",
    "own data set",
    "WeightedRandomSampler in a problematic way: it chooses the first and second sample",
    f"{GITHUB}/deep-voice/soundbay/pull/49",
    "ER041",
    "ER061",
    "ER083",
    words=FEW,
    why="one weight for each class, where one for each image is due: three images are all it draws",
)
def sampler_of_class_weights(cured):
    labels = drawn("train")[1]
    weights = 1 / np.bincount(labels)
    if cured:
        weights = weights[labels]
    sampler = WeightedRandomSampler(weights.tolist(), len(labels))
    train = DataLoader(rows("train"), batch_size=BATCH, sampler=sampler)
    return script_program(stacked(), (train, loader(rows("validation"))), fit=own_loop())


@reported(
    "the same order in every epoch",
    "script",
    "TensorDataset",
    "set_epoch with DistributedSampler: you have to add it",
    f"{GITHUB}/kekmodel/FixMatch-pytorch/issues/34",
    "ER061",
    "ER065",
    words=r"same order|order .*(again|every|each|repeat)|set_epoch|same (batches|shuffle)",
    why="without set_epoch the sampler shuffles by the same seed: every epoch has the same batches",
)
def epoch_is_never_set(cured):
    class Distributed(Script):
        def prepare(self, epoch):
            super().prepare(epoch)
            if cured:
                self.program.train.sampler.set_epoch(epoch)

    data = tensors("train")
    sampler = DistributedSampler(data, num_replicas=1, rank=0)
    train = DataLoader(data, batch_size=BATCH, sampler=sampler)
    return script_program(
        Net(), (train, loader(tensors("validation"))), fit=own_loop(Distributed), epochs=3
    )


@reported(
    "validation drops images",
    "Lightning-like",
    "ImageFolder",
    "prevent data drop and padding during validation for accurate metrics",
    f"{GITHUB}/areal-project/AReaL/pull/1096",
    "ER062",
    "ER083",
    why="a distributed sampler and drop_last in validation: 16 of 60 images are evaluated",
)
def validation_of_one_rank(cured):
    data = image_folder("validation")
    valid = loader(data)
    if not cured:
        sampler = DistributedSampler(data, num_replicas=2, rank=0, shuffle=False)
        valid = DataLoader(data, batch_size=BATCH, sampler=sampler, drop_last=True)
    module = Lit(stacked())
    loaders = loader(image_folder("train", augment), True), valid
    return script_program(module, loaders, module.configure_optimizers(), F.cross_entropy)


@reported(
    "no batch at all",
    "Sequential",
    "TensorDataset",
    "Maybe drop_last should be False: the loss is 0.0, and the weights are unchanged",
    f"{GITHUB}/dreamquark-ai/tabnet/issues/537",
    "ER001",
    "ER061",
    words=r"no batch|empty|without a batch|0 batches|drop_last|hands out nothing",
    why="drop_last with batches larger than the data set drops the only batch there is",
)
def batch_larger_than_the_data(cured):
    train = loader(tensors("train"), True, batch_size=1024, drop_last=not cured)
    return script_program(stacked(), (train, loader(tensors("validation"))))


@reported(
    "validation images in training",
    "Sequential",
    "random_split",
    "Test data leakage in step 05a: oversampled before the split",
    f"{GITHUB}/MicrosoftDocs/ml-basics/issues/55",
    "ER063",
    "ER093",
    why="every image was copied before the split: most validation images are in training too",
)
def copied_before_the_split(cured):
    images, labels = tensors("train").tensors
    if not cured:
        images, labels = images.repeat(2, 1, 1, 1), labels.repeat(2)
    whole = TensorDataset(images, labels)
    train, valid = random_split(whole, [0.8, 0.2])
    return script_program(stacked(), (loader(train, True), loader(valid)))


REPORTS_2 = {                          # out of the first list, into one of their own
    name: REPORTS.pop(name)
    for name, report in list(REPORTS.items())
    if report.build.__module__ == __name__
}
