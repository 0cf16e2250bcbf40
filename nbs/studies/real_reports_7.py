"""A seventh list of programs made after public reports, by the rules of `real_reports_2.py`.

None of its reports is in an earlier list. Its right causes were written down before any program
was shown to the guards, by an author who knew the names and questions of the checks, not their
code.
"""
from copy import deepcopy
from functools import cache

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import StepLR
from torch.utils.data import ConcatDataset, Subset, TensorDataset, random_split
from torchvision import transforms
from torchvision.datasets import ImageFolder
from torchvision.transforms import functional as TF

from real_kit import (
    CLASSES,
    LightningLoop,
    Lit,
    Net,
    REPORTS,
    SIDE,
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
    tensor_loaders,
    tensors,
    to_tensor,
)

GITHUB = "https://github.com"
FIVE = ("happy", "sad", "surprise", "anger", "neutral")

# What another check would say, in words.
COMPANY = r"other (image|row|compan)|same (batch|image)s? twice|batch mates|neighbours in the batch"
METRIC = r"reported (accuracy|loss|number|metric)|(accuracy|loss)\b.*predictions|metric"
RATE = r"schedul|(learning )?rate .*(is 0\b|zero|constant|falls|never|ends|same|differ|overwrit)"
SHARED = r"(images?|pictures?) .*(in common|shared|both splits|both loaders)|leak|duplicat|copies"


class Partly(nn.Module):
    "A network of which only the parts with these names learn; the rest is frozen and asleep."

    def __init__(self, net, *learning):
        super().__init__()
        self.net = net
        self.asleep = [part for name, part in net.named_children() if name not in learning]
        for part in self.asleep:
            part.requires_grad_(False)

    def train(self, mode=True):
        super().train(mode)
        for part in self.asleep:
            part.eval()
        return self

    def forward(self, x):
        return self.net(x)

    def learned(self):
        return [part for part in self.parameters() if part.requires_grad]


@cache
def trained_teacher():
    "A network that has learned from faces that the programs do not have."
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = stacked()
        optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
        for _ in range(20):
            for images, labels in loader(tensors("train", seed=7), True):
                optimizer.zero_grad()
                F.cross_entropy(model(images), labels).backward()
                optimizer.step()
    return model.eval().requires_grad_(False)


# ---- images ------------------------------------------------------------------------------------


@reported(
    "one data set with two transforms",
    "script",
    "random_split",
    "fix: data augmentation: set on the validation set, it erases that of the training set",
    f"{GITHUB}/growingnet/gromo/pull/58",
    "ER067",
    words=r"augment|transform|(nothing|never) .*random|same (view|pixel)s? .*(epoch|pass|again)",
    why="both parts point at one data set: the transform that is set last holds for both",
)
def last_transform_wins(cured):
    data = image_folder("train")
    train, valid = random_split(data, [150, 42])
    if cured:
        valid = Subset(image_folder("train"), valid.indices)
    train.dataset.transform = augment
    valid.dataset.transform = to_tensor
    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    return script_program(model, (loader(train, True), loader(valid)), optimizer)


@reported(
    "drawn when it was made",
    "script",
    "own data set",
    "Augmentation's randomness in classification code: sampled only at initialization",
    f"{GITHUB}/lhoyer/MIC/issues/75",
    "ER067",
    "ER065",
    "ER042",
    words=r"augment|(drawn|random).* (once|anew|same)|bright|contrast|jitter",
    why="brightness and contrast are drawn in __init__: all images, in all epochs, get the same",
)
def jitter_drawn_in_init(cured):
    class Jitter:
        def __init__(self):
            self.draw()

        def draw(self):
            self.brightness, self.contrast = np.random.uniform(0.6, 1.4, 2)

        def __call__(self, image):
            if cured:
                self.draw()
            image = TF.adjust_brightness(image, self.brightness)
            return to_tensor(TF.adjust_contrast(image, self.contrast))

    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, row_loaders(Jitter()), optimizer)


