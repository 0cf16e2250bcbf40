"""Programs with nothing wrong, in the styles of `real_reports.py`, made of none of its programs."""
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, MultiStepLR, OneCycleLR
from torch.utils.data import (
    ConcatDataset,
    DataLoader,
    Subset,
    TensorDataset,
    WeightedRandomSampler,
    random_split,
)
from torchvision import transforms
from torchvision.models import (
    ConvNeXt,
    VisionTransformer,
    mobilenet_v3_small,
    shufflenet_v2_x0_5,
    squeezenet1_1,
)
from torchvision.models.convnext import CNBlockConfig

from real_kit import (
    BATCH,
    FaceRows,
    FaceStream,
    LightningLoop,
    Lit,
    Net,
    SIDE,
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
    package_loop,
    rows,
    script_program,
    stacked,
    tensor_loaders,
    tensors,
    to_tensor,
    to_tensors,
)

IMAGENET = transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
FIVE = ("neutral", "happy", "sad", "surprise", "anger")


# ---- scripts -----------------------------------------------------------------------------------


@clean("script", "TensorDataset")
def tutorial_as_it_stands():
    model = Net()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2, momentum=0.9)
    return script_program(model, optimizer=optimizer, fit=own_loop())


@clean("script", "ImageFolder")
def folder_with_augmentation():
    loaders = loader(image_folder("train", augment), True), loader(image_folder("validation"))
    return script_program(Net(dropout=0.5), loaders, fit=own_loop())


@clean("script", "own data set")
def gradients_accumulated_over_two():
    class TwoBatches(Script):
        def update(self, loss, number):
            (loss / 2).backward()
            if number % 2 or number + 1 == len(self.program.train):
                self.optimizer.step()
                self.optimizer.zero_grad()

    loaders = loader(rows("train"), True, batch_size=8), loader(rows("validation"))
    return script_program(Net(), loaders, fit=own_loop(TwoBatches))


@clean("script", "TensorDataset")
def gradients_clipped():
    class Clipped(Script):
        def update(self, loss, number):
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()

    return script_program(stacked(), fit=own_loop(Clipped))


@clean("script", "numpy collate")
def arrays_collated():
    def collate(pairs):
        images, labels = zip(*pairs)
        return to_tensors(np.stack(images)), torch.as_tensor(np.array(labels))

    train, valid = (list(zip(*drawn(split))) for split in ("train", "validation"))
    loaders = loader(train, True, collate_fn=collate), loader(valid, collate_fn=collate)
    return script_program(Net(), loaders)


@clean("script", "IterableDataset")
def stream_of_one_process():
    def stream(split):
        return DataLoader(FaceStream(split, mixed=split == "train"), batch_size=BATCH)

    return script_program(Net(), (stream("train"), stream("validation")))


@clean("script", "ConcatDataset")
def two_sources_joined():
    first, second = tensors("train"), tensors("train", seed=3)
    both = ConcatDataset([first, second])
    return script_program(stacked(), (loader(both, True), loader(tensors("validation"))))


@clean("script", "own data set")
def rare_class_drawn_more_often():
    images, labels = drawn("train")
    kept = (labels != 2) | (np.arange(len(labels)) % 3 == 0)
    images, labels = images[kept], labels[kept]
    weights = 1 / np.bincount(labels)[labels]
    sampler = WeightedRandomSampler(weights.tolist(), len(labels))
    train = DataLoader(FaceRows(images, labels), batch_size=BATCH, sampler=sampler)
    return script_program(Net(), (train, loader(rows("validation"))))


@clean("script", "own data set")
def light_from_torch_in_two_workers():
    def lit(image):
        return to_tensor(image) * (0.9 + 0.2 * torch.rand(1))

    train = loader(rows("train", lit), True, num_workers=2)
    return script_program(Net(), (train, loader(rows("validation"))))


@clean("script", "TensorDataset")
def one_cycle_in_the_batch_loop():
    class PerBatch(Script):
        def after_batch(self, number):
            self.scheduler.step()

        def after_epoch(self):
            "Nothing more."

    model, (train, valid) = stacked(), tensor_loaders()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-2, momentum=0.9)
    schedule = OneCycleLR(optimizer, max_lr=0.05, total_steps=20 * len(train))
    return script_program(
        model, (train, valid), optimizer, scheduler=schedule, fit=own_loop(PerBatch)
    )


