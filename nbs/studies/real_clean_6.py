"""Programs with nothing wrong, in the styles of `real_reports_6.py`; none is of its reports."""
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm
from torch.optim.lr_scheduler import CyclicLR, LinearLR
from torch.utils.data import DataLoader, Sampler, Subset
from torchvision.models.resnet import Bottleneck, ResNet

from real_kit import (
    BATCH,
    CLEAN,
    LightningLoop,
    Lit,
    Net,
    Script,
    ThinResNet,
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


# ---- scripts -----------------------------------------------------------------------------------


@clean("script", "own data set")
def sharpness_aware_steps():
    class Sharpness(Script):
        "Climb a little, take the gradient there, go back, and step with it."

        def loss_of(self, images, labels, number):
            self.batch = images, labels
            return super().loss_of(images, labels, number)

        def update(self, loss, number):
            self.optimizer.zero_grad()
            loss.backward()
            learned = [part for part in self.model.parameters() if part.grad is not None]
            norm = torch.stack([part.grad.norm() for part in learned]).norm() + 1e-12
            climbed = [0.02 * part.grad / norm for part in learned]
            with torch.no_grad():
                torch._foreach_add_(learned, climbed)
            self.optimizer.zero_grad()
            images, labels = self.batch
            self.program.loss_fn(self.model(images), labels).backward()
            with torch.no_grad():
                torch._foreach_sub_(learned, climbed)
            self.optimizer.step()

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    loaders = loader(rows("train"), True), loader(rows("validation"))
    return script_program(model, loaders, optimizer, fit=own_loop(Sharpness))


@clean("script", "TensorDataset")
def margins_of_several_classes():
    model = stacked()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    return script_program(model, None, optimizer, nn.MultiMarginLoss(margin=1.0))


@clean("script", "tensors without a loader")
def batches_without_a_loader():
    class Batches:
        "What people write who keep the whole set in memory."

        def __init__(self, split, mixed):
            self.images, self.labels = tensors(split).tensors
            self.mixed = mixed

        def __len__(self):
            return (len(self.labels) + BATCH - 1) // BATCH

        def __iter__(self):
            count = len(self.labels)
            order = torch.randperm(count) if self.mixed else torch.arange(count)
            for chosen in order.split(BATCH):
                yield self.images[chosen], self.labels[chosen]

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    loaders = Batches("train", True), Batches("validation", False)
    return script_program(model, loaders, optimizer, fit=own_loop())


@clean("script", "ImageFolder")
def several_sizes_in_training():
    class Sizes(Script):
        "Each batch in a size of its own, evaluation in the size of the files."

        def loss_of(self, images, labels, number):
            side = (28, 32, 36)[int(torch.randint(3, (1,)))]
            if side != 32:
                images = F.interpolate(images, size=side, mode="bilinear", antialias=True)
            return super().loss_of(images, labels, number)

    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    loaders = loader(image_folder("train"), True), loader(image_folder("validation"))
    return script_program(model, loaders, optimizer, fit=own_loop(Sizes))


@clean("script", "Subset")
def logits_adjusted_by_priors():
    labels = drawn("train")[1]
    counts = (60, 30, 20)
    chosen = [np.flatnonzero(labels == label)[:count] for label, count in enumerate(counts)]
    train = Subset(rows("train"), np.concatenate(chosen).tolist())
    prior = (torch.tensor(counts) / sum(counts)).log()

    def adjusted(logits, labels):
        return F.cross_entropy(logits + prior, labels)

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(
        model,
        (loader(train, True), loader(rows("validation"))),
        optimizer,
        adjusted,
        valid_loss_fn=F.cross_entropy,
        fit=own_loop(),
    )


@clean("script", "own data set")
def each_image_twice_in_a_batch():
    class Twice(Sampler):
        "Repeated augmentation: two views of an image in the same batch, half the images an epoch."

        def __init__(self, count):
            self.count = count

        def __len__(self):
            return self.count

        def __iter__(self):
            half = torch.randperm(self.count)[: self.count // 2]
            return iter(half.repeat_interleave(2).tolist())

    data = rows("train", augment)
    train = DataLoader(data, batch_size=BATCH, sampler=Twice(len(data)))
    layers = [*block(3, 16), *block(16, 32), nn.Flatten(), nn.Linear(2048, 3)]
    model = nn.Sequential(*layers)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return script_program(model, (train, loader(rows("validation"))), optimizer)


@clean("script", "TensorDataset")
def more_validation_than_training():
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    loaders = loader(tensors("validation"), True, batch_size=10), loader(tensors("train"))
    return script_program(model, loaders, optimizer)


# ---- nn.Sequential -----------------------------------------------------------------------------


@clean("Sequential", "TensorDataset")
def spectral_norm_on_every_layer():
    layers = []
    for channels, out in ((3, 16), (16, 32), (32, 48)):
        layers.append(spectral_norm(nn.Conv2d(channels, out, 3, padding=1)))
        layers += [nn.LeakyReLU(0.1), nn.MaxPool2d(2)]
    layers += [nn.Flatten(), nn.Linear(768, 3)]
    model = nn.Sequential(*layers)
    return script_program(model, optimizer=torch.optim.Adam(model.parameters(), lr=2e-3))


@clean("Sequential", "ImageFolder")
def tanh_and_average_pooling():
    "The LeNet of 1998, but for its last layer."
    layers = [nn.Conv2d(3, 6, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh()]
    layers += [nn.AvgPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.Tanh()]
    layers += [nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 3)]
    model = nn.Sequential(*layers)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    loaders = loader(image_folder("train"), True), loader(image_folder("validation"))
    return script_program(model, loaders, optimizer)


@clean("Sequential", "own data set")
def patches_through_a_mixer():
    class Mixer(nn.Module):
        "One block: between the patches, then between the channels."

        def __init__(self, patches=64, width=32):
            super().__init__()
            self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
            self.across = nn.Sequential(nn.Linear(patches, 64), nn.GELU(), nn.Linear(64, patches))
            self.within = nn.Sequential(nn.Linear(width, 64), nn.GELU(), nn.Linear(64, width))

        def forward(self, x):
            x = x + self.across(self.first(x).transpose(1, 2)).transpose(1, 2)
            return x + self.within(self.second(x))

    class Mean(nn.Module):
        def forward(self, x):
            return x.mean(1)

    stem = [nn.Conv2d(3, 32, 4, stride=4), nn.Flatten(2)]
    turned = nn.Sequential(*stem, Turned())
    model = nn.Sequential(turned, Mixer(), Mixer(), nn.LayerNorm(32), Mean(), nn.Linear(32, 3))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.05)
    loaders = loader(rows("train"), True), loader(rows("validation"))
    return script_program(model, loaders, optimizer)


class Turned(nn.Module):
    "(N, C, L) -> (N, L, C)"

    def forward(self, x):
        return x.transpose(1, 2)


# ---- Lightning-like ----------------------------------------------------------------------------


@clean("Lightning-like", "TensorDataset")
def module_that_clips_and_warms_up():
    class Clipping(LightningLoop):
        interval = "step"

        def update(self, loss, number):
            self.optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()

    module = Lit(stacked(), lr=2e-3)
    optimizer = module.configure_optimizers()
    schedule = LinearLR(optimizer, start_factor=0.1, total_iters=12)
    return script_program(
        module, None, optimizer, F.cross_entropy, scheduler=schedule, fit=own_loop(Clipping)
    )


@clean("Lightning-like", "own data set")
def module_with_five_dropouts():
    class Averaged(nn.Module):
        "Five dropout masks, one classifier, the mean of the logits."

        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(*block(3, 16), *block(16, 32), nn.Flatten())
            self.masks = nn.ModuleList(nn.Dropout(0.1 * part) for part in range(1, 6))
            self.fc = nn.Linear(2048, 3)

        def forward(self, x):
            x = self.body(x)
            return torch.stack([self.fc(mask(x)) for mask in self.masks]).mean(0)

    module = Lit(Averaged())
    loaders = loader(rows("train"), True), loader(rows("validation"))
    return script_program(module, loaders, module.configure_optimizers(), F.cross_entropy)


# ---- torchvision models ------------------------------------------------------------------------


@clean("torchvision model", "ImageFolder")
def convolutions_in_groups():
    model = ResNet(Bottleneck, [1, 1, 1, 1], num_classes=3, groups=4, width_per_group=16)
    loaders = loader(image_folder("train", augment), True), loader(image_folder("validation"))
    return script_program(
        model, loaders, torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.02)
    )


