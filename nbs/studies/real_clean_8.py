"""Programs with nothing wrong, in the styles of `real_reports_8.py`; none is of its reports."""

from collections import OrderedDict
from copy import deepcopy

import numpy as np
import torch
from PIL import Image, ImageOps
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import LambdaLR, StepLR
from torch.utils.data import Subset
from torchvision import transforms
from torchvision.datasets import ImageFolder
from torchvision.transforms import functional as TF

from real_kit import (
    CLASSES,
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
    earlier_weights,
    folder_loaders,
    folder_root,
    image_folder,
    loader,
    own_loop,
    row_loaders,
    rows,
    script_program,
    stacked,
    tensor_loaders,
    tensors,
    to_tensor,
    written,
)
from real_reports_7 import Partly
from real_reports_8 import unequal_rows

# ---- scripts: steps ----------------------------------------------------------------------------


@clean("script", "own data set")
def five_batches_and_the_rest():
    class Accumulating(Script):
        "A step after five batches and after the last; each batch counts by its share of the group."

        def update(self, loss, number):
            total = len(self.program.train)
            (loss / min(5, total - number // 5 * 5)).backward()
            if (number + 1) % 5 == 0 or number + 1 == total:
                self.optimizer.step()
                self.optimizer.zero_grad()

    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=4e-3)
    return script_program(model, row_loaders(), optimizer, fit=own_loop(Accumulating), epochs=3)


@clean("script", "own data set")
def validated_twice_an_epoch():
    class Validating(Script):
        def after_batch(self, number):
            if number == 5:
                self.evaluate()
                self.model.train()

    model = nn.Sequential(
        *block(3, 16), *block(16, 32), nn.Flatten(), nn.Dropout(0.3), nn.Linear(2048, 3)
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return script_program(model, row_loaders(augment), optimizer, fit=own_loop(Validating))


@clean("script", "TensorDataset")
def statistics_refreshed_before_evaluation():
    class Refreshed(Script):
        "The running statistics are taken anew from training images, with the weights of now."

        def evaluate(self):
            self.model.train()
            with torch.no_grad():
                for images, _ in self.program.train:
                    self.model(images)
            return super().evaluate()

    model = stacked()
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    return script_program(model, optimizer=optimizer, fit=own_loop(Refreshed))


@clean("script", "ImageFolder")
def scaler_that_is_switched_off():
    class Scaled(Script):
        "The script knows mixed precision; this machine does not."

        def __init__(self, program, watch):
            super().__init__(program, watch)
            self.scaler = torch.amp.GradScaler("cpu", enabled=False)

        def update(self, loss, number):
            self.optimizer.zero_grad(set_to_none=True)
            self.scaler.scale(loss).backward()
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
            self.scaler.step(self.optimizer)
            self.scaler.update()

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, folder_loaders(), optimizer, fit=own_loop(Scaled))


@clean("script", "TensorDataset")
def forward_in_bfloat16():
    class Mixed(Script):
        "The network in bfloat16, the loss in float32."

        def loss_of(self, images, labels, number):
            with torch.autocast("cpu", torch.bfloat16):
                logits = self.model(images)
            logits = logits.float()
            return self.program.loss_fn(logits, labels), logits

    model = stacked()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    return script_program(model, optimizer=optimizer, fit=own_loop(Mixed))


@clean("script", "own data set")
def gradients_centred_before_the_step():
    class Centred(Script):
        "The mean of each filter's gradient is taken off before the step."

        def update(self, loss, number):
            self.optimizer.zero_grad()
            loss.backward()
            for part in self.model.parameters():
                if part.ndim > 1:
                    part.grad.sub_(part.grad.flatten(1).mean(1).view(-1, *[1] * (part.ndim - 1)))
            self.optimizer.step()

    model = stacked()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    return script_program(model, row_loaders(augment), optimizer, fit=own_loop(Centred))


@clean("script", "TensorDataset")
def norms_kept_below_a_bound():
    class Bounded(Script):
        "After a step no row of the classifier is longer than 3."

        def update(self, loss, number):
            super().update(loss, number)
            with torch.no_grad():
                self.model.fc3.weight.copy_(self.model.fc3.weight.renorm(2, 0, 3.0))

    model = Net(dropout=0.2)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, optimizer=optimizer, fit=own_loop(Bounded), epochs=3)