@reported(
    "one draw for the whole batch",
    "script",
    "TensorDataset",
    "Support same_on_batch: RandomResizedCrop will crop at the same location for all images",
    f"{GITHUB}/pytorch/vision/issues/2929",
    "ER065",
    "ER067",
    words=r"(whole|same) batch|same (flip|crop|draw|shift)|(all|every) images? .*(same|alike)",
    why="a transform that is given a batch draws once: all its images are turned and cut alike",
)
def transform_of_a_batch(cured):
    augmented = transforms.Compose(
        [transforms.RandomHorizontalFlip(), transforms.RandomCrop(SIDE, padding=3)]
    )

    class OnTheBatch(Script):
        def loss_of(self, images, labels, number):
            if cured:
                images = torch.stack([augmented(image) for image in images])
            else:
                images = augmented(images)
            return super().loss_of(images, labels, number)

    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, optimizer=optimizer, fit=own_loop(OnTheBatch), epochs=3)


@reported(
    "BGR for weights of RGB",
    "torchvision model",
    "own data set",
    "An OpenCV sneaky bug that everyone should knows! The neural nets are expecting RGB",
    f"{GITHUB}/EdjeElectronics/TensorFlow-Object-Detection-API-Tutorial-Train-Multiple-Objects-"
    "Windows-10/issues/369",
    words=r"channel|BGR|RGB|colou?r",
    why="imread hands out BGR, in both splits; the frozen body was trained on RGB",
)
def imread_for_a_frozen_body(cured):
    def read(image):
        array = np.asarray(image)[:, :, ::-1]  # as cv2.imread hands it out
        if cured:
            array = array[:, :, ::-1]  # cv2.COLOR_BGR2RGB
        return to_tensor(array.copy())

    model = Partly(downloaded(), "fc")
    optimizer = torch.optim.Adam(model.learned(), lr=3e-3)
    return script_program(model, row_loaders(read, read), optimizer)


@reported(
    "resized in another way",
    "Sequential",
    "own data set",
    "In transforms.Resize, tensor interpolate is not the same as PIL resize",
    f"{GITHUB}/pytorch/vision/issues/2950",
    "ER129",
    "ER120",
    "ER042",
    "ER043",
    words=r"sharp|blur|antialias|interpolat|resiz",
    why="training makes pictures small with antialiasing, evaluation tensors without: they differ",
)
def tensors_resized_without_antialiasing(cured):
    small = (12, 12)
    train = transforms.Compose([transforms.Resize(small), transforms.ToTensor(), normalise])
    valid = transforms.Compose(
        [transforms.ToTensor(), transforms.Resize(small, antialias=False), normalise]
    )
    layers = [*block(3, 24), *block(24, 48), nn.Flatten(), nn.Linear(432, 3)]
    model = nn.Sequential(*layers)
    loaders = row_loaders(train, train if cured else valid)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, loaders, optimizer)


@reported(
    "turned by any angle",
    "script",
    "ImageFolder",
    "fix typo in rotation: says that it's doing a (-45,45) degree rotation, but (-720,720)",
    f"{GITHUB}/Project-MONAI/tutorials/pull/9",
    "ER120",
    words=r"rotat|turned|upside|orient|angle",
    why="up to two turns in place of an eighth: training faces lie in all directions, upside down",
)
def rotated_by_two_turns(cured):
    turned = transforms.RandomRotation(45 if cured else 16 * 45)
    read = transforms.Compose([turned, to_tensor])
    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return script_program(model, folder_loaders(read), optimizer)


# ---- labels and splits -------------------------------------------------------------------------


@reported(
    "two folders, each numbered by itself",
    "script",
    "ImageFolder",
    "Label problems when train on multiple datasets: labeled as '0' when it should be '3'",
    f"{GITHUB}/ultralytics/yolov5/issues/4844",
    "ER032",
    "ER036",
    "ER092",
    words=r"class(es)? .*(order|number|differ)|order .*class|concat|two (folder|source)s",
    why="the second folder lacks a class, so that its neutral faces are 0 and its sad ones 1",
)
def second_folder_has_two_classes(cured):
    class Numbered(ImageFolder):
        def find_classes(self, directory):
            return list(CLASSES), {name: number for number, name in enumerate(CLASSES)}

    top = folder_root() / "second site"
    for number, (image, label) in enumerate(zip(*drawn("train", seed=3))):
        if label > 0:
            (top / CLASSES[label]).mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(top / CLASSES[label] / f"{number:04d}.png")
    first = image_folder("train")
    if cured:
        second = Numbered(str(top), to_tensor, allow_empty=True)
    else:
        second = ImageFolder(str(top), to_tensor)
    loaders = loader(ConcatDataset([first, second]), True), loader(image_folder("validation"))
    return script_program(stacked(), loaders)


