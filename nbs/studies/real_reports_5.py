"""A fifth list of programs made after public reports: what beginners and practitioners report most.

As in `real_reports_2.py`: each is broken as its report says, `cured` mends it, and the right causes
were written down before any program was shown to the guards. The author knew the names and
questions of the checks, not their code.
"""
from copy import deepcopy

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import MultiStepLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import (
    DataLoader,
    RandomSampler,
    WeightedRandomSampler,
    random_split,
)
from torchvision import transforms
from torchvision.datasets import ImageFolder
from torchvision.models import ShuffleNetV2, VisionTransformer

from real_kit import (
    BATCH,
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
    folder_root,
    image_folder,
    loader,
    normalise,
    own_loop,
    reported,
    row_loaders,
    rows,
    script_program,
    stacked,
    tensors,
    to_tensor,
    written,
)

GITHUB = "https://github.com"

# What another check would say, in words.
FEW = r"sampler|only \d+ (of|image|row)|\d+ (of|from) \d+ (image|row)|never (read|seen|drawn)"
METRIC = r"reported (accuracy|loss|number|metric)|(accuracy|loss)\b.*predictions|metric"


def one_against_the_rest(logits, labels):
    "Binary cross-entropy for each class."
    return F.binary_cross_entropy_with_logits(logits, F.one_hot(labels, 3).float())


# ---- networks ----------------------------------------------------------------------------------


@reported(
    "activation that is the identity",
    "Sequential",
    "TensorDataset",
    "nn.LeakyReLU(True) should be nn.LeakyReLU(inplace=True)",
    f"{GITHUB}/PantoMatrix/PantoMatrix/issues/52",
    "ER025",
    words=r"activation|slope|identity|linear (model|map|network|function)",
    why="the first argument is the slope: LeakyReLU(True) has slope 1, and the network is linear",
)
def leaky_relu_of_true(cured):
    def activation():
        return nn.LeakyReLU(inplace=True) if cured else nn.LeakyReLU(True)

    layers = [nn.Flatten(), nn.Linear(3072, 128), activation()]
    layers += [nn.Linear(128, 64), activation(), nn.Linear(64, 3)]
    return script_program(nn.Sequential(*layers))


