"""Programs with nothing wrong, in the styles of `real_reports_2.py`; none is of its reports."""
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, ReduceLROnPlateau, SequentialLR
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, Subset, SubsetRandomSampler
from torchvision import transforms
from torchvision.models import DenseNet, MobileNetV2
from torchvision.models.resnet import Bottleneck, ResNet

from real_kit import (
    BATCH,
    CLEAN,
    LightningLoop,
    Lit,
    Net,
    Script,
    block,
    clean,
    downloaded,
    image_folder,
    loader,
    normalise,
    own_loop,
    package_loop,
    rows,
    script_program,
    stacked,
    tensors,
    to_tensor,
)


# ---- scripts -----------------------------------------------------------------------------------


@clean("script", "own data set")
def half_precision_in_forward():
    class Half(Script):
        def loss_of(self, images, labels, number):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = self.model(images)
            logits = logits.float()
            return self.program.loss_fn(logits, labels), logits

    loaders = loader(rows("train"), True), loader(rows("validation"))
    return script_program(Net(), loaders, fit=own_loop(Half))


@clean("script", "TensorDataset")
def focal_loss_by_hand():
    def focal(logits, labels):
        picked = F.log_softmax(logits, dim=1).gather(1, labels[:, None])[:, 0]
        return -((1 - picked.exp()) ** 2 * picked).mean()

    return script_program(Net(), loss_fn=focal, valid_loss_fn=F.cross_entropy, fit=own_loop())


@clean("script", "own data set")
def subset_samplers_on_one_set():
    data = rows("train")
    order = np.random.permutation(len(data)).tolist()
    train = DataLoader(data, batch_size=BATCH, sampler=SubsetRandomSampler(order[48:]))
    valid = DataLoader(Subset(data, order[:48]), batch_size=BATCH)
    return script_program(stacked(), (train, valid))


@clean("script", "ImageFolder")
def batch_sampler_of_torch():
    data = image_folder("train")
    train = DataLoader(data, batch_sampler=BatchSampler(RandomSampler(data), BATCH, drop_last=True))
    return script_program(Net(), (train, loader(image_folder("validation"))), fit=own_loop())


@clean("script", "own data set")
def each_image_standardised():
    def standardised(image):
        x = transforms.functional.to_tensor(image)
        return (x - x.mean()) / x.std().clamp(min=1e-3)

    loaders = loader(rows("train", standardised), True), loader(rows("validation", standardised))
    return script_program(stacked(), loaders)


@clean("script", "TensorDataset")
def one_block_used_three_times():
    class Recurrent(nn.Module):
        "A recurrent network over depth: the same block refines its features, as intended."

        def __init__(self, steps=3):
            super().__init__()
            self.stem, self.steps = nn.Sequential(*block(3, 16), *block(16, 24)), steps
            self.refine, self.norm = nn.Conv2d(24, 24, 3, padding=1), nn.GroupNorm(4, 24)
            self.fc = nn.Linear(24 * 64, 3)

        def forward(self, x):
            x = self.stem(x)
            for _ in range(self.steps):
                x = x + F.relu(self.norm(self.refine(x)))
            return self.fc(x.flatten(1))

    return script_program(Recurrent())


# ---- nn.Sequential -----------------------------------------------------------------------------


@clean("Sequential", "own data set")
def log_probabilities_and_nll():
    layers = [*block(3, 16), *block(16, 32), nn.Flatten(), nn.Linear(2048, 3), nn.LogSoftmax(dim=1)]
    loaders = loader(rows("train"), True), loader(rows("validation"))
    return script_program(nn.Sequential(*layers), loaders, loss_fn=nn.NLLLoss())


@clean("Sequential", "TensorDataset")
def layer_norm_dropout_and_small_batches():
    layers = [nn.Conv2d(3, 16, 4, stride=4), nn.GELU(), nn.Dropout2d(0.1), nn.Flatten()]
    layers += [nn.LayerNorm(1024), nn.Linear(1024, 64), nn.GELU(), nn.Dropout(0.5)]
    layers.append(nn.Linear(64, 3))
    loaders = loader(tensors("train"), True, batch_size=6), loader(tensors("validation"))
    return script_program(nn.Sequential(*layers), loaders)