@reported(
    "one cache for both splits",
    "script",
    "TensorDataset",
    "Little bug in db/custom.py: one cache file, the validation dataset is the train dataset",
    f"{GITHUB}/liuruijin17/LSTR/issues/84",
    "ER063",
    "ER093",
    "ER064",
    words=SHARED,
    why="the name of the cache lacks the split: validation loads what training has stored",
)
def cache_without_the_split(cured):
    def cached(split):
        name = f"faces_{split}.pt" if cured else "faces.pt"
        place = folder_root() / name
        if not place.exists():
            torch.save(tensors(split).tensors, place)
        return TensorDataset(*torch.load(place))

    loaders = loader(cached("train"), True), loader(cached("validation"))
    return script_program(stacked(), loaders)


@reported(
    "mirrored copies on both sides",
    "Sequential",
    "random_split",
    "issue with training/testing partition: first the data augmentation, then the split",
    f"{GITHUB}/robinreni96/Font_Recognition-DeepFont/issues/2",
    "ER063",
    words=SHARED + r"|(near|almost|nearly) (equal|the same)|mirror",
    why="noisy and mirrored copies are made before the split: most images have theirs over there",
)
def copied_then_split(cured):
    def with_copies(images, labels):
        copies = images.flip(3) + 0.05 * torch.randn_like(images)
        return TensorDataset(torch.cat([images, copies]), torch.cat([labels, labels]))

    images, labels = tensors("train").tensors
    if cured:
        train = with_copies(images[:144], labels[:144])
        valid = TensorDataset(images[144:], labels[144:])
    else:
        train, valid = random_split(with_copies(images, labels), [288, 96])
    return script_program(stacked(), (loader(train, True), loader(valid)))


@reported(
    "zip stops at the shorter loader",
    "script",
    "own data set",
    "DataLoarder Bug: zip will only iterate up to the shortest DataLoader",
    f"{GITHUB}/pascalcpp/SDCL/issues/6",
    "ER083",
    "ER128",
    words=r"\d+ of \d+ (image|row|batch)|never (read|seen|reached)|fewer|not (all|every)",
    why="48 unlabelled images are used up after three batches, and end the epoch: 48 of 192 faces",
)
def labelled_and_unlabelled_zipped(cured):
    class Together:
        "Labelled batches; the unlabelled one that belongs to a batch is kept at hand."

        def __init__(self, labelled, unlabelled):
            self.labelled, self.dataset = labelled, labelled.dataset
            self.unlabelled = unlabelled

        def __len__(self):
            return len(self.labelled)

        def again_and_again(self):
            while True:
                yield from self.unlabelled

        def __iter__(self):
            others = self.again_and_again() if cured else self.unlabelled
            for batch, (self.extra, _) in zip(self.labelled, others):
                yield batch

    class Entropy(Script):
        def loss_of(self, images, labels, number):
            loss, logits = super().loss_of(images, labels, number)
            scores = self.model(self.program.train.extra).log_softmax(1)
            return loss - 0.1 * (scores.exp() * scores).sum(1).mean(), logits

    train, valid = row_loaders(augment)
    extra = loader(Subset(rows("train", seed=5), range(48)), True)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, (Together(train, extra), valid), optimizer, fit=own_loop(Entropy))