@reported(
    "classifier never called",
    "script",
    "own data set",
    "Final Layer is not used in forward pass in VGG implementation",
    f"{GITHUB}/mlcommons/GaNDLF/issues/168",
    "ER013",
    "ER026",
    "ER035",
    words=r"(never|not) (used|called)|unused|no gradient|48 outputs|outputs .*(no|never) .*label",
    why="forward returns the 48 pooled features as logits: the final layer is never called",
)
def final_layer_left_out(cured):
    class Vgg(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(*block(3, 12), *block(12, 24), *block(24, 48))
            self.pool, self.final = nn.AdaptiveAvgPool2d(1), nn.Linear(48, 3)

        def forward(self, x):
            x = torch.flatten(self.pool(self.features(x)), 1)
            return self.final(x) if cured else x

    return script_program(Vgg(), row_loaders())


@reported(
    "parameter cast into a plain tensor",
    "script",
    "TensorDataset",
    "Issue with gates parameters: nn.Parameter(...).to(device) is a tensor, it is not learned",
    f"{GITHUB}/davidmrau/mixture-of-experts/issues/12",
    "ER002",
    "ER013",
    "ER026",
    words=r"regist|leaf|not (a|among the|one of the) parameter|outside (of )?the model",
    why="what a cast of a Parameter gives is a tensor: it is not registered, and never learns",
)
def parameter_cast_in_init(cured):
    class Gated(nn.Module):
        def __init__(self):
            super().__init__()
            start = torch.from_numpy(np.random.normal(0, 0.02, (3072, 48)))
            if cured:
                self.projection = nn.Parameter(start.float())
            else:
                self.projection = nn.Parameter(start).to(torch.float32)
            self.fc = nn.Linear(48, 3)

        def forward(self, x):
            return self.fc(torch.tanh(x.flatten(1) @ self.projection))

    return script_program(Gated())


@reported(
    "one BatchNorm in two places",
    "script",
    "ImageFolder",
    "How to make batchnorm maintain several pairs of running_mean: have two separate layers",
    f"{GITHUB}/pytorch/pytorch/issues/1738",
    words=(
        r"(batch ?norm|layer|module)\b.*(shar|twice|two places|more than once|reused|several)"
        r"|running (stat|mean|var)"
    ),
    why="one BatchNorm behind two convolutions: its running statistics are a mixture of both",
)
def batchnorm_used_twice(cured):
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Sequential(*block(3, 24), nn.MaxPool2d(2))
            self.conv1 = nn.Conv2d(24, 24, 3, padding=1)
            self.conv2 = nn.Conv2d(24, 24, 3, padding=1)
            self.bn1 = nn.BatchNorm2d(24)
            self.bn2 = nn.BatchNorm2d(24) if cured else self.bn1
            self.fc = nn.Linear(24 * 16, 3)

        def forward(self, x):
            x = F.relu(self.bn1(self.conv1(self.stem(x))))
            x = F.relu(self.bn2(self.conv2(x)))
            return self.fc(F.max_pool2d(x, 2).flatten(1))

    return script_program(Block(), folder_loaders())


@reported(
    "dropout behind the classifier",
    "Sequential",
    "own data set",
    "Remove dropout in image classification in last layer",
    f"{GITHUB}/googledatalab/pydatalab/pull/392",
    "ER021",
    "ER025",
    words=r"dropout|drops? .*(logit|output|class)",
    why="a dropout after the last layer sets half of the logits to 0 in training",
)
def dropout_on_the_logits(cured):
    model = stacked() if cured else stacked(3, nn.Dropout(0.5))
    return script_program(model, row_loaders())


@reported(
    "batches of two through BatchNorm",
    "torchvision model",
    "TensorDataset",
    "warn users when using batch norm and the batch size is small",
    f"{GITHUB}/CAREamics/careamics/pull/922",
    words=r"batch ?norm|batch(es)? (size )?of (2|two)|batch size|running stat",
    why="the last BatchNorm sees two values a channel: they become 1 and -1, whatever the images",
)
def batches_of_two(cured):
    model = ShuffleNetV2([1, 1, 1], [16, 32, 64, 128, 256], num_classes=3)
    train = loader(tensors("train"), True, batch_size=BATCH if cured else 2)
    return script_program(model, (train, loader(tensors("validation"))))


# ---- what the optimizer does -------------------------------------------------------------------


@reported(
    "parameter groups with a gap",
    "torchvision model",
    "own data set",
    "Not putting parameters into optimizer: the append is missing, they will not be trained",
    f"{GITHUB}/zjunlp/HVPNeT/issues/5",
    "ER002",
    why="groups by layer type: attention's projections and the tokens are in none of them",
)
def groups_by_layer_type(cured):
    model = VisionTransformer(32, 8, 2, 2, 32, 64, num_classes=3)
    decayed, plain = [], []
    for part in model.modules():
        if isinstance(part, (nn.Conv2d, nn.Linear)):
            decayed.append(part.weight)
            plain.append(part.bias)
        elif isinstance(part, nn.LayerNorm):
            plain += [part.weight, part.bias]
    groups = [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}]
    if cured:
        held = {id(part) for group in groups for part in group["params"]}
        rest = [part for part in model.parameters() if id(part) not in held]
        groups.append({"params": rest, "weight_decay": 0.0})
    return script_program(model, row_loaders(), torch.optim.AdamW(groups, lr=1e-3))


@reported(
    "clipped while scaled",
    "script",
    "TensorDataset",
    "Clip norm after scaler.unscale_ in native fp16 training: a very flat learning curve",
    f"{GITHUB}/Lightning-AI/pytorch-lightning/issues/9599",
    words=(
        r"unscale|grad ?scaler|\bclip|scaled (loss|gradient)"
        r"|gradient\b.*(too small|smaller|fraction|than the loss)"
    ),
    why="gradients 65,536 times too large are clipped to 1, then unscaled: next to nothing is left",
)
def clipped_while_scaled(cured):
    class Scaled(Script):
        scaler = torch.amp.GradScaler("cpu")

        def update(self, loss, number):
            self.optimizer.zero_grad()
            self.scaler.scale(loss).backward()
            if cured:
                self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.scaler.step(self.optimizer)
            self.scaler.update()

    model = stacked()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    return script_program(model, optimizer=optimizer, fit=own_loop(Scaled), epochs=3)


