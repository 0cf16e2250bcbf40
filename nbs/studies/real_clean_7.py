"""Programs with nothing wrong, in the styles of `real_reports_7.py`; none is of its reports."""
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import CosineAnnealingLR, MultiStepLR
from torch.utils.data import Dataset, Subset
from torchvision import transforms
from torchvision.models.feature_extraction import create_feature_extractor

from real_kit import (
    CLASSES,
    CLEAN,
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
    folder_loaders,
    loader,
    own_loop,
    row_loaders,
    rows,
    script_program,
    stacked,
    tensors,
    to_tensor,
)


# ---- scripts -----------------------------------------------------------------------------------


@clean("script", "own data set")
def seed_of_each_epoch():
    class Seeded(Script):
        "Each epoch can be repeated by itself."

        def prepare(self, epoch):
            super().prepare(epoch)
            torch.manual_seed(1000 + epoch)

    model = Net(dropout=0.1)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, row_loaders(augment), optimizer, fit=own_loop(Seeded), epochs=3)


@clean("script", "TensorDataset")
def slow_and_fast_weights():
    class Lookahead(Script):
        "After five steps half the way back to where the five began."

        def __init__(self, program, watch):
            super().__init__(program, watch)
            self.slow = [part.detach().clone() for part in self.model.parameters()]

        def after_batch(self, number):
            if (number + 1) % 5 == 0:
                with torch.no_grad():
                    for slow, part in zip(self.slow, self.model.parameters()):
                        slow.lerp_(part, 0.5)
                        part.copy_(slow)

    model = stacked()
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
    return script_program(model, optimizer=optimizer, fit=own_loop(Lookahead), epochs=3)


@clean("script", "ImageFolder")
def two_masks_that_agree():
    class Agreeing(Script):
        "Each batch goes through two dropout masks, whose answers should be alike."

        def loss_of(self, images, labels, number):
            first, second = self.model(images), self.model(images)
            one, two = first.log_softmax(1), second.log_softmax(1)
            apart = F.kl_div(one, two, reduction="batchmean", log_target=True)
            apart = apart + F.kl_div(two, one, reduction="batchmean", log_target=True)
            both = self.program.loss_fn(first, labels) + self.program.loss_fn(second, labels)
            return 0.5 * both + 0.25 * apart, first

    model = Net(dropout=0.3)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, folder_loaders(), optimizer, fit=own_loop(Agreeing))


@clean("script", "TensorDataset")
def scaled_unscaled_and_clipped():
    class Scaled(Script):
        def __init__(self, program, watch):
            super().__init__(program, watch)
            self.scaler = torch.amp.GradScaler("cpu")

        def update(self, loss, number):
            self.optimizer.zero_grad()
            self.scaler.scale(loss).backward()
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.model.parameters(), 2.0)
            self.scaler.step(self.optimizer)
            self.scaler.update()

    model = stacked()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    return script_program(model, optimizer=optimizer, fit=own_loop(Scaled))


@clean("script", "own data set")
def decoded_once_augmented_always():
    class Decoded(Dataset):
        "What is kept is the tensor of the file; flips and crops are drawn for each visit."

        def __init__(self, data, drawing):
            self.data, self.drawing, self.kept = data, drawing, {}

        def __len__(self):
            return len(self.data)

        def __getitem__(self, row):
            if row not in self.kept:
                self.kept[row] = self.data[row]
            image, label = self.kept[row]
            return self.drawing(image), label

    drawing = transforms.Compose(
        [transforms.RandomHorizontalFlip(), transforms.RandomCrop(SIDE, padding=2)]
    )
    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    loaders = loader(Decoded(rows("train"), drawing), True), loader(rows("validation"))
    return script_program(model, loaders, optimizer)


@clean("script", "own data set")
def normalised_within_the_network():
    class Normalised(nn.Module):
        "Loaders hand out pixels in 0..1; what the weights want is the network's affair."

        def __init__(self, net):
            super().__init__()
            self.net = net
            self.register_buffer("mean", torch.tensor([0.5, 0.45, 0.4])[:, None, None])
            self.register_buffer("std", torch.tensor([0.25, 0.25, 0.25])[:, None, None])

        def forward(self, x):
            return self.net((x - self.mean) / self.std)

    model = Normalised(Net())
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    read = transforms.ToTensor()
    return script_program(model, row_loaders(read, read), optimizer)