@reported(
    "seeded in each epoch",
    "Lightning-like",
    "own data set",
    "Reset seed at the beginning of each epoch: safer to set it to a different value per epoch",
    f"{GITHUB}/k2-fsa/icefall/pull/221",
    "ER061",
    "ER065",
    words=r"same order|(epoch|pass)\w* .*(same|equal|alike|repeat)|seed",
    why="each epoch begins with the same seed: the same order, flips, crops and dropout for ever",
)
def seeded_before_each_epoch(cured):
    class Seeded(LightningLoop):
        def prepare(self, epoch):
            super().prepare(epoch)
            torch.manual_seed(42 + epoch if cured else 42)

    module = Lit(Net(dropout=0.2), lr=2e-3)
    optimizer = module.configure_optimizers()
    loaders = row_loaders(augment)
    return script_program(
        module, loaders, optimizer, F.cross_entropy, fit=own_loop(Seeded), epochs=4
    )


# ---- loss and metrics --------------------------------------------------------------------------


@reported(
    "mean over the classes, too",
    "script",
    "TensorDataset",
    "Knowledge Distillation Loss: mean() should be sum over the classes, then mean",
    f"{GITHUB}/GMvandeVen/continual-learning/issues/5",
    "ER022",
    "ER033",
    words=r"mean over|(times|too) small|divided|per class|over the classes",
    why="the cross-entropy of soft targets is averaged over classes as well: a fifth of the loss",
)
def mean_of_images_and_classes(cured):
    def soft_cross_entropy(logits, labels):
        targets = 0.9 * F.one_hot(labels, len(FIVE)) + 0.1 / len(FIVE)
        terms = -targets * logits.log_softmax(1)
        return terms.sum(1).mean() if cured else terms.mean()

    model = stacked(len(FIVE))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
    loaders = [tensors(split, classes=FIVE) for split in ("train", "validation")]
    return script_program(
        model,
        (loader(loaders[0], True), loader(loaders[1])),
        optimizer,
        soft_cross_entropy,
        valid_loss_fn=F.cross_entropy,
    )


@reported(
    "smoothed in evaluation",
    "torchvision model",
    "ImageFolder",
    "Add comment for label_smoothing: you need an additional criterion on the test set",
    f"{GITHUB}/pytorch/pytorch/issues/129050",
    "ER023",
    words=r"smooth",
    why="the loss of training serves for validation as well: its labels are smoothed, too",
)
def one_criterion_for_both(cured):
    criterion = nn.CrossEntropyLoss(label_smoothing=0.2)
    model = ThinResNet(3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return script_program(
        model,
        folder_loaders(augment),
        optimizer,
        criterion,
        valid_loss_fn=nn.CrossEntropyLoss() if cured else criterion,
    )


@reported(
    "weights in another order of classes",
    "script",
    "Subset",
    "Label indices do not match class weights or paper notation",
    f"{GITHUB}/declare-lab/MELD/issues/51",
    "ER027",
    words=r"class weight|weight\w* .*(class|rare|frequent)",
    why="the weights were listed for another order of the classes: the frequent one has a rare's",
)
def weights_as_in_the_readme(cured):
    counts = {"happy": 60, "neutral": 40, "sad": 12}
    labels = drawn("train")[1]
    chosen = [np.flatnonzero(labels == CLASSES.index(name))[:n] for name, n in counts.items()]
    train = Subset(rows("train"), np.concatenate(chosen).tolist())
    listed = CLASSES if cured else ("sad", "happy", "neutral")
    weight = torch.tensor([sum(counts.values()) / (3 * counts[name]) for name in listed])
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(
        model,
        (loader(train, True), loader(rows("validation"))),
        optimizer,
        nn.CrossEntropyLoss(weight=weight),
        valid_loss_fn=nn.CrossEntropyLoss(),
    )


@reported(
    "training accuracy shown for validation",
    "script",
    "ImageFolder",
    "Fixed a value where the training accuracy was shown instead of the validation accuracy",
    f"{GITHUB}/tensorflow/text/pull/731",
    "ER084",
    "ER111",
    words=METRIC,
    why="the number that is called validation accuracy is the training accuracy of the epoch",
)
def accuracy_of_the_other_split(cured):
    class Shown(Script):
        def prepare(self, epoch):
            super().prepare(epoch)
            self.hits = self.count = 0

        def loss_of(self, images, labels, number):
            loss, logits = super().loss_of(images, labels, number)
            self.hits += (logits.argmax(1) == labels).sum().item()
            self.count += len(labels)
            return loss, logits

        def summarise(self, logits, labels):
            loss, accuracy = super().summarise(logits, labels)
            return loss, accuracy if cured else self.hits / self.count

    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, folder_loaders(), optimizer, fit=own_loop(Shown), epochs=3)


