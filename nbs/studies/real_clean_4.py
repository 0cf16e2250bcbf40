"""Programs with nothing wrong, in the styles of `real_reports_4.py`; none is of its reports."""
import itertools

import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import CosineAnnealingWarmRestarts, LambdaLR, OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Sampler, Subset, default_collate
from torchvision import transforms
from torchvision.models.resnet import BasicBlock, ResNet
from torchvision.transforms import v2

from real_kit import (
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
    package_loop,
    rows,
    script_program,
    stacked,
    tensors,
    to_tensor,
)


# ---- scripts -----------------------------------------------------------------------------------


@clean("script", "TensorDataset")
def sgd_warmed_up_in_steps():
    class Stepwise(Script):
        def after_batch(self, number):
            self.scheduler.step()

        def after_epoch(self):
            "The schedule goes by steps."

    model = stacked()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
    schedule = LambdaLR(optimizer, lambda step: min((step + 1) / 12, 1.0) * (1 - step / 241))
    return script_program(
        model, optimizer=optimizer, scheduler=schedule, fit=own_loop(Stepwise), epochs=3
    )


@clean("script", "ImageFolder")
def averaged_weights_are_evaluated():
    class Averaging(Script):
        def __init__(self, program, watch):
            super().__init__(program, watch)
            average = get_ema_multi_avg_fn(0.9)
            self.average = AveragedModel(self.model, multi_avg_fn=average, use_buffers=True)

        def after_batch(self, number):
            self.average.update_parameters(self.model)

        @torch.no_grad()
        def evaluate(self):
            self.average.eval()
            pairs = [(self.average(images), labels) for images, labels in self.program.valid]
            return [logits for logits, _ in pairs], [labels for _, labels in pairs]

    loaders = loader(image_folder("train", augment), True), loader(image_folder("validation"))
    return script_program(stacked(), loaders, fit=own_loop(Averaging), epochs=3)


