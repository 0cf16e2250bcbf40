"""Programs with nothing wrong, in the styles of `real_reports_5.py`; none is of its reports."""
import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import weight_norm
from torch.optim.lr_scheduler import PolynomialLR
from torch.utils.data import DataLoader, RandomSampler, Subset
from torchvision import transforms
from torchvision.models.vgg import make_layers
from torchvision.ops import StochasticDepth

from real_kit import (
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
    image_folder,
    loader,
    own_loop,
    rows,
    script_program,
    stacked,
    tensors,
    to_tensor,
)


# ---- scripts -----------------------------------------------------------------------------------


@clean("script", "TensorDataset")
def rate_set_by_hand():
    class ByHand(Script):
        "The rate of each step is written into the groups, as many repositories do."

        def prepare(self, epoch):
            super().prepare(epoch)
            self.done = epoch * len(self.program.train)

        def update(self, loss, number):
            step, steps = self.done + number, self.program.planned * len(self.program.train)
            rate = 2e-3 * min(1.0, (step + 1) / 20) * (1 + math.cos(math.pi * step / steps)) / 2
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            super().update(loss, number)

    return script_program(stacked(), fit=own_loop(ByHand), epochs=3)


@clean("script", "own data set")
def half_of_the_images_in_each_epoch():
    data = rows("train", augment)
    train = DataLoader(data, batch_size=8, sampler=RandomSampler(data, num_samples=96))
    return script_program(stacked(), (train, loader(rows("validation"))), fit=own_loop(), epochs=3)


@clean("script", "TensorDataset")
def augmented_on_the_batch():
    class OnBatch(Script):
        def loss_of(self, images, labels, number):
            if torch.rand(()) < 0.5:
                images = images.flip(3)
            images = images + 0.05 * torch.randn_like(images)
            return super().loss_of(images, labels, number)

    return script_program(stacked(), fit=own_loop(OnBatch), epochs=3)


@clean("script", "ImageFolder")
def mean_of_five_crops():
    class Crops(nn.Module):
        "Of several crops of an image the mean of the logits."

        def __init__(self):
            super().__init__()
            self.net = stacked()

        def forward(self, x):
            if x.ndim == 4:
                return self.net(x)
            return self.net(x.flatten(0, 1)).view(*x.shape[:2], -1).mean(1)

    def five(image):
        return torch.stack([to_tensor(crop) for crop in transforms.FiveCrop(28)(image)])

    train = transforms.Compose([transforms.RandomCrop(28), to_tensor])
    loaders = loader(image_folder("train", train), True), loader(image_folder("validation", five))
    return script_program(Crops(), loaders)


@clean("script", "Subset")
def focal_loss_with_class_weights():
    data = tensors("train")
    labels = data.tensors[1]
    kept = [*(labels != 2).nonzero()[:, 0].tolist(), *(labels == 2).nonzero()[:24, 0].tolist()]
    counts = torch.bincount(labels[kept])
    weights = counts.sum() / (3 * counts)

    def focal(logits, wanted):
        picked = F.log_softmax(logits, dim=1).gather(1, wanted[:, None])[:, 0]
        losses = -weights[wanted] * (1 - picked.exp()) ** 2 * picked
        return losses.sum() / weights[wanted].sum()

    loaders = loader(Subset(data, kept), True), loader(tensors("validation"))
    return script_program(stacked(), loaders, loss_fn=focal, valid_loss_fn=F.cross_entropy)