@reported(
    "last batch counted as a full one",
    "script",
    "TensorDataset",
    "Small bug in accuracy computation: multiplied by args.batchsize, not by the true size",
    f"{GITHUB}/mitmul/chainer-cifar10/issues/1",
    "ER084",
    words=METRIC,
    why="the mean of each batch counts 16 times, that of the last 12 too: accuracies are too high",
)
def means_times_the_batch_size(cured):
    class Meter(Script):
        def summarise(self, logits, labels):
            total, hits, count = 0.0, 0.0, len(self.program.valid.dataset)
            for scores, truth in zip(logits, labels):
                size = len(truth) if cured else self.program.valid.batch_size
                total += self.program.loss_fn(scores, truth) * size
                hits += (scores.argmax(1) == truth).double().mean() * size
            return total / count, hits / count

    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, optimizer=optimizer, fit=own_loop(Meter), epochs=3)


# ---- rates and steps ---------------------------------------------------------------------------


@reported(
    "one rate for all groups",
    "torchvision model",
    "TensorDataset",
    "Question about lr: adjust_learning_rate will adjust all params with the same lr",
    f"{GITHUB}/JUGGHM/PENet_ICRA2021/issues/29",
    words=r"group|rates? .*(overwrit|same|differ|begin|chang|set )",
    why="the body was to learn ten times more slowly; the first epoch sets one rate for all groups",
)
def rate_of_every_group(cured):
    class Adjusting(Script):
        def prepare(self, epoch):
            super().prepare(epoch)
            for group, begun in zip(self.optimizer.param_groups, (2e-4, 2e-3)):
                group["lr"] = (begun if cured else 2e-3) * 0.9**epoch

    model = downloaded()
    body = [part for name, part in model.named_parameters() if not name.startswith("fc.")]
    groups = [{"params": body, "lr": 2e-4}, {"params": model.fc.parameters(), "lr": 2e-3}]
    optimizer = torch.optim.Adam(groups)
    return script_program(model, optimizer=optimizer, fit=own_loop(Adjusting), epochs=3)


@reported(
    "rate written into a copy",
    "script",
    "ImageFolder",
    "Adjusting learning rate: not optimizer.state_dict()['param_groups'] but param_groups",
    f"{GITHUB}/pytorch/examples/issues/64",
    "ER101",
    "ER006",
    words=RATE,
    why="state_dict() hands out copies of the groups: the rate that is written there is lost",
)
def rate_of_the_state_dict(cured):
    class Adjusting(Script):
        def prepare(self, epoch):
            super().prepare(epoch)
            groups = self.optimizer.state_dict()["param_groups"]
            for group in self.optimizer.param_groups if cured else groups:
                group["lr"] = 0.05 * 0.7 ** (epoch // 2)

    model = stacked()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    loaders = folder_loaders(augment)
    return script_program(model, loaders, optimizer, fit=own_loop(Adjusting), epochs=5)


@reported(
    "schedule begun anew",
    "script",
    "own data set",
    "A tiny bug during training: it will reset the optimizer and lr_scheduler",
    f"{GITHUB}/nianticlabs/manydepth/issues/46",
    "ER006",
    "ER101",
    words=RATE + r"|optimi[sz]er .*(anew|new|another|replac)|begins? (anew|again)",
    why="optimizer and schedule are made anew in the epoch in which the rate falls: it never does",
)
def schedule_made_when_it_falls(cured):
    class Staged(Script):
        def prepare(self, epoch):
            super().prepare(epoch)
            if epoch == 4:
                self.model[0].requires_grad_(False)
                if not cured:
                    self.optimizer, self.scheduler = made(self.model)
                    self.reporter.state.optimizer = self.optimizer
                    self.reporter.state.scheduler = self.scheduler

    def made(model):
        learning = [part for part in model.parameters() if part.requires_grad]
        optimizer = torch.optim.Adam(learning, lr=3e-3)
        return optimizer, StepLR(optimizer, step_size=4, gamma=0.1)

    model = stacked()
    optimizer, schedule = made(model)
    return script_program(
        model,
        row_loaders(),
        optimizer,
        scheduler=schedule,
        fit=own_loop(Staged),
        planned=8,
        epochs=6,
    )


@reported(
    "two steps for a gradient",
    "script",
    "TensorDataset",
    "optimizer step bugfix: either scaler.step(optim) or optim.step(), not both",
    f"{GITHUB}/IAHispano/Applio/pull/860",
    "ER130",
    words=r"(two|second|twice|double)\b.* (step|update)|(step|update)s? .*(twice|two\b|double)",
    why="scaler.step() has made the step already; optimizer.step() makes it once more",
)
def scaler_and_optimizer_step(cured):
    class Scaled(Script):
        def __init__(self, program, watch):
            super().__init__(program, watch)
            self.scaler = torch.amp.GradScaler("cpu")

        def update(self, loss, number):
            self.optimizer.zero_grad()
            self.scaler.scale(loss).backward()
            self.scaler.step(self.optimizer)
            self.scaler.update()
            if not cured:
                self.optimizer.step()

    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, optimizer=optimizer, fit=own_loop(Scaled))