@clean("script", "own data set")
def taught_by_its_own_average():
    class Consistent(Script):
        "The answers of the average of the weights are a second target; the network is evaluated."

        def __init__(self, program, watch):
            super().__init__(program, watch)
            self.teacher = deepcopy(program.model).requires_grad_(False)

        def loss_of(self, images, labels, number):
            loss, logits = super().loss_of(images, labels, number)
            with torch.no_grad():
                answers = self.teacher(images).softmax(1)
            return loss + 0.3 * (logits.softmax(1) - answers).square().sum(1).mean(), logits

        def after_batch(self, number):
            for kept, part in zip(self.teacher.parameters(), self.model.parameters()):
                kept.lerp_(part.detach(), 0.1)

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, row_loaders(augment), optimizer, fit=own_loop(Consistent))


# ---- scripts: rates and losses -----------------------------------------------------------------


@clean("script", "own data set")
def rate_divided_every_seven_epochs():
    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    schedule = StepLR(optimizer, step_size=7, gamma=0.2)
    return script_program(
        model, row_loaders(augment), optimizer, scheduler=schedule, fit=own_loop()
    )


@clean("script", "own data set")
def resumed_with_everything():
    "Four epochs are over; weights, moments and schedule come from the checkpoint."

    def made():
        model = stacked()
        optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
        return model, optimizer, LambdaLR(optimizer, lambda epoch: 0.95**epoch)

    train, valid = row_loaders()
    first = made()
    for _ in range(4):
        for images, labels in train:
            first[1].zero_grad()
            F.cross_entropy(first[0](images), labels).backward()
            first[1].step()
        first[2].step()
    model, optimizer, schedule = made()
    for new, old in zip((model, optimizer, schedule), first):
        new.load_state_dict(deepcopy(old.state_dict()))
    return script_program(
        model, (train, valid), optimizer, scheduler=schedule, fit=own_loop(), planned=16
    )


@clean("script", "TensorDataset")
def logarithm_of_bounded_shares():
    def loss_fn(logits, labels):
        return F.nll_loss(logits.softmax(1).clamp(min=1e-6).log(), labels)

    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    plain = nn.CrossEntropyLoss()
    return script_program(model, None, optimizer, loss_fn, valid_loss_fn=plain, fit=own_loop())


@clean("script", "own data set")
def generalised_cross_entropy():
    def loss_fn(logits, labels, power=0.5):
        "Less steep than cross-entropy, for labels that may be wrong."
        shares = logits.softmax(1).gather(1, labels[:, None])
        return ((1 - shares**power) / power).mean()

    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    plain = nn.CrossEntropyLoss()
    return script_program(
        model, row_loaders(), optimizer, loss_fn, valid_loss_fn=plain, fit=own_loop()
    )


@clean("script", "Subset")
def weights_by_effective_number():
    train, _ = unequal_rows()
    counts = np.bincount([label for _, label in train])
    effective = (1 - 0.98**counts) / (1 - 0.98)
    weight = torch.tensor(len(counts) / effective / (1 / effective).sum(), dtype=torch.float32)
    model = Net()
    return script_program(
        model,
        (loader(train, True), loader(rows("validation"))),
        torch.optim.Adam(model.parameters(), lr=2e-3),
        nn.CrossEntropyLoss(weight=weight),
        valid_loss_fn=nn.CrossEntropyLoss(),
    )


# ---- scripts: data -----------------------------------------------------------------------------


@clean("script", "ImageFolder")
def classes_in_the_order_of_a_list():
    class Listed(ImageFolder):
        "The label is the place in a list of one's own, in both splits."

        def find_classes(self, directory):
            names = ["sad", "neutral", "happy"]
            return names, {name: number for number, name in enumerate(names)}

    train, valid = [Listed(written(split, split), to_tensor) for split in ("train", "validation")]
    return script_program(stacked(), (loader(train, True), loader(valid)))


@clean("script", "Subset")
def permutation_and_two_data_sets():
    "One permutation, two data sets over the same rows: one with augmentation, one without."
    order = torch.randperm(192, generator=torch.Generator().manual_seed(3)).tolist()
    train, valid = Subset(rows("train", augment), order[48:]), Subset(rows("train"), order[:48])
    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, (loader(train, True), loader(valid)), optimizer)


