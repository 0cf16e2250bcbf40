"""Programs with nothing wrong, in the styles of `real_reports_3.py`; none is of its reports."""
import copy

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts
from torch.utils.data import DataLoader, RandomSampler, Sampler, Subset, random_split
from torchvision.models import RegNet
from torchvision.models.regnet import BlockParams
from torchvision.models.resnet import BasicBlock, ResNet

from real_kit import (
    BATCH,
    CLEAN,
    LightningLoop,
    Lit,
    Net,
    Script,
    augment,
    block,
    clean,
    downloaded,
    drawn,
    image_folder,
    loader,
    own_loop,
    rows,
    script_program,
    stacked,
    tensors,
)


# ---- loaders -----------------------------------------------------------------------------------


@clean("script", "own data set")
def five_of_each_class_in_a_batch():
    class Balanced(Sampler):
        "Batches with as many images of each class."

        def __init__(self, labels, each):
            self.places = [torch.nonzero(labels == number).flatten() for number in labels.unique()]
            self.each = each

        def __len__(self):
            return min(len(place) for place in self.places) // self.each

        def __iter__(self):
            mixed = [place[torch.randperm(len(place))] for place in self.places]
            for start in range(0, len(self) * self.each, self.each):
                yield torch.cat([place[start:start + self.each] for place in mixed]).tolist()

    sampler = Balanced(torch.from_numpy(drawn("train")[1]), 5)
    train = DataLoader(rows("train"), batch_sampler=sampler)
    return script_program(stacked(), (train, loader(rows("validation"))))


@clean("script", "TensorDataset")
def two_loaders_in_turn():
    class InTurn:
        "A batch of the one, a batch of the other, until both are read."

        def __init__(self, *loaders):
            self.loaders = loaders

        def __len__(self):
            return sum(len(part) for part in self.loaders)

        def __iter__(self):
            for batches in zip(*self.loaders):
                yield from batches

    data = tensors("train")
    halves = random_split(data, [96, 96])
    train = InTurn(*(loader(half, True) for half in halves))
    return script_program(Net(), (train, loader(tensors("validation"))), fit=own_loop())


@clean("Sequential", "own data set")
def drawn_with_replacement():
    data = rows("train", augment)
    sampler = RandomSampler(data, replacement=True, num_samples=256)
    train = DataLoader(data, batch_size=BATCH, sampler=sampler)
    return script_program(stacked(), (train, loader(rows("validation"))))


@clean("Sequential", "Subset")
def thirty_images():
    train = Subset(tensors("train"), list(range(30)))
    layers = [*block(3, 8), *block(8, 16), nn.Flatten(), nn.Dropout(0.3), nn.Linear(1024, 3)]
    model = nn.Sequential(*layers)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)
    loaders = loader(train, True, batch_size=6), loader(tensors("validation"))
    return script_program(model, loaders, optimizer)


# ---- losses and rates --------------------------------------------------------------------------


@clean("Lightning-like", "ImageFolder")
def warm_restarts_and_smoothing():
    module = Lit(stacked(), lr=2e-3)
    optimizer = module.configure_optimizers()
    return script_program(
        module,
        (loader(image_folder("train", augment), True), loader(image_folder("validation"))),
        optimizer,
        nn.CrossEntropyLoss(label_smoothing=0.1),
        valid_loss_fn=nn.CrossEntropyLoss(),
        scheduler=CosineAnnealingWarmRestarts(optimizer, T_0=5),
        fit=own_loop(LightningLoop),
        epochs=3,
    )


@clean("Sequential", "TensorDataset")
def divergence_from_smooth_labels():
    def divergence(logits, labels):
        wanted = F.one_hot(labels, 3).float() * 0.85 + 0.05
        return F.kl_div(F.log_softmax(logits, dim=1), wanted, reduction="batchmean")

    return script_program(stacked(), loss_fn=divergence, valid_loss_fn=nn.CrossEntropyLoss())


@clean("script", "own data set")
def patches_cut_and_mixed_in_the_loop():
    class CutMix(Script):
        def loss_of(self, images, labels, number):
            order = torch.randperm(len(images))
            side, mixed = int(torch.randint(4, 14, ())), images.clone()
            top, left = torch.randint(0, 33 - side, (2,)).tolist()
            window = (..., slice(top, top + side), slice(left, left + side))
            mixed[window] = images[order][window]
            logits, share = self.model(mixed), side**2 / 1024
            first = self.program.loss_fn(logits, labels)
            second = self.program.loss_fn(logits, labels[order])
            return (1 - share) * first + share * second, logits

    loaders = loader(rows("train"), True), loader(rows("validation"))
    return script_program(stacked(), loaders, fit=own_loop(CutMix))


@clean("script", "TensorDataset")
def two_gradients_for_a_step():
    class Sharpness(Script):
        "A step up to the worst weights nearby, then a step with the gradient found there."

        def loss_of(self, images, labels, number):
            self.batch = images, labels
            return super().loss_of(images, labels, number)

        def update(self, loss, number):
            learning = list(self.model.parameters())
            rises = torch.autograd.grad(loss, learning)
            size = torch.stack([rise.norm() for rise in rises]).norm() + 1e-12
            rises = [0.02 * rise / size for rise in rises]
            with torch.no_grad():
                torch._foreach_add_(learning, rises)
            self.optimizer.zero_grad()
            super().loss_of(*self.batch, number)[0].backward()
            with torch.no_grad():
                torch._foreach_sub_(learning, rises)
            self.optimizer.step()

    return script_program(Net(), fit=own_loop(Sharpness))