@reported(
    "group that holds nothing",
    "Lightning-like",
    "own data set",
    "Bug fix: fix setting different learning rates between backbone and main model: silent bug",
    f"{GITHUB}/huggingface/lerobot/pull/280",
    words=r"empty|group|no (parameter|tensor|weight)s",
    why="names begin with network., so the backbone's group is empty: it learns at the head's rate",
)
def backbone_is_not_found(cured):
    class Policy(nn.Module):
        def __init__(self):
            super().__init__()
            self.backbone, self.head = downloaded(), nn.Linear(512, 3)
            self.backbone.fc = nn.Identity()

        def forward(self, x):
            return self.head(self.backbone(x))

    module = Lit(Policy())
    prefix = "network.backbone." if cured else "backbone."
    named = list(module.named_parameters())
    slow = [part for name, part in named if name.startswith(prefix)]
    fast = [part for name, part in named if not name.startswith(prefix)]
    optimizer = torch.optim.Adam([{"params": fast}, {"params": slow, "lr": 1e-4}], lr=3e-3)
    return script_program(module, row_loaders(augment), optimizer, F.cross_entropy)


@reported(
    "remainder thrown away",
    "script",
    "own data set",
    "Gradient accumulation bug: the last batches of an epoch will be ignored",
    f"{GITHUB}/tomhosking/torchseq/issues/8",
    "ER073",
    words=r"accumulat|remainder|last \w+ batch|batch(es)? .*(lost|never|thrown|no (step|update))",
    why="twelve batches, five a step: the gradients of the last two are cleared in each epoch",
)
def remainder_is_cleared(cured):
    class Accumulating(Script):
        def prepare(self, epoch):
            super().prepare(epoch)
            self.optimizer.zero_grad()

        def update(self, loss, number):
            total = len(self.program.train)
            group = min(5, total - number // 5 * 5) if cured else 5
            (loss / group).backward()
            if (number + 1) % 5 == 0 or (cured and number + 1 == total):
                self.optimizer.step()
                self.optimizer.zero_grad()

    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    return script_program(
        model, row_loaders(), optimizer, fit=own_loop(Accumulating), epochs=3
    )


@reported(
    "clipped behind the step",
    "Sequential",
    "ImageFolder",
    "Incorrect use of torch.nn.utils.clip_grad_norm: after opt.step() it isn't doing anything",
    f"{GITHUB}/VGraphRNN/VGRNN/issues/4",
    words=r"clip|gradient .*(changed|after) .*step",
    why="the gradient is clipped when the step has been made: every step is as long as it would be",
)
def clipped_behind_the_step(cured):
    class Clipping(Script):
        def update(self, loss, number):
            self.optimizer.zero_grad()
            loss.backward()
            if cured:
                nn.utils.clip_grad_norm_(self.model.parameters(), 0.5)
            self.optimizer.step()
            if not cured:
                nn.utils.clip_grad_norm_(self.model.parameters(), 0.5)

    layers = [*block(3, 16), *block(16, 32), nn.Flatten(), nn.Linear(2048, 3)]
    model = nn.Sequential(*layers)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    return script_program(model, folder_loaders(), optimizer, fit=own_loop(Clipping))


# ---- networks ----------------------------------------------------------------------------------


@reported(
    "state of the batch before",
    "script",
    "TensorDataset",
    "RNN:resetStates is broken: the last hidden output is copied unless the batch size changes",
    f"{GITHUB}/soumith/cudnn.torch/issues/348",
    "ER052",
    words=COMPANY + r"|state .*(kept|carried|left)|batch before|two (passes|calls)",
    why="a batch begins with the hidden state that the batch before it left, in evaluation too",
)
def state_is_never_reset(cured):
    class Reader(nn.Module):
        "Reads an image row by row."

        def __init__(self):
            super().__init__()
            self.stem = nn.Sequential(*block(3, 16))
            self.rnn, self.fc = nn.GRU(256, 64, batch_first=True), nn.Linear(64, 3)
            self.state = None

        def forward(self, x):
            rows = self.stem(x).transpose(1, 2).flatten(2)
            if cured or self.state is None or self.state.shape[1] != len(x):
                self.state = torch.zeros(1, len(x), 64)
            told, state = self.rnn(rows, self.state)
            self.state = state.detach()
            return self.fc(told.mean(1))

    model = Reader()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return script_program(model, optimizer=optimizer)


@reported(
    "normalised along the batch",
    "script",
    "own data set",
    "Normalizing possible wrong axis: F.normalize(dim=0) normalizes along the batch",
    f"{GITHUB}/alireza-nasiri/SoundCLR/issues/4",
    "ER052",
    words=COMPANY + r"|normali[sz]\w* .*batch",
    why="features get length 1 along the batch: an image's logits depend on its company",
)
def features_normalised_over_images(cured):
    class Unit(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(*block(3, 16), *block(16, 32), *block(32, 48))
            self.fc = nn.Linear(768, 3)

        def forward(self, x):
            features = self.body(x).flatten(1)
            return self.fc(10 * F.normalize(features, dim=1 if cured else 0))

    model = Unit()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return script_program(model, row_loaders(), optimizer)


@reported(
    "view mixes the batch",
    "script",
    "ImageFolder",
    "Combine outputs of bidirectional encoder: view mixes the outputs of different samples",
    f"{GITHUB}/facebookresearch/fairseq/issues/239",
    "ER052",
    "ER121",
    words=COMPANY + r"|mixes|belong|own label",
    why="(2, N, H) is viewed as (N, 2H) without a transpose: logits are those of other images",
)
def directions_without_a_transpose(cured):
    class Reader(nn.Module):
        "Reads an image row by row, in both directions."

        def __init__(self):
            super().__init__()
            self.stem = nn.Sequential(*block(3, 16))
            self.rnn = nn.LSTM(256, 48, batch_first=True, bidirectional=True)
            self.fc = nn.Linear(96, 3)

        def forward(self, x):
            last = self.rnn(self.stem(x).transpose(1, 2).flatten(2))[1][0]
            if cured:
                last = last.transpose(0, 1).contiguous()
            return self.fc(last.view(len(x), -1))

    model = Reader()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return script_program(model, folder_loaders(), optimizer)


@reported(
    "dropped branches are not rescaled",
    "torchvision model",
    "own data set",
    "Bug in StochasticDepth not multiplying by `keep_probability` in eval",
    f"{GITHUB}/mosaicml/composer/issues/372",
    words=r"depth|dropped|branch|keep|rescal|(training|evaluation) mode .*(larger|differ|another)",
    why="branches are left out half of the time in training, and count in full in evaluation",
)
def branches_count_twice_in_evaluation(cured):
    class Sampled(nn.Module):
        def __init__(self, width, keep=0.5):
            super().__init__()
            conv = nn.Conv2d(width, width, 3, padding=1)
            self.branch = nn.Sequential(conv, nn.BatchNorm2d(width), nn.ReLU())
            self.keep = keep

        def forward(self, x):
            out = self.branch(x)
            if self.training:
                return x + out * (torch.rand(len(x), 1, 1, 1) < self.keep)
            return x + (self.keep * out if cured else out)

    model = ThinResNet(3)
    model.layer2.append(nn.Sequential(Sampled(128), Sampled(128), Sampled(128)))
    model.layer3, model.layer4, model.fc = nn.Identity(), nn.Identity(), nn.Linear(128, 3)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, row_loaders(), optimizer)


@reported(
    "thawed by a toggle",
    "Lightning-like",
    "TensorDataset",
    "Resolve bug with multiple optimizers and toggle: it would lose the requires_grad state",
    f"{GITHUB}/Lightning-AI/pytorch-lightning/pull/5574",
    "ER012",
    words=r"frozen|thaw|requires_grad",
    why="before each epoch all parameters of the optimizer are set to learn, the frozen body's too",
)
def toggled_and_thawed(cured):
    class Toggling(LightningLoop):
        def __init__(self, program, watch):
            super().__init__(program, watch)
            self.held = [part for group in self.optimizer.param_groups for part in group["params"]]
            self.wanted = [part.requires_grad for part in self.held]

        def prepare(self, epoch):
            super().prepare(epoch)
            for part, wanted in zip(self.held, self.wanted):
                part.requires_grad_(wanted if cured else True)

    module = Lit(Partly(downloaded(), "fc"), lr=1e-3)
    optimizer = module.configure_optimizers()
    return script_program(
        module, None, optimizer, F.cross_entropy, fit=own_loop(Toggling), epochs=3
    )


@reported(
    "answers of other batches",
    "script",
    "own data set",
    "Fix bug about teacher output: the teacher's output disagrees with the batch's labels",
    f"{GITHUB}/haitongli/knowledge-distillation-pytorch/pull/17",
    "ER022",
    words=r"teacher|soft (target|label)|(second|further|extra) (loss|term)|other batch",
    why="the teacher was asked in another order of the rows: its answers belong to other images",
)
def teacher_asked_beforehand(cured):
    teacher = trained_teacher()

    def asked(images):
        with torch.no_grad():
            return teacher(images)

    class Taught(Script):
        def prepare(self, epoch):
            super().prepare(epoch)
            if not cured:
                self.answers = [asked(images) for images, _ in self.program.train]

        def loss_of(self, images, labels, number):
            loss, logits = super().loss_of(images, labels, number)
            answers = asked(images) if cured else self.answers[number]
            soft = (answers / 2).softmax(1)
            taught = F.kl_div((logits / 2).log_softmax(1), soft, reduction="batchmean")
            return 0.2 * loss + 0.8 * 4 * taught, logits

    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, row_loaders(), optimizer, fit=own_loop(Taught), epochs=3)