@clean("script", "own data set")
def accumulation_with_a_remainder():
    class Accumulating(Script):
        "Five batches a step; what is left at the end of an epoch makes a step of its own."

        def update(self, loss, number):
            total = len(self.program.train)
            group = min(5, total - number // 5 * 5)
            (loss / group).backward()
            if (number + 1) % 5 == 0 or number + 1 == total:
                self.optimizer.step()
                self.optimizer.zero_grad()

    model = stacked()
    loaders = loader(rows("train"), True), loader(rows("validation"))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return script_program(model, loaders, optimizer, fit=own_loop(Accumulating))


@clean("script", "Subset")
def weights_for_unequal_classes():
    data = tensors("train")
    labels = data.tensors[1]
    kept = [*(labels != 1).nonzero()[:, 0].tolist(), *(labels == 1).nonzero()[:16, 0].tolist()]
    counts = torch.bincount(labels[kept])
    loss_fn = nn.CrossEntropyLoss(counts.sum() / (3 * counts))
    loaders = loader(Subset(data, kept), True), loader(tensors("validation"))
    return script_program(stacked(), loaders, loss_fn=loss_fn, valid_loss_fn=F.cross_entropy)


@clean("script", "own data set")
def two_loaders_in_one():
    class Chained:
        "One batch of each source in turn, as long as there are any."

        def __init__(self, *loaders):
            self.loaders = loaders

        def __len__(self):
            return sum(len(part) for part in self.loaders)

        def __iter__(self):
            for group in itertools.zip_longest(*self.loaders):
                yield from (batch for batch in group if batch is not None)

    data = rows("train")
    parts = Subset(data, range(0, 192, 3)), Subset(data, [row for row in range(192) if row % 3])
    train = Chained(*(loader(part, True) for part in parts))
    return script_program(Net(), (train, loader(rows("validation"))), fit=own_loop())


@clean("script", "own data set")
def as_many_of_each_class():
    class Balanced(Sampler):
        "Batches of five images of each class, drawn anew in each epoch."

        def __init__(self, labels):
            self.labels = torch.as_tensor(labels)
            self.number = int(torch.bincount(self.labels).min()) // 5

        def __len__(self):
            return self.number

        def __iter__(self):
            places = [(self.labels == name).nonzero()[:, 0] for name in range(3)]
            mixed = [place[torch.randperm(len(place))] for place in places]
            for start in range(0, 5 * self.number, 5):
                yield torch.cat([place[start : start + 5] for place in mixed]).tolist()

    data = rows("train")
    train = DataLoader(data, batch_sampler=Balanced(drawn("train")[1]))
    return script_program(stacked(), (train, loader(rows("validation"))))


@clean("script", "TensorDataset")
def unfrozen_after_the_first_epoch():
    class Finetuned(nn.Module):
        "While the body is frozen, its normalisation sleeps; the optimizer holds it all the time."

        def __init__(self):
            super().__init__()
            self.body = downloaded()
            self.body.fc = nn.Identity()
            self.head = nn.Linear(512, 3)
            self.freeze(True)

        def freeze(self, frozen):
            self.frozen = frozen
            self.body.requires_grad_(not frozen)

        def train(self, mode=True):
            super().train(mode)
            if self.frozen:
                self.body.eval()
            return self

        def forward(self, x):
            return self.head(self.body(x))

    class Unfreezing(Script):
        def prepare(self, epoch):
            self.model.freeze(epoch == 0)
            super().prepare(epoch)

    model = Finetuned()
    groups = [{"params": model.body.parameters(), "lr": 1e-4}, {"params": model.head.parameters()}]
    optimizer = torch.optim.Adam(groups, lr=1e-3)
    return script_program(model, optimizer=optimizer, fit=own_loop(Unfreezing), epochs=3)


# ---- nn.Sequential -----------------------------------------------------------------------------


@clean("Sequential", "own data set")
def mixup_with_shares():
    mix = v2.MixUp(num_classes=3, alpha=0.4)
    train = loader(rows("train"), True, collate_fn=lambda batch: mix(*default_collate(batch)))
    return script_program(stacked(), (train, loader(rows("validation"))))


@clean("Sequential", "Subset")
def thirty_images_and_much_dropout():
    layers = [*block(3, 16), nn.Dropout2d(0.2), *block(16, 32), nn.Flatten(), nn.Dropout(0.6)]
    train = Subset(rows("train", augment), range(30))
    loaders = loader(train, True, batch_size=10), loader(rows("validation"))
    model = nn.Sequential(*layers, nn.Linear(2048, 3))
    return script_program(model, loaders, torch.optim.Adam(model.parameters(), lr=2e-3))


@clean("Sequential", "TensorDataset")
def smoothed_labels_in_training():
    return script_program(
        stacked(),
        loss_fn=nn.CrossEntropyLoss(label_smoothing=0.1),
        valid_loss_fn=nn.CrossEntropyLoss(),
        fit=package_loop,
    )


@clean("Sequential", "own data set")
def each_class_against_the_rest():
    def one_against_rest(logits, labels):
        wanted = F.one_hot(labels, 3).float()
        return F.binary_cross_entropy_with_logits(logits, wanted)

    loaders = loader(rows("train", augment), True), loader(rows("validation"))
    return script_program(stacked(), loaders, loss_fn=one_against_rest)


# ---- Lightning-like ----------------------------------------------------------------------------


@clean("Lightning-like", "ImageFolder")
def module_with_one_cycle():
    class Stepwise(LightningLoop):
        interval = "step"

    layers = []
    for channels, out in ((3, 16), (16, 32), (32, 48)):
        norm = nn.GroupNorm(4, out)
        layers += [nn.Conv2d(channels, out, 3, padding=1), norm, nn.SiLU(), nn.MaxPool2d(2)]
    module = Lit(nn.Sequential(*layers, nn.Flatten(), nn.Dropout(0.2), nn.Linear(768, 3)))
    optimizer = torch.optim.SGD(module.parameters(), lr=0.01, momentum=0.9, nesterov=True)
    loaders = loader(image_folder("train", augment), True), loader(image_folder("validation"))
    return script_program(
        module,
        loaders,
        optimizer,
        F.cross_entropy,
        scheduler=OneCycleLR(optimizer, 0.05, total_steps=20 * len(loaders[0])),
        fit=own_loop(Stepwise),
        epochs=3,
    )


# ---- torchvision models ------------------------------------------------------------------------


@clean("torchvision model", "ImageFolder")
def smaller_crops_in_training():
    crop = transforms.RandomResizedCrop(28, scale=(0.6, 1.0), ratio=(0.9, 1.1))
    read = transforms.Compose([crop, transforms.RandomHorizontalFlip(), to_tensor])
    loaders = loader(image_folder("train", read), True), loader(image_folder("validation"))
    model = downloaded()
    return script_program(model, loaders, torch.optim.AdamW(model.parameters(), lr=5e-4))


@clean("torchvision model", "TensorDataset")
def head_that_begins_at_zero():
    model = downloaded()
    nn.init.zeros_(model.fc.weight)
    nn.init.zeros_(model.fc.bias)
    groups = [
        {"params": [part for name, part in model.named_parameters() if name[:2] != "fc"]},
        {"params": model.fc.parameters(), "lr": 1e-3},
    ]
    return script_program(model, optimizer=torch.optim.Adam(groups, lr=2e-4))


@clean("torchvision model", "own data set")
def group_norm_and_warm_restarts():
    def norm(channels):
        return nn.GroupNorm(8, channels)

    model = ResNet(BasicBlock, [1, 1, 1, 1], num_classes=3, norm_layer=norm)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4, weight_decay=0.02)
    loaders = loader(rows("train"), True), loader(rows("validation"))
    return script_program(
        model,
        loaders,
        optimizer,
        scheduler=CosineAnnealingWarmRestarts(optimizer, 5, eta_min=1e-4),
        fit=own_loop(),
        epochs=3,
    )


CLEAN_4 = {                            # out of the first list, into one of their own
    name: CLEAN.pop(name)
    for name, (_, _, build) in list(CLEAN.items())
    if build.__module__ == __name__
}