@clean("torchvision model", "own data set")
def only_biases_and_head_learn():
    class Biases(nn.Module):
        "BitFit: every weight but the head's stays, and BatchNorm keeps its statistics."

        def __init__(self):
            super().__init__()
            self.net = downloaded()
            for name, part in self.net.named_parameters():
                part.requires_grad_(name.endswith("bias") or name.startswith("fc."))

        def train(self, mode=True):
            super().train(mode)
            for part in self.net.modules():
                if isinstance(part, nn.BatchNorm2d):
                    part.eval()
            return self

        def forward(self, x):
            return self.net(x)

    model = Biases()
    learning = [part for part in model.parameters() if part.requires_grad]
    loaders = loader(rows("train"), True), loader(rows("validation"))
    return script_program(model, loaders, torch.optim.Adam(learning, lr=2e-3))


@clean("torchvision model", "TensorDataset")
def triangles_of_the_rate():
    class EachStep(Script):
        def after_batch(self, number):
            self.scheduler.step()

        def after_epoch(self):
            "The schedule counts batches."

    model = ThinResNet(3)
    optimizer = torch.optim.SGD(model.parameters(), lr=5e-4, momentum=0.9)
    schedule = CyclicLR(optimizer, 5e-4, max_lr=5e-3, step_size_up=24, cycle_momentum=False)
    return script_program(
        model, optimizer=optimizer, scheduler=schedule, fit=own_loop(EachStep), epochs=3
    )


CLEAN_6 = {                            # out of the first list, into one of their own
    name: CLEAN.pop(name)
    for name, (_, _, build) in list(CLEAN.items())
    if build.__module__ == __name__
}