@reported(
    "average assigned to a name",
    "script",
    "TensorDataset",
    "fix parameter assignment bug: the assignment will not copy, it should be data.copy_",
    f"{GITHUB}/YU1ut/MixMatch-pytorch/pull/23",
    "ER085",
    "ER124",
    words=r"average|evaluated .*(another|other|copy|random)|never (moved?|change|updated?)",
    why="the average is assigned to the name in the loop: what is evaluated is the random start",
)
def average_is_only_a_name(cured):
    class Averaged(Script):
        def __init__(self, program, watch):
            super().__init__(program, watch)
            self.average = deepcopy(program.model)

        def after_batch(self, number):
            with torch.no_grad():
                for kept, part in zip(self.average.parameters(), self.model.parameters()):
                    if cured:
                        kept.copy_(0.8 * kept + 0.2 * part)
                    else:
                        kept = 0.8 * kept + 0.2 * part

        def evaluate(self):
            self.average.eval()
            with torch.no_grad():
                pairs = [(self.average(images), labels) for images, labels in self.program.valid]
            return [logits for logits, _ in pairs], [labels for _, labels in pairs]

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(
        model, tensor_loaders(), optimizer, fit=own_loop(Averaged), epochs=4
    )


REPORTS_7 = {                          # out of the first list, into one of their own
    name: REPORTS.pop(name)
    for name, report in list(REPORTS.items())
    if report.build.__module__ == __name__
}