@clean("script", "random_split")
def weighted_loss_plain_evaluation():
    train, valid = random_split(rows("train"), [150, 42])
    weighted = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 1.5, 1.0]))
    return script_program(
        Net(),
        (loader(train, True), loader(valid)),
        loss_fn=weighted,
        valid_loss_fn=nn.CrossEntropyLoss(),
        fit=package_loop,
    )


# ---- nn.Sequential -----------------------------------------------------------------------------


@clean("Sequential", "TensorDataset")
def pixels_into_a_perceptron():
    layers = [nn.Flatten(), nn.Linear(3072, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, 3)]
    return script_program(nn.Sequential(*layers), fit=package_loop)


@clean("Sequential", "ImageFolder")
def folder_in_zero_to_one():
    plain = transforms.ToTensor()
    loaders = loader(image_folder("train", plain), True), loader(image_folder("validation", plain))
    return script_program(stacked(), loaders)


@clean("Sequential", "TensorDataset")
def five_classes():
    loaders = (
        loader(tensors("train", classes=FIVE), True), loader(tensors("validation", classes=FIVE))
    )
    return script_program(stacked(5), loaders)


@clean("Sequential", "TensorDataset")
def two_classes_unequal():
    parts = []
    for split in ("train", "validation"):
        images, labels = drawn(split)
        kept = (labels == 0) | ((labels == 1) & (np.arange(len(labels)) % 2 == 0))
        parts.append(TensorDataset(to_tensors(images[kept]), torch.from_numpy(labels[kept])))
    return script_program(stacked(2), (loader(parts[0], True), loader(parts[1])))


@clean("Sequential", "own data set")
def group_norm_and_rmsprop():
    def part(channels, out):
        return nn.Conv2d(channels, out, 3, padding=1), nn.GroupNorm(4, out), nn.GELU()

    model = nn.Sequential(
        *part(3, 16), nn.AvgPool2d(2), *part(16, 32), nn.AvgPool2d(4), nn.Flatten(),
        nn.Linear(512, 3),
    )
    optimizer = torch.optim.RMSprop(model.parameters(), lr=5e-4)
    loaders = loader(rows("train"), True), loader(rows("validation"))
    return script_program(model, loaders, optimizer)


@clean("Sequential", "TensorDataset")
def grey_as_three_channels():
    parts = []
    for split in ("train", "validation"):
        images, labels = drawn(split)
        grey = np.repeat(images.mean(axis=3, keepdims=True).astype(np.uint8), 3, axis=3)
        parts.append(TensorDataset(to_tensors(grey), torch.from_numpy(labels)))
    return script_program(stacked(), (loader(parts[0], True), loader(parts[1])))


@clean("Sequential", "random_split")
def large_batches():
    train, valid = random_split(tensors("train"), [150, 42])
    loaders = loader(train, True, batch_size=64), loader(valid, batch_size=64)
    return script_program(stacked(), loaders, fit=package_loop)


@clean("Sequential", "own data set")
def body_and_head_with_two_rates():
    class Pooled(nn.Module):
        def forward(self, x):
            return torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1)

    body = nn.Sequential(*block(3, 16), *block(16, 32))
    head = nn.Sequential(
        Pooled(), nn.BatchNorm1d(64), nn.Dropout(0.25), nn.Linear(64, 32), nn.ReLU(),
        nn.Linear(32, 3),
    )
    optimizer = torch.optim.AdamW(
        [{"params": body.parameters(), "lr": 3e-4}, {"params": head.parameters(), "lr": 3e-3}]
    )
    loaders = loader(rows("train", augment), True), loader(rows("validation"))
    return script_program(nn.Sequential(body, head), loaders, optimizer)


# ---- Lightning-like ----------------------------------------------------------------------------


@clean("Lightning-like", "TensorDataset")
def module_with_cosine():
    module = Lit(stacked())
    optimizer = module.configure_optimizers()
    return script_program(
        module,
        None,
        optimizer,
        F.cross_entropy,
        scheduler=CosineAnnealingLR(optimizer, T_max=20),
        fit=own_loop(LightningLoop),
        epochs=3,
    )