@reported(
    "accumulated as a sum",
    "script",
    "own data set",
    "Gradient accumulation: we do not scale the loss by the number of batches to accumulate",
    f"{GITHUB}/fastai/fastai/issues/3023",
    "ER073",
    words=r"accumul|sum of|gradient\b.*(times|larger|too (large|big))",
    why="the gradients of six batches are added and not averaged: each step is six times too long",
)
def six_gradients_added(cured):
    class Accumulating(Script):
        def update(self, loss, number):
            (loss / 6 if cured else loss).backward()
            if (number + 1) % 6 == 0:
                self.optimizer.step()
                self.optimizer.zero_grad()

    model = nn.Sequential(nn.Flatten(), nn.Linear(3072, 64), nn.ReLU(), nn.Linear(64, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
    loaders = loader(rows("train"), True, batch_size=8), loader(rows("validation"))
    return script_program(model, loaders, optimizer, fit=own_loop(Accumulating), epochs=4)


@reported(
    "milestones that are never met",
    "Lightning-like",
    "ImageFolder",
    "MultiStepLR sometimes is useless: milestones = [rate * total_steps]",
    f"{GITHUB}/Pointcept/Pointcept/issues/379",
    "ER006",
    "ER101",
    words=r"milestone|schedul|rate .*(never|constant|stays|does not)",
    why="milestones of 139.2 and 208.8 steps: no step number equals them, the rate never falls",
)
def milestones_between_the_steps(cured):
    class Stepwise(LightningLoop):
        interval = "step"

    module = Lit(stacked(), lr=3e-3)
    optimizer = module.configure_optimizers()
    loaders = folder_loaders(augment)
    milestones = [share * 20 * len(loaders[0]) for share in (0.58, 0.87)]
    if cured:
        milestones = [round(step) for step in milestones]
    return script_program(
        module,
        loaders,
        optimizer,
        F.cross_entropy,
        scheduler=MultiStepLR(optimizer, milestones, gamma=0.1),
        fit=own_loop(Stepwise),
        epochs=3,
    )


@reported(
    "average that hardly moves",
    "script",
    "TensorDataset",
    "EMA with high decay results in worse performance because of no debias",
    f"{GITHUB}/huggingface/pytorch-image-models/issues/1182",
    "ER085",
    words=r"averag|\bema\b|other weights|weights .*not those|not those of",
    why="a decay of 0.9999 over 36 steps: the average that is evaluated is the random start",
)
def average_of_ten_thousand_steps(cured):
    class Averaging(Script):
        def __init__(self, program, watch):
            super().__init__(program, watch)
            average = get_ema_multi_avg_fn(0.8 if cured else 0.9999)
            self.average = AveragedModel(self.model, multi_avg_fn=average, use_buffers=True)
            self.average.update_parameters(self.model)

        def after_batch(self, number):
            self.average.update_parameters(self.model)

        @torch.no_grad()
        def evaluate(self):
            self.average.eval()
            pairs = [(self.average(images), labels) for images, labels in self.program.valid]
            return [logits for logits, _ in pairs], [labels for _, labels in pairs]

    return script_program(stacked(), fit=own_loop(Averaging), epochs=3)


@reported(
    "best weights by reference",
    "script",
    "own data set",
    "Fixed deep copying model.state_dict(): otherwise best_model_wts is always the last epoch's",
    f"{GITHUB}/pytorch/tutorials/pull/188",
    words=r"state_dict|deepcopy|reference|same (storage|memory|tensors)|best weights|copied|a copy",
    why="state_dict() hands out references: the best weights that are kept go on training",
)
def best_weights_by_reference(cured):
    class BackToBest(Script):
        best, weights = 0.0, None

        def prepare(self, epoch):
            super().prepare(epoch)
            if self.weights and self.accuracy < self.best:
                self.model.load_state_dict(self.weights)

        def summarise(self, logits, labels):
            numbers = super().summarise(logits, labels)
            self.accuracy = float(numbers[1])
            if self.accuracy >= self.best:
                state = self.model.state_dict()
                self.best, self.weights = self.accuracy, deepcopy(state) if cured else state
            return numbers

    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    return script_program(model, row_loaders(), optimizer, fit=own_loop(BackToBest), epochs=6)


# ---- losses ------------------------------------------------------------------------------------


@reported(
    "sigmoid before BCEWithLogits",
    "Sequential",
    "ImageFolder",
    "Sigmoid before BCEWithLogitsLoss: this loss expects logits, so sigmoid must not be added",
    f"{GITHUB}/lopuhin/kaggle-imet-2019/issues/3",
    "ER021",
    "ER024",
    words=r"sigmoid|(output|logit)s? .*(bounded|between 0|in 0|probabilit)",
    why="the loss applies a sigmoid itself: of two in a row the lowest score is 0.5",
)
def sigmoid_twice(cured):
    model = stacked() if cured else stacked(3, nn.Sigmoid())
    return script_program(model, folder_loaders(augment), loss_fn=one_against_the_rest)


@reported(
    "divergence of probabilities",
    "Lightning-like",
    "TensorDataset",
    "typo in KLDivTeacherList? KLDivLoss expects log-probabilities",
    f"{GITHUB}/sebastian-hofstaetter/matchmaker/issues/18",
    "ER022",
    words=r"log[- _]?(prob|softmax)|kl[- _]?div|diverg|loss .*(negative|below (0|zero))",
    why="KLDivLoss wants log-probabilities and gets probabilities: this is no divergence",
)
def divergence_of_probabilities(cured):
    class Divergence(Lit):
        def criterion(self, logits, labels):
            targets = F.one_hot(labels, 3).float() * 0.94 + 0.02
            scores = F.log_softmax(logits, dim=1) if cured else F.softmax(logits, dim=1)
            return F.kl_div(scores, targets, reduction="batchmean")

    module = Divergence(Net())
    return script_program(module, None, module.configure_optimizers(), module.criterion)


@reported(
    "smoothed targets that sum to 1.9",
    "Lightning-like",
    "own data set",
    "About Label Smoothing: 1.0 is added for each class, instead of label_smoothing",
    f"{GITHUB}/TimDettmers/ConvE/issues/55",
    "ER022",
    words=r"smooth|sum to|targets?\b.*(sum|more than 1)|not a (distribution|mean)",
    why="1 / C is added to the targets in place of 0.1 / C: half of the loss asks for the uniform",
)
def smoothed_by_one(cured):
    class Smoothed(Lit):
        def criterion(self, logits, labels):
            share = 0.1
            targets = (1 - share) * F.one_hot(labels, 3) + (share if cured else 1.0) / 3
            return -(targets * F.log_softmax(logits, dim=1)).sum(1).mean()

    module = Smoothed(stacked())
    return script_program(
        module, row_loaders(), module.configure_optimizers(), module.criterion,
        valid_loss_fn=F.cross_entropy,
    )


@reported(
    "balanced twice",
    "script",
    "own data set",
    "Default configs implement both sampler and loss weighing: the balance is skewed too much",
    f"{GITHUB}/FGA-DIKU/BONSAI/issues/352",
    "ER027",
    words=r"(sampler|class weight|balanc)\w*\b.*(twice|both|already|as well|too)|twice",
    why="the sampler evens the classes out, and the loss weighs the rare one eight times once more",
)
def balanced_twice(cured):
    images, labels = drawn("train")
    kept = np.concatenate([np.flatnonzero(labels != 1), np.flatnonzero(labels == 1)[:8]])
    counts = np.bincount(labels[kept])
    weights = 1 / counts[labels[kept]]
    sampler = WeightedRandomSampler(weights.tolist(), len(kept))
    train = DataLoader(FaceRows(images[kept], labels[kept]), batch_size=BATCH, sampler=sampler)
    uneven = torch.tensor(counts.sum() / (3 * counts), dtype=torch.float32)
    return script_program(
        stacked(),
        (train, loader(rows("validation"))),
        loss_fn=nn.CrossEntropyLoss(None if cured else uneven),
        valid_loss_fn=F.cross_entropy,
    )


# ---- metrics -----------------------------------------------------------------------------------


@reported(
    "accuracy of each output",
    "script",
    "TensorDataset",
    "Use binary accuracy for binary cross-entropy loss: for [0,0,1] and [0,0,0] it is 2/3",
    f"{GITHUB}/keras-team/keras/pull/3098",
    "ER084",
    words=METRIC,
    why="each of three outputs is compared by itself: an image that is missed counts as two thirds",
)
def accuracy_of_each_output(cured):
    class Elementwise(Script):
        def summarise(self, logits, labels):
            loss, accuracy = super().summarise(logits, labels)
            if not cured:
                wanted = F.one_hot(torch.cat(labels), 3).bool()
                accuracy = ((torch.cat(logits).sigmoid() > 0.5) == wanted).double().mean()
            return loss, accuracy

    model = stacked()
    return script_program(model, loss_fn=one_against_the_rest, fit=own_loop(Elementwise), epochs=3)


@reported(
    "mean losses divided by images",
    "torchvision model",
    "own data set",
    "Average loss in transfer learning tutorial calculated incorrectly",
    f"{GITHUB}/pytorch/tutorials/issues/179",
    "ER084",
    words=METRIC + r"|loss\b.*(divid|too (low|small)|not that of)",
    why="the loss of a batch is a mean already; their sum is divided by the number of images",
)
def means_divided_by_images(cured):
    class Summing(Script):
        def summarise(self, logits, labels):
            _, accuracy = super().summarise(logits, labels)
            total = 0.0
            for scores, wanted in zip(logits, labels):
                total += self.program.loss_fn(scores, wanted) * (len(wanted) if cured else 1)
            return total / sum(len(wanted) for wanted in labels), accuracy

    return script_program(ThinResNet(), row_loaders(), fit=own_loop(Summing))


@reported(
    "accuracy of the last batch",
    "Lightning-like",
    "ImageFolder",
    "I have a little question about code: this acc was just the last batch's acc",
    f"{GITHUB}/muhanzhang/pytorch_DGCNN/issues/5",
    "ER084",
    words=METRIC + r"|last batch",
    why="the accuracy is set anew in each batch, not added up: the last twelve images stay",
)
def accuracy_of_the_last_batch(cured):
    class Overwriting(LightningLoop):
        def summarise(self, logits, labels):
            loss, accuracy = super().summarise(logits, labels)
            if not cured:
                for scores, wanted in zip(logits, labels):
                    accuracy = (scores.argmax(1) == wanted).double().mean()
            return loss, accuracy

    module = Lit(stacked())
    return script_program(
        module,
        folder_loaders(augment),
        module.configure_optimizers(),
        F.cross_entropy,
        fit=own_loop(Overwriting),
        epochs=4,
    )


# ---- loaders and labels ------------------------------------------------------------------------


@reported(
    "validation drawn at random",
    "torchvision model",
    "ImageFolder",
    "Validate with the same samples: validation is randomly sampled from the validation set",
    f"{GITHUB}/openclimatefix-archives/satflow/issues/54",
    "ER051",
    "ER062",
    "ER083",
    words=FEW + r"|replacement|random(ly)? (drawn|sampl)|again|twice",
    why="60 validation images are drawn with replacement: a third is not looked at in an epoch",
)
def validation_with_replacement(cured):
    data = image_folder("validation")
    sampler = None if cured else RandomSampler(data, replacement=True)
    valid = DataLoader(data, batch_size=BATCH, sampler=sampler)
    return script_program(ThinResNet(), (loader(image_folder("train", augment), True), valid))


@reported(
    "seeded for each image",
    "script",
    "own data set",
    "Random seed: the same few variations of the original data will be used each time",
    f"{GITHUB}/zhixuhao/unet/issues/87",
    "ER061",
    "ER065",
    words=r"seed|same (random|augment|flip|crop|order)|random (number|state)",
    why="each image seeds torch: all have the same flip and crop, epochs the same order",
)
def seeded_for_each_image(cured):
    class Seeded(FaceRows):
        def __getitem__(self, row):
            if not cured:
                torch.manual_seed(1)
            return super().__getitem__(row)

    train = loader(Seeded(*drawn("train"), augment), True)
    return script_program(stacked(), (train, loader(rows("validation"))), fit=own_loop(), epochs=4)


@reported(
    "epoch of one batch",
    "Sequential",
    "TensorDataset",
    "WeightedRandomSampler and other samplers: the num_samples argument is misleading",
    f"{GITHUB}/pytorch/pytorch/issues/9171",
    "ER061",
    "ER083",
    words=FEW + r"|num_samples|(one|single) batch",
    why="num_samples is the batch size: an epoch is one batch of 16 of 192 images",
)
def samples_of_one_batch(cured):
    data = tensors("train")
    labels = data.tensors[1]
    weights = 1 / torch.bincount(labels)[labels]
    sampler = WeightedRandomSampler(weights.tolist(), len(data) if cured else BATCH)
    train = DataLoader(data, batch_size=BATCH, sampler=sampler)
    return script_program(stacked(), (train, loader(tensors("validation"))), fit=own_loop())


@reported(
    "splits taken for classes",
    "torchvision model",
    "ImageFolder",
    "ImageDataBunch.from_folder() classifies my test folder as a label for my data",
    f"{GITHUB}/fastai/fastai/issues/1552",
    "ER035",
    "ER092",
    words=r"folder|class(es)? .*(train|validation)|(label|image)s?\b.*unrelated",
    why="the root is one level too high: the classes are the folders train and validation",
)
def folders_of_the_splits(cured):
    folders = [written(f"whole/{split}", split) for split in ("train", "validation")]
    if cured:
        train, valid = [ImageFolder(folder, to_tensor) for folder in folders]
    else:
        train, valid = random_split(ImageFolder(folder_root() / "whole", to_tensor), [0.8, 0.2])
    return script_program(ThinResNet(), (loader(train, True), loader(valid)))


@reported(
    "two classes of one name",
    "script",
    "own data set",
    "ImageNet dataset duplicated label: two labels are unintentionally merged into one",
    f"{GITHUB}/pytorch/vision/issues/1734",
    "ER031",
    "ER035",
    words=r"(class|label|output) 2\b|no (image|label)|unused|never (used|occur)|merged|missing",
    why="two classes are called crane, the dictionary of names keeps one: no label is ever 2",
)
def both_are_cranes(cured):
    names = ("jay", "owl", "crane bird" if cured else "crane", "crane")
    class_to_idx = {name: number for number, name in enumerate(names)}

    def data(split):
        images, labels = drawn(split, classes=("happy", "neutral", "sad", "anger"))
        return FaceRows(images, [class_to_idx[names[label]] for label in labels])

    return script_program(stacked(4), (loader(data("train"), True), loader(data("validation"))))


@reported(
    "one image in two classes",
    "Sequential",
    "own data set",
    "Duplicate frames both in benign/ and malignant/ categories",
    f"{GITHUB}/jhl-Det/CVA-Net/issues/27",
    "ER066",
    words=r"(same|equal|identical|duplicate)\w* image|two (labels|classes)|contradict|duplicat",
    why="48 sad faces are in the folder of the happy ones as well: nobody can learn both",
)
def same_face_in_two_classes(cured):
    images, labels = drawn("train")
    if not cured:
        also = np.flatnonzero(labels == 2)[:48]
        images = np.concatenate([images, images[also]])
        labels = np.concatenate([labels, np.zeros(len(also), dtype=np.int64)])
    train = loader(FaceRows(images, labels), True)
    return script_program(stacked(), (train, loader(rows("validation"))))


# ---- images ------------------------------------------------------------------------------------


@reported(
    "bytes that wrap around",
    "script",
    "own data set",
    "Fix silent uint8 overflow, when brightness was passed as integer instead of float",
    f"{GITHUB}/LCAV/LenslessPiCam/pull/173",
    "ER041",
    "ER045",
    words=r"wrap|overflow|uint8|\bbytes?\b",
    why="uint8 times 120 wraps at 256, and is divided by 100: what is left is 0, 1 or 2 of 255",
)
def brightness_as_an_integer(cured):
    brightness = 120

    def brighter(image):
        pixels = np.asarray(image)
        if cured:
            pixels = pixels.astype(np.float32)
        return to_tensor((pixels * brightness / 100).clip(0, 255).astype(np.uint8))

    return script_program(Net(), row_loaders(brighter, brighter))


@reported(
    "noise of another unit",
    "torchvision model",
    "ImageFolder",
    "GaussNoise produces too much noise: float32 images are 100% noise",
    f"{GITHUB}/albumentations-team/albumentations/issues/809",
    "ER041",
    "ER042",
    words=r"noise",
    why="a variance of 10 to 50 was meant for bytes; on images in 0..1 only noise is left",
)
def noise_for_bytes(cured):
    def noisy(x):
        sigma = float(torch.empty(1).uniform_(10, 50)) ** 0.5
        return x + torch.randn_like(x) * (sigma / 255 if cured else sigma)

    train = transforms.Compose([transforms.ToTensor(), noisy, normalise])
    return script_program(ThinResNet(), folder_loaders(train))


@reported(
    "colours changed after normalising",
    "Lightning-like",
    "own data set",
    "remove jitter after image normalization",
    f"{GITHUB}/mlfoundations/open_flamingo/pull/156",
    "ER042",
    words=r"clamp|\bclip|jitter|below (0|zero)|negative|range of",
    why="ColorJitter clamps to 0..1: of images in -1..1 the darker half is lost, in training only",
)
def jitter_after_normalising(cured):
    jitter = transforms.ColorJitter(0.2, 0.2, 0.2)
    steps = [transforms.ToTensor(), normalise]
    steps = [jitter, *steps] if cured else [*steps, jitter]
    module = Lit(stacked())
    loaders = row_loaders(transforms.Compose(steps))
    return script_program(module, loaders, module.configure_optimizers(), F.cross_entropy)


@reported(
    "mixed in place",
    "Sequential",
    "TensorDataset",
    "bug in mixup implementation: the order of operations is wrong, a black picture",
    f"{GITHUB}/huggingface/pytorch-image-models/issues/50",
    "ER042",
    words=r"contrast|dark|scale|mix|weaker|faint",
    why="mul_ changes the images before they are flipped: the second share shrinks, images fade",
)
def mixed_in_place(cured):
    class Mixing(Script):
        def loss_of(self, images, labels, number):
            share = float(np.random.beta(1.0, 1.0))
            if cured:
                other = images.flip(0) * (1 - share)
                images.mul_(share).add_(other)
            else:
                images.mul_(share).add_(images.flip(0) * (1 - share))
            logits = self.model(images)
            first, second = F.cross_entropy(logits, labels), F.cross_entropy(logits, labels.flip(0))
            return share * first + (1 - share) * second, logits

    return script_program(stacked(), loss_fn=F.cross_entropy, fit=own_loop(Mixing), epochs=4)


@reported(
    "not what the weights were trained on",
    "torchvision model",
    "TensorDataset",
    "The torchvision pretrained VGG-16 requires normalization of inputs and you do not do this",
    f"{GITHUB}/yunxiaoshi/Neural-IMage-Assessment/issues/26",
    words=r"running (stat|mean|var)|pretrain|downloaded|statistics|normalis",
    why="the frozen body was trained on images in -1..1 and is shown 0..1: its features are off",
)
def frozen_body_without_normalising(cured):
    class Probe(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.head = downloaded(), nn.Linear(512, 3)
            self.body.fc = nn.Identity()
            self.body.requires_grad_(False)

        def train(self, mode=True):
            super().train(mode)
            self.body.eval()
            return self

        def forward(self, x):
            return self.head(self.body(x))

    model = Probe()
    read = to_tensor if cured else transforms.ToTensor()
    optimizer = torch.optim.Adam(model.head.parameters(), lr=1e-3)
    return script_program(model, row_loaders(read, read), optimizer)


REPORTS_5 = {                          # out of the first list, into one of their own
    name: REPORTS.pop(name)
    for name, report in list(REPORTS.items())
    if report.build.__module__ == __name__
}