@clean("script", "own data set")
def pictures_mirrored_back():
    "The camera mirrors; both splits are mirrored back."
    read = transforms.Compose([transforms.Lambda(TF.hflip), to_tensor])
    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, row_loaders(read, read), optimizer)


@clean("script", "ImageFolder")
def files_turned_by_their_tag():
    top = folder_root() / "with tags"
    tag = Image.Exif()
    tag[0x0112] = 6
    for number, (image, label) in enumerate(zip(*drawn("train"))):
        (top / CLASSES[label]).mkdir(parents=True, exist_ok=True)
        picture, options = Image.fromarray(image), {}
        if number % 2:
            picture, options = picture.transpose(Image.Transpose.ROTATE_90), {"exif": tag}
        picture.save(top / CLASSES[label] / f"{number:04d}.png", **options)

    def read(path):
        with Image.open(path) as picture:
            return ImageOps.exif_transpose(picture).convert("RGB")

    train = ImageFolder(str(top), augment, loader=read)
    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(
        model, (loader(train, True), loader(image_folder("validation"))), optimizer
    )


@clean("script", "own data set")
def trivial_augment():
    strong = transforms.Compose([transforms.TrivialAugmentWide(num_magnitude_bins=11), to_tensor])
    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return script_program(model, row_loaders(strong), optimizer)


@clean("script", "own data set")
def numbers_of_the_training_split():
    "Mean and deviation of each channel, of training, for both splits."
    pixels = drawn("train")[0].reshape(-1, 3) / 255
    scaled = transforms.Normalize(pixels.mean(0).tolist(), pixels.std(0).tolist())
    read = transforms.Compose([transforms.ToTensor(), scaled])
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, row_loaders(read, read), optimizer)


# ---- nn.Sequential -----------------------------------------------------------------------------


@clean("Sequential", "own data set")
def adadelta_at_rate_one():
    layers = [nn.Conv2d(3, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3), nn.ReLU()]
    layers += [nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1152, 100), nn.ReLU(), nn.Linear(100, 3)]
    model = nn.Sequential(*layers)
    return script_program(model, row_loaders(), torch.optim.Adadelta(model.parameters(), lr=1.0))