@clean("script", "own data set")
def hardest_three_quarters_of_a_batch():
    class Hardest(Script):
        "The images that are known already are left out, batch by batch."

        def loss_of(self, images, labels, number):
            logits = self.model(images)
            losses = F.cross_entropy(logits, labels, reduction="none")
            return losses.topk(max(1, len(labels) * 3 // 4)).values.mean(), logits

    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, row_loaders(augment), optimizer, fit=own_loop(Hardest))


# ---- nn.Sequential -----------------------------------------------------------------------------


@clean("Sequential", "TensorDataset")
def read_by_a_gru_in_both_directions():
    class Rows(nn.Module):
        "(N, C, H, W) -> (N, H, C x W)"

        def forward(self, x):
            return x.transpose(1, 2).flatten(2)

    class Last(nn.Module):
        "The last state of each direction, image by image."

        def forward(self, told):
            return told[1].transpose(0, 1).flatten(1)

    recurrent = nn.GRU(256, 48, batch_first=True, bidirectional=True)
    model = nn.Sequential(*block(3, 16), Rows(), recurrent, Last(), nn.Linear(96, 3))
    return script_program(model, optimizer=torch.optim.Adam(model.parameters(), lr=2e-3))


@clean("Sequential", "ImageFolder")
def channels_weighed_by_themselves():
    class Squeezed(nn.Module):
        "Squeeze and excitation."

        def __init__(self, width):
            super().__init__()
            self.gate = nn.Sequential(
                nn.Linear(width, width // 4), nn.ReLU(), nn.Linear(width // 4, width), nn.Sigmoid()
            )

        def forward(self, x):
            return x * self.gate(x.mean((2, 3)))[:, :, None, None]

    layers = [*block(3, 16), Squeezed(16), *block(16, 32), Squeezed(32), *block(32, 48)]
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(768, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, folder_loaders(augment), optimizer)


@clean("Sequential", "own data set")
def strides_in_place_of_pooling():
    layers = []
    for channels, out in ((3, 16), (16, 32), (32, 48)):
        layers.append(nn.Conv2d(channels, out, 3, stride=2, padding=1, bias=False))
        layers += [nn.BatchNorm2d(out), nn.PReLU(out)]
    layers += [nn.Dropout2d(0.1), nn.Flatten(), nn.Linear(768, 3)]
    model = nn.Sequential(*layers)
    optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
    return script_program(model, row_loaders(), optimizer)


# ---- Lightning-like ----------------------------------------------------------------------------


@clean("Lightning-like", "own data set")
def module_that_also_guesses_the_turn():
    class Turning(Lit):
        "Beside the label, a second head tells by how many quarters an image was turned."

        def __init__(self):
            super().__init__(stacked(), lr=2e-3)
            self.turn = nn.Linear(48, 4)

        def training_step(self, batch, number):
            images, labels = batch
            logits = self(images)
            quarter = number % 4
            features = self.network[:-1](images.rot90(quarter, (2, 3)))
            turns = torch.full_like(labels, quarter)
            guess = F.cross_entropy(self.turn(features), turns)
            return {"loss": self.criterion(logits, labels) + 0.1 * guess, "logits": logits.detach()}

    module = Turning()
    return script_program(
        module,
        row_loaders(),
        module.configure_optimizers(),
        F.cross_entropy,
        fit=own_loop(LightningLoop),
    )


@clean("Lightning-like", "Subset")
def module_with_two_milestones():
    labels = torch.from_numpy(drawn("train")[1])
    folds = [(labels == label).nonzero()[:, 0].chunk(4) for label in range(len(CLASSES))]
    held = torch.cat([fold[0] for fold in folds]).tolist()
    kept = torch.cat([part for fold in folds for part in fold[1:]]).tolist()
    data = tensors("train")
    module = Lit(stacked(), lr=3e-3)
    optimizer = module.configure_optimizers()
    return script_program(
        module,
        (loader(Subset(data, kept), True), loader(Subset(data, held))),
        optimizer,
        F.cross_entropy,
        scheduler=MultiStepLR(optimizer, [12, 17], gamma=0.2),
    )


# ---- torchvision models ------------------------------------------------------------------------


@clean("torchvision model", "TensorDataset")
def stem_for_small_pictures():
    model = ThinResNet(3)
    model.conv1 = nn.Conv2d(3, 64, 3, stride=2, padding=1, bias=False)
    model.maxpool = nn.Identity()
    model.layer3, model.layer4, model.fc = nn.Identity(), nn.Identity(), nn.Linear(128, 3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    return script_program(model, optimizer=optimizer)


@clean("torchvision model", "own data set")
def norms_and_biases_without_decay():
    model = ThinResNet(3)
    decayed = [part for part in model.parameters() if part.ndim > 1]
    others = [part for part in model.parameters() if part.ndim <= 1]
    groups = [{"params": decayed}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, weight_decay=0.1)
    erased = transforms.Compose([to_tensor, transforms.RandomErasing(0.3, scale=(0.02, 0.1))])
    schedule = CosineAnnealingLR(optimizer, T_max=20)
    return script_program(model, row_loaders(erased), optimizer, scheduler=schedule)


@clean("torchvision model", "ImageFolder")
def features_of_two_stages():
    class Staged(nn.Module):
        "A linear classifier over the pooled features of two stages, all of which learn."

        def __init__(self):
            super().__init__()
            wanted = {"layer2": "middle", "layer3": "late"}
            self.body = create_feature_extractor(downloaded(), return_nodes=wanted)
            self.fc = nn.Linear(384, 3)

        def forward(self, x):
            return self.fc(torch.cat([part.mean((2, 3)) for part in self.body(x).values()], 1))

    model = Staged()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4)
    return script_program(model, folder_loaders(augment), optimizer)


CLEAN_7 = {                            # out of the first list, into one of their own
    name: CLEAN.pop(name)
    for name, (_, _, build) in list(CLEAN.items())
    if build.__module__ == __name__
}