# ---- evaluation --------------------------------------------------------------------------------


@clean("script", "ImageFolder")
def averaged_copy_is_evaluated():
    class Averaged(Script):
        "Evaluation is by a moving average of weights and buffers; the network itself trains on."

        def __init__(self, program, watch):
            super().__init__(program, watch)
            self.average = copy.deepcopy(self.model).eval()

        def after_batch(self, number):
            old, new = self.average.state_dict(), self.model.state_dict()
            for name, tensor in old.items():
                if tensor.is_floating_point():
                    tensor.lerp_(new[name], 0.2)

        def evaluate(self):
            with torch.no_grad():
                pairs = [(self.average(images), labels) for images, labels in self.program.valid]
            return [logits for logits, _ in pairs], [labels for _, labels in pairs]

    loaders = loader(image_folder("train"), True), loader(image_folder("validation"))
    return script_program(stacked(), loaders, fit=own_loop(Averaged), epochs=3)


@clean("Lightning-like", "own data set")
def mean_of_image_and_mirror():
    class Mirrored(LightningLoop):
        def evaluate(self):
            self.model.eval()
            logits, labels = [], []
            with torch.no_grad():
                for images, truth in self.program.valid:
                    logits.append((self.model(images) + self.model(images.flip(3))) / 2)
                    labels.append(truth)
            return logits, labels

    module = Lit(stacked())
    loaders = loader(rows("train", augment), True), loader(rows("validation"))
    optimizer = module.configure_optimizers()
    return script_program(module, loaders, optimizer, F.cross_entropy, fit=own_loop(Mirrored))


# ---- networks ----------------------------------------------------------------------------------


@clean("Sequential", "ImageFolder")
def dropout_everywhere():
    layers = [nn.Dropout(0.1)]
    for channels, out in ((3, 16), (16, 32)):
        layers += [nn.Conv2d(channels, out, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        layers.append(nn.Dropout2d(0.1))
    layers += [nn.Flatten(), nn.Linear(2048, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 3)]
    loaders = loader(image_folder("train"), True), loader(image_folder("validation"))
    return script_program(nn.Sequential(*layers), loaders)


@clean("torchvision model", "TensorDataset")
def small_regnet():
    stages = BlockParams.from_init_params(depth=4, w_0=32, w_a=8.0, w_m=2.0, group_width=8)
    model = RegNet(stages, num_classes=3, stem_width=16)
    return script_program(model, optimizer=torch.optim.NAdam(model.parameters(), lr=2e-3))


@clean("torchvision model", "random_split")
def resnet_with_group_norm():
    model = ResNet(BasicBlock, [1, 1, 1, 1], 3, norm_layer=lambda width: nn.GroupNorm(8, width))
    train, valid = random_split(rows("train"), [144, 48])
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-4, weight_decay=0.05)
    return script_program(model, (loader(train, True), loader(valid)), optimizer)


@clean("torchvision model", "ImageFolder")
def batchnorm_asleep_weights_awake():
    class Finetuned(nn.Module):
        "All weights learn; BatchNorm keeps the statistics of the download, as detectors do."

        def __init__(self):
            super().__init__()
            self.net = downloaded()

        def train(self, mode=True):
            super().train(mode)
            for part in self.modules():
                if isinstance(part, nn.BatchNorm2d):
                    part.eval()
            return self

        def forward(self, x):
            return self.net(x)

    model = Finetuned()
    loaders = loader(image_folder("train", augment), True), loader(image_folder("validation"))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, weight_decay=1e-4)
    return script_program(model, loaders, optimizer)


@clean("torchvision model", "own data set")
def last_stage_unfrozen_later():
    class Finetuned(nn.Module):
        "The head learns first; the backbone sleeps, its last stage until it is woken."

        def __init__(self):
            super().__init__()
            self.body, self.head = downloaded().requires_grad_(False), nn.Linear(512, 3)
            self.body.fc = nn.Identity()

        def train(self, mode=True):
            super().train(mode)
            self.body.eval()
            return self

        def forward(self, x):
            return self.head(self.body(x))

    class Wakes(Script):
        def prepare(self, epoch):
            super().prepare(epoch)
            if epoch == 1:
                stage = self.model.body.layer4.requires_grad_(True)
                self.optimizer.add_param_group({"params": list(stage.parameters()), "lr": 1e-4})

    model = Finetuned()
    loaders = loader(rows("train"), True), loader(rows("validation"))
    optimizer = torch.optim.Adam(model.head.parameters(), lr=2e-3)
    return script_program(model, loaders, optimizer, fit=own_loop(Wakes), epochs=3)


CLEAN_3 = {                            # out of the first list, into one of their own
    name: CLEAN.pop(name)
    for name, (_, _, build) in list(CLEAN.items())
    if build.__module__ == __name__
}