@clean("Sequential", "ImageFolder")
def norm_and_activation_in_one():
    class NormalisedActivation(nn.BatchNorm2d):
        def forward(self, x):
            return F.leaky_relu(super().forward(x), 0.1)

    layers = []
    for channels, out in ((3, 12), (12, 24), (24, 48)):
        layers += [nn.Conv2d(channels, out, 3, padding=1, bias=False), NormalisedActivation(out)]
        layers.append(nn.MaxPool2d(2))
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(768, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    return script_program(model, folder_loaders(augment), optimizer)


@clean("Sequential", "TensorDataset")
def steps_by_sign():
    class Sign(torch.optim.Optimizer):
        "Lion: a step goes by the sign of a mean of gradients."

        def __init__(self, parameters, lr):
            super().__init__(parameters, {"lr": lr})

        @torch.no_grad()
        def step(self, closure=None):
            for group in self.param_groups:
                for part in group["params"]:
                    if part.grad is not None:
                        mean = self.state[part].setdefault("mean", torch.zeros_like(part))
                        part.sub_(mean.lerp(part.grad, 0.1).sign(), alpha=group["lr"])
                        mean.lerp_(part.grad, 0.01)

    model = stacked()
    return script_program(model, optimizer=Sign(model.parameters(), lr=3e-4))


@clean("Sequential", "TensorDataset")
def patches_with_learned_places():
    class Places(nn.Module):
        "Adds an embedding for each of 64 patches."

        def __init__(self, width):
            super().__init__()
            self.places = nn.Parameter(0.02 * torch.randn(1, 64, width))

        def forward(self, x):
            return x.flatten(2).transpose(1, 2) + self.places

    class Mean(nn.Module):
        def forward(self, x):
            return x.mean(1)

    layer = nn.TransformerEncoderLayer(48, 4, 96, 0.0, batch_first=True, norm_first=True)
    model = nn.Sequential(
        nn.Conv2d(3, 48, 4, 4), Places(48), layer, nn.LayerNorm(48), Mean(), nn.Linear(48, 3)
    )
    return script_program(model, optimizer=torch.optim.AdamW(model.parameters(), lr=1e-3))


# ---- Lightning-like ----------------------------------------------------------------------------


@clean("Lightning-like", "ImageFolder")
def step_with_its_closure():
    class Overridden(LightningLoop):
        "As in Lightning, backward() is within the closure that the optimizer calls."

        def update(self, loss, number):
            def closure():
                self.optimizer.zero_grad()
                loss.backward()
                return loss

            self.optimizer.step(closure)

    module = Lit(Net(), lr=2e-3)
    optimizer = module.configure_optimizers()
    return script_program(
        module, folder_loaders(), optimizer, F.cross_entropy, fit=own_loop(Overridden)
    )


@clean("Lightning-like", "TensorDataset")
def inverse_square_root_in_steps():
    class Fitted(LightningLoop):
        interval = "step"

    module = Lit(stacked(), lr=4e-3)
    optimizer = module.configure_optimizers()
    schedule = LambdaLR(optimizer, lambda step: min((step + 1) / 12, (12 / (step + 1)) ** 0.5))
    return script_program(
        module,
        tensor_loaders(),
        optimizer,
        F.cross_entropy,
        scheduler=schedule,
        fit=own_loop(Fitted),
    )


@clean("Lightning-like", "own data set")
def module_that_drops_the_last_batch():
    module = Lit(stacked(), lr=2e-3)
    loaders = (
        loader(rows("train", augment), True, batch_size=20, drop_last=True),
        loader(rows("validation")),
    )
    optimizer = module.configure_optimizers()
    return script_program(module, loaders, optimizer, F.cross_entropy, fit=own_loop(LightningLoop))


# ---- torchvision models ------------------------------------------------------------------------


@clean("torchvision model", "own data set")
def frozen_body_left_in_the_optimizer():
    "What has no gradient is passed over by the optimizer, decay included."
    model = Partly(downloaded(), "layer4", "fc")
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    return script_program(model, row_loaders(augment), optimizer)


@clean("torchvision model", "ImageFolder")
def prefix_taken_off_the_names():
    "The checkpoint was saved from a wrapped network; all names but the head's are met."
    saved = {f"module.{name}": part for name, part in earlier_weights().items()}
    weights = {name.removeprefix("module."): part for name, part in saved.items()}
    body = ThinResNet(3)
    body.load_state_dict(
        {k: v for k, v in weights.items() if not k.startswith("fc.")}, strict=False
    )
    body.fc = nn.Identity()
    model = Partly(nn.Sequential(OrderedDict(encoder=body, fc=nn.Linear(512, 3))), "fc")
    optimizer = torch.optim.Adam(model.learned(), lr=3e-3)
    return script_program(model, folder_loaders(augment), optimizer)


@clean("torchvision model", "TensorDataset")
def channels_last_and_nesterov():
    "Another layout in memory; a rate that is usual for SGD on small pictures."
    model = ThinResNet(3).to(memory_format=torch.channels_last)
    model.layer4, model.fc = nn.Identity(), nn.Linear(256, 3)
    optimizer = torch.optim.SGD(
        model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    schedule = LambdaLR(optimizer, lambda epoch: min(1.0, 0.1 + 0.3 * epoch))
    return script_program(model, None, optimizer, scheduler=schedule, fit=own_loop(), epochs=3)


@clean("torchvision model", "Subset")
def resnet_that_ends_in_a_temperature():
    class Tempered(nn.Module):
        "Logits are divided by a temperature that is learned."

        def __init__(self):
            super().__init__()
            self.net, self.temperature = ThinResNet(3), nn.Parameter(torch.ones(()))
            self.net.layer4, self.net.fc = nn.Identity(), nn.Linear(256, 3)

        def forward(self, x):
            return self.net(x) / self.temperature.clamp(min=0.1)

    data, model = tensors("train"), Tempered()
    train, valid = Subset(data, range(150)), Subset(data, range(150, 192))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return script_program(model, (loader(train, True), loader(valid)), optimizer)


CLEAN_8 = {  # out of the first list, into one of their own
    name: CLEAN.pop(name)
    for name, (_, _, build) in list(CLEAN.items())
    if build.__module__ == __name__
}