@clean("Sequential", "ImageFolder")
def strong_augmentation():
    strong = transforms.Compose(
        [transforms.TrivialAugmentWide(), transforms.ToTensor(), normalise,
         transforms.RandomErasing(0.25)]
    )
    loaders = loader(image_folder("train", strong), True), loader(image_folder("validation"))
    model = stacked()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9, nesterov=True)
    return script_program(model, loaders, optimizer, fit=package_loop)


# ---- Lightning-like ----------------------------------------------------------------------------


@clean("Lightning-like", "TensorDataset")
def module_with_plateau():
    class OnPlateau(LightningLoop):
        def summarise(self, logits, labels):
            numbers = super().summarise(logits, labels)
            self.newest = float(numbers[0])
            return numbers

        def after_epoch(self):
            self.scheduler.step(self.newest)

    module = Lit(stacked())
    optimizer = module.configure_optimizers()
    return script_program(
        module,
        None,
        optimizer,
        F.cross_entropy,
        scheduler=ReduceLROnPlateau(optimizer, patience=3),
        fit=own_loop(OnPlateau),
        epochs=3,
    )


@clean("Lightning-like", "own data set")
def module_with_warmup_then_cosine():
    class Grouped(Lit):
        def configure_optimizers(self):
            flat = [part for part in self.parameters() if part.ndim < 2]
            deep = [part for part in self.parameters() if part.ndim >= 2]
            groups = [{"params": deep, "weight_decay": 0.05}, {"params": flat, "weight_decay": 0.0}]
            optimizer = torch.optim.AdamW(groups, lr=2e-3)
            warm = LinearLR(optimizer, start_factor=0.25, total_iters=3)
            parts = [warm, CosineAnnealingLR(optimizer, T_max=17)]
            return optimizer, SequentialLR(optimizer, parts, milestones=[3])

    module = Grouped(Net(dropout=0.2))
    optimizer, schedule = module.configure_optimizers()
    loaders = loader(rows("train"), True), loader(rows("validation"))
    return script_program(
        module,
        loaders,
        optimizer,
        F.cross_entropy,
        scheduler=schedule,
        fit=own_loop(LightningLoop),
        epochs=3,
    )


# ---- torchvision models ------------------------------------------------------------------------


@clean("torchvision model", "ImageFolder")
def bottlenecks_that_begin_at_zero():
    model = ResNet(Bottleneck, [1, 1, 1, 1], num_classes=3, zero_init_residual=True)
    loaders = loader(image_folder("train"), True), loader(image_folder("validation"))
    return script_program(
        model, loaders, torch.optim.AdamW(model.parameters(), lr=5e-4, weight_decay=1e-4)
    )


@clean("torchvision model", "TensorDataset")
def narrow_mobilenet():
    model = MobileNetV2(num_classes=3, width_mult=0.25)
    return script_program(model, optimizer=torch.optim.RMSprop(model.parameters(), lr=1e-3))


@clean("torchvision model", "own data set")
def small_densenet():
    model = DenseNet(8, (2, 2, 2), 16, num_classes=3)
    flipped = transforms.Compose([transforms.RandomHorizontalFlip(), to_tensor])
    loaders = loader(rows("train", flipped), True), loader(rows("validation"))
    return script_program(model, loaders)


@clean("torchvision model", "Subset")
def stem_frozen_and_asleep():
    class Finetuned(nn.Module):
        "The first stages stay as they were downloaded; the rest learns at a small rate."

        def __init__(self):
            super().__init__()
            self.net = downloaded()
            self.frozen = [self.net.conv1, self.net.bn1, self.net.layer1]
            for part in self.frozen:
                part.requires_grad_(False)

        def train(self, mode=True):
            super().train(mode)
            for part in self.frozen:
                part.eval()
            return self

        def forward(self, x):
            return self.net(x)

    model = Finetuned()
    whole = rows("train")
    order = torch.randperm(len(whole)).tolist()
    loaders = loader(Subset(whole, order[40:]), True), loader(Subset(whole, order[:40]))
    learning = [part for part in model.parameters() if part.requires_grad]
    return script_program(model, loaders, torch.optim.AdamW(learning, lr=3e-4))


CLEAN_2 = {                            # out of the first list, into one of their own
    name: CLEAN.pop(name)
    for name, (_, _, build) in list(CLEAN.items())
    if build.__module__ == __name__
}