@clean("script", "own data set")
def cosine_head_with_a_learned_scale():
    class Cosine(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(*block(3, 16), *block(16, 32), nn.Flatten())
            self.features = nn.Linear(32 * 64, 32)
            self.classes = nn.Parameter(torch.randn(3, 32) * 0.1)
            self.scale = nn.Parameter(torch.tensor(5.0))

        def forward(self, x):
            x = F.normalize(self.features(self.body(x)), dim=1)
            return self.scale * x @ F.normalize(self.classes, dim=1).T

    loaders = loader(rows("train"), True), loader(rows("validation"))
    return script_program(Cosine(), loaders)


@clean("script", "own data set")
def mean_of_two_networks():
    class Pair(nn.Module):
        def __init__(self):
            super().__init__()
            self.members = nn.ModuleList([Net(), stacked()])

        def forward(self, x):
            return torch.stack([member(x) for member in self.members]).mean(0)

    return script_program(Pair(), (loader(rows("train"), True), loader(rows("validation"))))


# ---- nn.Sequential -----------------------------------------------------------------------------


@clean("Sequential", "TensorDataset")
def one_image_a_step():
    layers = [nn.Conv2d(3, 16, 3, padding=1), nn.GroupNorm(4, 16), nn.ReLU(), nn.MaxPool2d(2)]
    layers += [nn.Conv2d(16, 32, 3, padding=1), nn.GroupNorm(4, 32), nn.ReLU(), nn.MaxPool2d(2)]
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(32 * 64, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=2e-3, momentum=0.5)
    loaders = loader(tensors("train"), True, batch_size=1), loader(tensors("validation"))
    return script_program(model, loaders, optimizer)


@clean("Sequential", "ImageFolder")
def weight_norm_and_radam():
    layers = [weight_norm(nn.Conv2d(3, 16, 5, stride=2)), nn.ELU(), nn.Dropout2d(0.05)]
    layers += [weight_norm(nn.Conv2d(16, 32, 3, stride=2)), nn.ELU(), nn.Flatten()]
    model = nn.Sequential(*layers, weight_norm(nn.Linear(32 * 36, 64)), nn.ELU(), nn.Linear(64, 3))
    loaders = loader(image_folder("train"), True), loader(image_folder("validation"))
    return script_program(model, loaders, torch.optim.RAdam(model.parameters(), lr=2e-3))


# ---- Lightning-like ----------------------------------------------------------------------------


@clean("Lightning-like", "TensorDataset")
def taught_by_a_downloaded_network():
    teacher = downloaded(5).eval().requires_grad_(False)
    teacher.fc = nn.Identity()

    class Student(Lit):
        "Beside the labels it learns the features of a teacher, who is not part of it."

        def __init__(self):
            super().__init__(stacked())
            self.to_teacher = nn.Linear(48, 512)

        def training_step(self, batch, number):
            images, labels = batch
            features = self.network[:-1](images)
            logits = self.network[-1](features)
            with torch.no_grad():
                wanted = teacher(images)
            hint = F.mse_loss(self.to_teacher(features), wanted)
            return {"loss": self.criterion(logits, labels) + 0.1 * hint, "logits": logits.detach()}

    module = Student()
    return script_program(
        module,
        None,
        module.configure_optimizers(),
        F.cross_entropy,
        fit=own_loop(LightningLoop),
        epochs=3,
    )


@clean("Lightning-like", "own data set")
def auxiliary_head_in_training():
    class Deep(Lit):
        "A second classifier half way up, as in GoogLeNet: in training only."

        def __init__(self):
            super().__init__(nn.Identity())
            self.first, self.second = nn.Sequential(*block(3, 16)), nn.Sequential(*block(16, 32))
            self.early, self.late = nn.Linear(16, 3), nn.Linear(32 * 64, 3)

        def forward(self, x):
            return self.late(self.second(self.first(x)).flatten(1))

        def training_step(self, batch, number):
            images, labels = batch
            middle = self.first(images)
            logits = self.late(self.second(middle).flatten(1))
            early = self.early(middle.mean(dim=(2, 3)))
            loss = self.criterion(logits, labels) + 0.3 * self.criterion(early, labels)
            return {"loss": loss, "logits": logits.detach()}

    module = Deep()
    return script_program(
        module,
        (loader(rows("train", augment), True), loader(rows("validation"))),
        module.configure_optimizers(),
        F.cross_entropy,
        fit=own_loop(LightningLoop),
        epochs=3,
    )


@clean("Lightning-like", "ImageFolder")
def module_with_polynomial_decay():
    module = Lit(stacked())
    optimizer = torch.optim.NAdam(module.parameters(), lr=2e-3)
    loaders = loader(image_folder("train", augment), True), loader(image_folder("validation"))
    return script_program(
        module,
        loaders,
        optimizer,
        F.cross_entropy,
        scheduler=PolynomialLR(optimizer, total_iters=20, power=0.9),
        fit=own_loop(LightningLoop),
        epochs=3,
    )


# ---- torchvision models ------------------------------------------------------------------------


@clean("torchvision model", "own data set")
def rates_by_depth():
    model = downloaded()
    stages = [[model.conv1, model.bn1], [model.layer1], [model.layer2], [model.layer3]]
    stages += [[model.layer4], [model.fc]]
    groups = []
    for depth, parts in enumerate(reversed(stages)):
        learning = [weight for part in parts for weight in part.parameters()]
        groups.append({"params": learning, "lr": 1e-3 * 0.6**depth})
    loaders = loader(rows("train", augment), True), loader(rows("validation"))
    return script_program(model, loaders, torch.optim.AdamW(groups, weight_decay=0.01))


@clean("torchvision model", "ImageFolder")
def blocks_left_out_at_random():
    class Skipping(nn.Module):
        "Stochastic depth: in training the second block is left out for one image in five."

        def __init__(self):
            super().__init__()
            self.net, self.drop = ThinResNet(), StochasticDepth(0.2, "row")
            self.extra = nn.Sequential(
                nn.Conv2d(64, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU()
            )

        def forward(self, x):
            net = self.net
            x = net.layer1(net.maxpool(net.relu(net.bn1(net.conv1(x)))))
            x = x + self.drop(self.extra(x))
            return net.fc(net.layer4(net.layer3(net.layer2(x))).mean(dim=(2, 3)))

    loaders = loader(image_folder("train"), True), loader(image_folder("validation"))
    return script_program(Skipping(), loaders)


@clean("torchvision model", "Subset")
def vgg_blocks_with_a_short_classifier():
    features = make_layers([16, "M", 32, "M", 64, "M"], batch_norm=True)
    classifier = [nn.Flatten(), nn.Linear(1024, 64), nn.ReLU(), nn.Dropout(), nn.Linear(64, 3)]
    model = nn.Sequential(features, *classifier)
    order = np.random.permutation(192).tolist()
    loaders = (
        loader(Subset(rows("train", augment), order[48:]), True),
        loader(Subset(rows("train"), order[:48])),
    )
    return script_program(model, loaders, torch.optim.AdamW(model.parameters(), lr=1e-3))


CLEAN_5 = {                            # out of the first list, into one of their own
    name: CLEAN.pop(name)
    for name, (_, _, build) in list(CLEAN.items())
    if build.__module__ == __name__
}