@clean("Lightning-like", "own data set")
def module_with_warmup_in_steps():
    class PerStep(LightningLoop):
        interval = "step"

    class Warm(Lit):
        def configure_optimizers(self):
            optimizer = torch.optim.AdamW(self.parameters(), lr=2e-3, weight_decay=0.05)
            return optimizer, LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / 8))

    module = Warm(Net(dropout=0.1))
    optimizer, schedule = module.configure_optimizers()
    loaders = loader(rows("train"), True), loader(rows("validation"))
    return script_program(
        module, loaders, optimizer, F.cross_entropy, scheduler=schedule, fit=own_loop(PerStep)
    )


@clean("Lightning-like", "ImageFolder")
def module_smoothed_in_training_only():
    class Smoothed(Lit):
        def criterion(self, logits, labels):
            return F.cross_entropy(logits, labels, label_smoothing=0.1)

    module = Smoothed(stacked())
    loaders = loader(image_folder("train", augment), True), loader(image_folder("validation"))
    return script_program(
        module,
        loaders,
        module.configure_optimizers(),
        module.criterion,
        valid_loss_fn=F.cross_entropy,
    )


@clean("Lightning-like", "Subset")
def module_on_one_fold():
    whole = rows("train")
    order = torch.randperm(len(whole)).tolist()
    module = Lit(Net())
    loaders = loader(Subset(whole, order[48:]), True), loader(Subset(whole, order[:48]))
    return script_program(module, loaders, module.configure_optimizers(), F.cross_entropy)


# ---- torchvision models ------------------------------------------------------------------------


@clean("torchvision model", "ImageFolder")
def resnet_with_imagenet_numbers():
    read = transforms.Compose([transforms.ToTensor(), IMAGENET])
    turned = transforms.Compose([transforms.RandomRotation(10), read])
    loaders = loader(image_folder("train", turned), True), loader(image_folder("validation", read))
    model = ThinResNet(3)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    schedule = MultiStepLR(optimizer, milestones=[12])
    return script_program(
        model, loaders, optimizer, scheduler=schedule, fit=package_loop, epochs=3
    )


@clean("torchvision model", "TensorDataset")
def small_vision_transformer():
    model = VisionTransformer(SIDE, 8, 3, 4, 64, 128, dropout=0.1, num_classes=3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4, weight_decay=0.05)
    return script_program(model, optimizer=optimizer, fit=package_loop)


@clean("torchvision model", "own data set")
def small_convnext():
    stages = [CNBlockConfig(24, 48, 1), CNBlockConfig(48, None, 1)]
    model = ConvNeXt(stages, num_classes=3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    loaders = loader(rows("train", augment), True), loader(rows("validation"))
    return script_program(model, loaders, optimizer)


@clean("torchvision model", "TensorDataset")
def squeezenet_from_scratch():
    model = squeezenet1_1(num_classes=3)
    return script_program(model, optimizer=torch.optim.Adam(model.parameters(), lr=3e-4))


@clean("torchvision model", "Subset")
def shufflenet_on_a_split():
    whole = tensors("train")
    order = torch.randperm(len(whole)).tolist()
    loaders = loader(Subset(whole, order[:144]), True), loader(Subset(whole, order[144:]))
    return script_program(shufflenet_v2_x0_5(num_classes=3), loaders)


@clean("torchvision model", "ImageFolder")
def mobilenet_from_scratch():
    loaders = loader(image_folder("train", augment), True), loader(image_folder("validation"))
    return script_program(mobilenet_v3_small(num_classes=3), loaders)


@clean("torchvision model", "TensorDataset")
def everything_fine_tuned_slowly():
    model = downloaded()
    return script_program(
        model, optimizer=torch.optim.Adam(model.parameters(), lr=1e-4), fit=package_loop
    )


@clean("torchvision model", "random_split")
def head_alone_backbone_asleep():
    class FeatureExtractor(nn.Module):
        "The backbone without gradients and in evaluation mode, as its name says."

        def __init__(self):
            super().__init__()
            self.body, self.fc = downloaded(), nn.Linear(512, 3)
            self.body.fc = nn.Identity()
            self.body.requires_grad_(False)

        def train(self, mode=True):
            super().train(mode)
            self.body.eval()
            return self

        def forward(self, x):
            return self.fc(self.body(x))

    model = FeatureExtractor()
    train, valid = random_split(tensors("train"), [150, 42])
    optimizer = torch.optim.SGD(model.fc.parameters(), lr=0.003)
    return script_program(model, (loader(train, True), loader(valid)), optimizer)
