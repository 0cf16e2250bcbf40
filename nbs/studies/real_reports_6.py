"""A sixth list of programs made after public reports, by the rules of `real_reports_2.py`.

None of its reports is in an earlier list. Its right causes were written down before any program
was shown to the guards, by an author who did not know their code.
"""
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import CosineAnnealingLR, ExponentialLR, LambdaLR
from torch.utils.checkpoint import checkpoint
from torch.utils.data import TensorDataset, random_split
from torchvision import transforms

from real_kit import (
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
    folder_loaders,
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
)

GITHUB = "https://github.com"
FIVE = ("neutral", "happy", "sad", "surprise", "anger")

# What another check would say, in words.
RANDOM = r"random|noise|(two|second|twice) .*(pass|call|forward)|same (batch|image)s? twice"
RATE = r"schedul|(learning )?rate .*(is 0\b|zero|negative|constant|falls|rises|grows|never|ends)"
UNUSED = r"never (used|called|run|reached)|not (used|called)|unused|no gradient|without a gradient"


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


# ---- what learns -------------------------------------------------------------------------------


@reported(
    "weight decay taken for momentum",
    "script",
    "TensorDataset",
    "The paramters in optimizer: the value of wd will actually be assigned to momentum",
    f"{GITHUB}/YudeWang/SEAM/issues/21",
    words=r"momentum|weight[ _]decay",
    why="SGD's third argument is the momentum: it is 0.0005, and there is no weight decay",
)
def decay_in_the_third_place(cured):
    class PolyOptimizer(torch.optim.SGD):
        def __init__(self, params, lr, weight_decay, momentum=0.9):
            if cured:
                super().__init__(params, lr, momentum=momentum, weight_decay=weight_decay)
            else:
                super().__init__(params, lr, weight_decay)

    model = stacked()
    return script_program(model, optimizer=PolyOptimizer(model.parameters(), 0.02, 5e-4))


@reported(
    "softmax over one element",
    "script",
    "own data set",
    "some problems about code: A's shape is [B, N, 1], softmax makes the attention score all 1",
    f"{GITHUB}/Amshaker/SwiftFormer/issues/2",
    "ER013",
    words=r"softmax|attention|(always|constantly|all) (1|one)s?\b",
    why="a softmax over the last axis, of length 1, is 1: what computes the scores never learns",
)
def attention_over_one_score(cured):
    class Pooled(nn.Module):
        "An image as the mean of its patches, weighted by a score for each."

        def __init__(self):
            super().__init__()
            self.stem, self.score = nn.Sequential(*block(3, 16), *block(16, 24)), nn.Linear(24, 1)
            self.norm, self.fc = nn.LayerNorm(24), nn.Linear(24, 3)

        def forward(self, x):
            x = self.stem(x).flatten(2).transpose(1, 2)
            weights = self.score(x).softmax(dim=1 if cured else -1)
            return self.fc(self.norm((weights * x).sum(1)))

    model = Pooled()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return script_program(model, row_loaders(), optimizer)


@reported(
    "initialised after loading",
    "torchvision model",
    "ImageFolder",
    "Prevents override of pretrained weights: the Runner calls init_weights during training",
    f"{GITHUB}/zshn25/DINOv2_mmseg/pull/1",
    "ER012",
    words=r"random|never trained|not trained|initiali[sz]ed",
    why="the runner initialises all weights again: the frozen backbone is a random one",
)
def initialised_after_loading(cured):
    def init_weights(part):
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, mode="fan_out")

    model = downloaded()
    if not cured:
        model.apply(init_weights)
    model = Partly(model, "fc")
    optimizer = torch.optim.Adam(model.learned(), lr=3e-3)
    return script_program(model, folder_loaders(), optimizer)


@reported(
    "running statistics reset",
    "torchvision model",
    "Subset",
    "fix: initialize BatchNorm2d buffers only on meta; wrong statistics after loading",
    f"{GITHUB}/huggingface/transformers/pull/43520",
    "ER086",
    "ER012",
    words=r"running|statistic|batch ?norm",
    why="weights are loaded, then means and variances are set to 0 and 1; BatchNorm stays asleep",
)
def buffers_initialised_again(cured):
    model = downloaded()
    if not cured:
        for part in model.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.reset_running_stats()
    model = Partly(model, "layer4", "fc")
    model.asleep.append(model.net.layer4[0].bn1)
    model.asleep.append(model.net.layer4[0].bn2)
    model.asleep.append(model.net.layer4[0].downsample[1])
    train, valid = random_split(rows("train"), [150, 42])
    optimizer = torch.optim.Adam(model.learned(), lr=3e-4)
    return script_program(model, (loader(train, True), loader(valid)), optimizer)


@reported(
    "classifier left frozen",
    "torchvision model",
    "TensorDataset",
    "Fintune problem: why you didn't unfreeze the classifier layer in run_classifier",
    f"{GITHUB}/thuiar/Cross-Modal-BERT/issues/3",
    "ER026",
    "ER012",
    words=r"head|classifier|\bfc\b|last layer",
    why="all but the last stage is frozen, the new and random classifier with it",
)
def new_classifier_is_frozen(cured):
    learning = ("layer4", "fc") if cured else ("layer4",)
    model = Partly(downloaded(), *learning)
    optimizer = torch.optim.Adam(model.learned(), lr=5e-4)
    return script_program(model, optimizer=optimizer)


@reported(
    "output overwritten in a loop",
    "script",
    "own data set",
    "Potential bug found in ResnetBlock_cond: out = layer(x) instead of out = layer(out)",
    f"{GITHUB}/cyclomon/UNSB/issues/29",
    "ER013",
    "ER026",
    words=UNUSED,
    why="each layer is given the block's input: all outputs but the last are thrown away",
)
def each_layer_takes_the_input(cured):
    class Deep(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Sequential(*block(3, 16), *block(16, 24))
            self.layers = nn.ModuleList(
                nn.Sequential(nn.Conv2d(24, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU())
                for _ in range(4)
            )
            self.fc = nn.Linear(24, 3)

        def forward(self, x):
            x = out = self.stem(x)
            for layer in self.layers:
                out = layer(out if cured else x)
            return self.fc(out.mean((2, 3)))

    model = Deep()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, row_loaders(), optimizer)


@reported(
    "checkpointed without a gradient",
    "script",
    "ImageFolder",
    "None of the inputs have requires_grad=True: layer1's parameters can't be optimized",
    f"{GITHUB}/Lyken17/pytorch-memonger/issues/4",
    "ER013",
    "ER026",
    words=r"checkpoint|" + UNUSED,
    why="images need no gradient, so that a reentrant checkpoint of the first layers gives none",
)
def stem_is_checkpointed(cured):
    class Checkpointed(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Sequential(
                nn.Conv2d(3, 16, 3, padding=1), nn.GroupNorm(4, 16), nn.ReLU(), nn.MaxPool2d(2)
            )
            self.body, self.fc = nn.Sequential(*block(16, 32)), nn.Linear(2048, 3)

        def forward(self, x):
            x = checkpoint(self.stem, x, use_reentrant=not cured)
            return self.fc(self.body(x).flatten(1))

    return script_program(Checkpointed(), folder_loaders())


@reported(
    "loss with parameters of its own",
    "script",
    "TensorDataset",
    "Multitask learning with uncertainty? The parameters are not updated by any optimizer",
    f"{GITHUB}/ifzhang/FairMOT/issues/19",
    "ER002",
    words=r"loss\b.*(param|learn)|param\w*\b.* loss|(not|outside|missing).* optimi[sz]er",
    why="the weights of the two terms are parameters of the loss, and the optimizer lacks them",
)
def uncertainties_stay_as_they_are(cured):
    class Uncertain(nn.Module):
        def __init__(self):
            super().__init__()
            self.s = nn.Parameter(torch.zeros(2))

        def forward(self, logits, labels):
            entropy, margin = F.cross_entropy(logits, labels), F.multi_margin_loss(logits, labels)
            terms = torch.stack([entropy, margin])
            return ((-self.s).exp() * terms + self.s).sum() / 2

    model, loss_fn = stacked(), Uncertain()
    learned = list(model.parameters())
    if cured:
        learned += loss_fn.parameters()
    optimizer = torch.optim.Adam(learned, lr=1e-3)
    return script_program(model, None, optimizer, loss_fn, valid_loss_fn=F.cross_entropy)


@reported(
    "weights drawn too large",
    "script",
    "own data set",
    "Initializing weights and biases with stddev=0.1; without it the loss is constantly infinite",
    f"{GITHUB}/mozilla/DeepSpeech/issues/138",
    "ER033",
    "ER024",
    words=r"initiali[sz]|weights? .*(large|scale|std|deviation)",
    why="every weight is drawn from N(0, 1): logits of the first step are in the thousands",
)
def weights_from_the_standard_normal(cured):
    def init_weights(part):
        if isinstance(part, (nn.Conv2d, nn.Linear)):
            if cured:
                nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
            else:
                nn.init.normal_(part.weight)

    model = Net()
    model.apply(init_weights)
    if cured:
        nn.init.normal_(model.fc3.weight, std=0.05)
    return script_program(model, row_loaders())


@reported(
    "noise alive in evaluation",
    "Lightning-like",
    "TensorDataset",
    "Noise layers during training: AdditiveNoise computes the noise always",
    f"{GITHUB}/keunwoochoi/kapre/issues/35",
    "ER011",
    "ER052",
    words=RANDOM,
    why="the layer does not ask whether it trains: noise is added in evaluation too",
)
def noise_in_both_modes(cured):
    class AdditiveNoise(nn.Module):
        def __init__(self, power=0.5):
            super().__init__()
            self.power = power

        def forward(self, x):
            if cured and not self.training:
                return x
            return x + self.power * torch.randn_like(x)

    body = [*block(3, 16), *block(16, 32), nn.Flatten()]
    module = Lit(nn.Sequential(*body, AdditiveNoise(), nn.Linear(2048, 3)))
    return script_program(module, None, module.configure_optimizers(), F.cross_entropy)


# ---- rates -------------------------------------------------------------------------------------


@reported(
    "schedule never stepped",
    "script",
    "TensorDataset",
    "Use lr_scheduler: fix lr_scheduler not being used",
    f"{GITHUB}/Linaqruf/kohya-trainer/pull/38",
    "ER006",
    "ER101",
    words=RATE,
    why="the scheduler is made, and nobody steps it: the rate stays where it began",
)
def scheduler_is_never_stepped(cured):
    class Unscheduled(Script):
        def after_epoch(self):
            if cured:
                self.scheduler.step()

    model = stacked()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
    schedule = CosineAnnealingLR(optimizer, T_max=20)
    return script_program(
        model, optimizer=optimizer, scheduler=schedule, fit=own_loop(Unscheduled), epochs=4
    )


@reported(
    "rate below zero",
    "Lightning-like",
    "own data set",
    "how to set lr scheduler? After epoch exceeds max_iter, the factor becomes negative",
    f"{GITHUB}/meetps/pytorch-semseg/issues/186",
    "ER006",
    "ER101",
    words=RATE + r"|negative|below (0|zero)",
    why="max_iter are epochs, steps are batches: after 20 batches the rate is negative, and climbs",
)
def polynomial_past_its_end(cured):
    class EachStep(LightningLoop):
        interval = "step"

    loaders = row_loaders()
    max_iter = 20 * len(loaders[0]) if cured else 20
    module = Lit(stacked())
    optimizer = torch.optim.SGD(module.parameters(), lr=0.03, momentum=0.9)
    schedule = LambdaLR(optimizer, lambda number: 1 - number / max_iter)
    return script_program(
        module,
        loaders,
        optimizer,
        F.cross_entropy,
        scheduler=schedule,
        fit=own_loop(EachStep),
        epochs=4,
    )


@reported(
    "rate that grows",
    "script",
    "ImageFolder",
    "a problem with the default learning configuration: the lr might become larger",
    f"{GITHUB}/SYSU-SAIL/PAM/issues/4",
    "ER006",
    "ER101",
    "ER003",
    words=RATE + r"|rate .*(larger|higher|increas|tenfold|multipl)",
    why="0.1 to a negative power: the rate is multiplied by ten every six epochs",
)
def gamma_to_a_negative_power(cured):
    model = stacked()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    sign = 1 if cured else -1
    schedule = LambdaLR(optimizer, lambda epoch: 0.1 ** (sign * (epoch // 6)))
    return script_program(
        model, folder_loaders(), optimizer, scheduler=schedule, fit=own_loop(), epochs=8
    )


@reported(
    "warm-up overwrites the schedule",
    "Lightning-like",
    "TensorDataset",
    "conflicts of warm-up and lr scheduler: this method will override lr_scheduler's change",
    f"{GITHUB}/Lightning-AI/pytorch-lightning/issues/4902",
    "ER006",
    "ER101",
    words=RATE + r"|overwrit|overrid|set by hand|another rate",
    why="optimizer_step sets the rate in every step, long after the warm-up: the decay is undone",
)
def warmup_never_lets_go(cured):
    class ByHand(LightningLoop):
        steps = 0

        def update(self, loss, number):
            self.steps += 1
            if self.steps <= 12 or not cured:
                for group in self.optimizer.param_groups:
                    group["lr"] = min(1.0, self.steps / 12) * self.model.lr
            super().update(loss, number)

    module = Lit(stacked(), lr=2e-3)
    optimizer = module.configure_optimizers()
    schedule = ExponentialLR(optimizer, gamma=0.85)
    return script_program(
        module,
        None,
        optimizer,
        F.cross_entropy,
        scheduler=schedule,
        fit=own_loop(ByHand),
        epochs=4,
    )


@reported(
    "group option that nobody reads",
    "torchvision model",
    "own data set",
    "[Bugs] lr_mult, decay_mult unavailable in optimizer",
    f"{GITHUB}/mit-han-lab/temporal-shift-module/issues/108",
    words=r"lr_mult|unknown|ignored|(option|key|entr)\w* .*group|group\w* .*(option|key|entr)",
    why="torch keeps lr_mult and never reads it: the downloaded body learns at the head's rate",
)
def multiplier_from_caffe(cured):
    model = downloaded()
    body = [part for name, part in model.named_parameters() if not name.startswith("fc.")]
    if cured:
        groups = [{"params": body, "lr": 0.0002}, {"params": model.fc.parameters(), "lr": 0.004}]
    else:
        groups = [
            {"params": body, "lr_mult": 0.05}, {"params": model.fc.parameters(), "lr_mult": 1.0}
        ]
    optimizer = torch.optim.SGD(groups, lr=0.004, momentum=0.9)
    return script_program(model, row_loaders(), optimizer)


# ---- loops -------------------------------------------------------------------------------------


@reported(
    "average never given back",
    "script",
    "own data set",
    "[BUG]: Missed to restore model weights in training after validation with EMA on",
    f"{GITHUB}/PKU-YuanGroup/Open-Sora-Plan/issues/186",
    "ER077",
    "ER076",
    words=r"average|restor|weights? .*(evaluation|validation|between|outside)",
    why="the average is copied into the network for evaluation, and training goes on from it",
)
def average_is_not_given_back(cured):
    class Averaged(Script):
        def __init__(self, program, watch):
            super().__init__(program, watch)
            self.shadow = [part.detach().clone() for part in self.model.parameters()]

        def copy_to(self, tensors):
            with torch.no_grad():
                for part, value in zip(self.model.parameters(), tensors):
                    part.copy_(value)

        def after_batch(self, number):
            for kept, part in zip(self.shadow, self.model.parameters()):
                kept.lerp_(part.detach(), 0.1)

        def evaluate(self):
            stored = [part.detach().clone() for part in self.model.parameters()]
            self.copy_to(self.shadow)
            told = super().evaluate()
            if cured:
                self.copy_to(stored)
            return told

    return script_program(Net(), row_loaders(), fit=own_loop(Averaged), epochs=3)


@reported(
    "weights drawn anew in each epoch",
    "script",
    "TensorDataset",
    "Resetting each epoch? Why does it seem like the weights are being reset each epoch?",
    f"{GITHUB}/google-deepmind/learning-to-learn/issues/18",
    "ER077",
    words=r"\b(reset|initiali[sz]ed|anew|forg[eo]t)|begins? with|lost|last(s|ed)? one",
    why="the reset is part of the epoch: each one begins with fresh weights",
)
def reset_in_each_epoch(cured):
    class Resetting(Script):
        def prepare(self, epoch):
            super().prepare(epoch)
            if epoch == 0 or not cured:
                for part in self.model.modules():
                    if hasattr(part, "reset_parameters"):
                        part.reset_parameters()

    return script_program(stacked(), fit=own_loop(Resetting), epochs=3)


@reported(
    "one step an epoch",
    "Sequential",
    "random_split",
    "Fixed possible indentation error: the optimizer has to be called for every batch",
    f"{GITHUB}/XinyiYS/Gradient-Driven-Rewards-to-Guarantee-Fairness-in-Collaborative-Machine-"
    "Learning/pull/3",
    "ER073",
    "ER074",
    words=r"\b(one|single|1|only|few) (\w+ )?(step|update)|step .*(epoch|every batch|each batch)",
    why="the step is behind the loop: of twelve gradients the last is used, eleven are cleared",
)
def step_behind_the_loop(cured):
    class Dedented(Script):
        def update(self, loss, number):
            self.optimizer.zero_grad()
            loss.backward()
            if cured:
                self.optimizer.step()

        def after_epoch(self):
            if not cured:
                self.optimizer.step()

    train, valid = random_split(tensors("train"), [150, 42])
    loaders = loader(train, True), loader(valid)
    return script_program(stacked(), loaders, fit=own_loop(Dedented), epochs=3)


@reported(
    "batch turned instead of images",
    "script",
    "TensorDataset",
    "Maybe There is a bug in train.py, when flip the image: axis=0 means the batch dimension",
    f"{GITHUB}/lavi135246/pytorch-Learning-to-See-in-the-Dark/issues/11",
    "ER037",
    "ER092",
    words=r"flip|revers|mirror|(label|image)s? .*(another|order|belong|mixed|moved|permut)",
    why="flip(0) reverses the order of the images in the batch; their labels stay where they are",
)
def flipped_along_the_batch(cured):
    class Flipping(Script):
        def loss_of(self, images, labels, number):
            if torch.rand(1) < 0.5:
                images = images.flip(3 if cured else 0)
            return super().loss_of(images, labels, number)

    return script_program(stacked(), fit=own_loop(Flipping), epochs=3)


@reported(
    "shares the wrong way round",
    "Lightning-like",
    "own data set",
    "lam is computed incorrectly in RandomCutMixV2",
    f"{GITHUB}/kornia/kornia/issues/3077",
    "ER037",
    words=r"mix|share|past(e|ed)\b|patch|\blam",
    why="lam is the area of the patch, and weighs the image into which it is pasted",
)
def area_of_the_patch(cured):
    class CutMixed(LightningLoop):
        def loss_of(self, images, labels, number):
            side = int(torch.randint(8, 17, (1,)))
            top, left = torch.randint(0, SIDE - side + 1, (2,)).tolist()
            order = torch.randperm(len(labels))
            images = images.clone()
            patch = ..., slice(top, top + side), slice(left, left + side)
            images[patch] = images[order][patch]
            area = side * side / (SIDE * SIDE)
            lam = 1 - area if cured else area
            logits = self.model(images)
            loss = lam * self.program.loss_fn(logits, labels)
            loss = loss + (1 - lam) * self.program.loss_fn(logits, labels[order])
            return loss, logits.detach()

    layers = [*block(3, 16), *block(16, 32), nn.Flatten(), nn.Linear(2048, 3)]
    module = Lit(nn.Sequential(*layers))
    optimizer = module.configure_optimizers()
    return script_program(
        module, row_loaders(), optimizer, F.cross_entropy, fit=own_loop(CutMixed), epochs=3
    )


# ---- loss and metrics --------------------------------------------------------------------------


@reported(
    "mean divided by the batch",
    "script",
    "ImageFolder",
    "is the loss calculation wrong? loss = loss/args.batch_size; loss is the mean of a batch",
    f"{GITHUB}/abduallahmohamed/Social-STGCNN/issues/51",
    "ER022",
    "ER003",
    why="cross-entropy is a mean already: gradients are 16 times too small",
)
def divided_by_the_batch_size(cured):
    def loss_fn(logits, labels):
        loss = F.cross_entropy(logits, labels)
        return loss if cured else loss / len(labels)

    model = stacked()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
    return script_program(model, folder_loaders(), optimizer, loss_fn)


@reported(
    "labels and output swapped",
    "script",
    "TensorDataset",
    "wrong order in tf_model_loss: it should be categorical_crossentropy(model, y)",
    f"{GITHUB}/cleverhans-lab/cleverhans/issues/25",
    "ER022",
    words=r"swap|argument|wrong order|cannot (come|fall|reach|get)|(best|perfect) .*loss",
    why="the labels are given for the prediction: a perfect output has a loss of 0.55",
)
def arguments_in_the_wrong_order(cured):
    def loss_fn(logits, labels):
        truth, output = F.one_hot(labels, 3).float(), logits
        if cured:
            return F.cross_entropy(output, truth)
        return F.cross_entropy(truth, output.softmax(1))

    return script_program(stacked(), loss_fn=loss_fn)


@reported(
    "top five of five",
    "script",
    "TensorDataset",
    "Why my Acc@5 always shown 100?",
    f"{GITHUB}/signatrix/regnet/issues/3",
    "ER084",
    words=r"top|accuracy",
    why="the label of one of five classes is always among the five best",
)
def best_five_of_five(cured):
    class TopFive(Script):
        def summarise(self, logits, labels):
            logits, labels = torch.cat(logits), torch.cat(labels)
            best = logits.topk(1 if cured else 5).indices
            hits = (best == labels[:, None]).any(1)
            return self.program.loss_fn(logits, labels), hits.double().mean()

    parts = [tensors(split, classes=FIVE) for split in ("train", "validation")]
    loaders = loader(parts[0], True), loader(parts[1])
    return script_program(stacked(5), loaders, fit=own_loop(TopFive), epochs=3)


@reported(
    "accuracy as an integer",
    "torchvision model",
    "ImageFolder",
    "Fix epoch accuracy (avoiding integer division): the constant 0 accuracy I get since v0.4",
    f"{GITHUB}/pytorch/tutorials/pull/227",
    "ER084",
    words=r"accuracy",
    why="hits are divided by images as integers: the accuracy is 0 until it is 1",
)
def hits_divided_as_integers(cured):
    class Floored(Script):
        def summarise(self, logits, labels):
            logits, labels = torch.cat(logits), torch.cat(labels)
            hits = (logits.argmax(1) == labels).sum()
            accuracy = hits.double() / len(labels) if cured else hits // len(labels)
            return self.program.loss_fn(logits, labels), accuracy

    model = ThinResNet(3)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loaders = folder_loaders(augment)
    return script_program(model, loaders, optimizer, fit=own_loop(Floored), epochs=3)


# ---- images ------------------------------------------------------------------------------------


@reported(
    "clipped after normalising",
    "script",
    "ImageFolder",
    "No normalization here: it makes no sense to clip to [0, 1] after normalizing",
    f"{GITHUB}/szacho/augmix-tf/issues/1",
    "ER041",
    "ER042",
    "ER043",
    words=r"clip|clamp|cut off|(half|many|share|%) .*\b(0|zero)\b|contrast|bright|range|scale",
    why="normalised pixels reach from -1 to 1; all that are below the middle become 0",
)
def noise_clipped_to_zero_and_one(cured):
    def noisy(x):
        return (x + 0.05 * torch.randn_like(x)).clamp(0, 1)

    parts = [noisy, normalise] if cured else [normalise, noisy]
    read = transforms.Compose([transforms.ToTensor(), *parts])
    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, folder_loaders(read), optimizer)


@reported(
    "normalised twice",
    "torchvision model",
    "own data set",
    "Normalize is added twice when using `cnn_learner`",
    f"{GITHUB}/fastai/fastai/issues/3370",
    "ER041",
    words=r"twice|normali[sz]",
    why="the transform normalises, the learner does it again: pixels reach from -3 to 1",
)
def normalised_by_the_learner_too(cured):
    read = to_tensor if cured else transforms.Compose([to_tensor, normalise])
    model = Partly(downloaded(), "fc")
    optimizer = torch.optim.Adam(model.learned(), lr=3e-3)
    return script_program(model, row_loaders(read, read), optimizer)


@reported(
    "palette indices for pixels",
    "Sequential",
    "own data set",
    "Decode palette image colors for training tensors: a PNG produced palette indices",
    f"{GITHUB}/apache/paimon/pull/10096",
    "ER045",
    "ER041",
    words=r"palette|neighbour|ind(ex|ices)|scrambl|smooth",
    why="pictures with a palette are read as arrays of its indices, another order in each picture",
)
def picture_of_palette_indices(cured):
    def read(image):
        picture = image.quantize(64, method=Image.Quantize.FASTOCTREE)  # as on the disk
        if cured:
            return to_tensor(picture.convert("RGB"))
        return to_tensor(Image.fromarray(np.asarray(picture)).convert("RGB"))

    return script_program(stacked(), row_loaders(read, read))


@reported(
    "missing files become blank pictures",
    "script",
    "TensorDataset",
    "don't keep zeroed samples when an image file is missing",
    f"{GITHUB}/ooples/AiDotNet/pull/1277",
    "ER041",
    "ER066",
    words=r"blank|black|\bempty|zero|constant|(same|equal) image|images? .*(same|equal)",
    why="the array is made of zeros, and a file that is missing leaves its row so, with its label",
)
def missing_files_are_zero(cured):
    def read(split, lost):
        samples = image_folder(split).samples
        listed = [
            (str(Path(path).with_suffix(".jpeg")) if number % lost == 0 else path, label)
            for number, (path, label) in enumerate(samples, 1)
        ]
        if cured:
            listed = [(path, label) for path, label in listed if Path(path).exists()]
        images = torch.zeros(len(listed), 3, SIDE, SIDE)
        for row, (path, _) in enumerate(listed):
            if Path(path).exists():
                images[row] = to_tensor(Image.open(path))
        return TensorDataset(images, torch.tensor([label for _, label in listed]))

    loaders = loader(read("train", 4), True), loader(read("validation", 1000))
    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return script_program(model, loaders, optimizer)


# ---- loaders -----------------------------------------------------------------------------------


@reported(
    "prefetcher keeps the last batch",
    "script",
    "ImageFolder",
    "Prefetcher throws away last batch",
    f"{GITHUB}/antonioterpin/synthpix/issues/121",
    "ER062",
    "ER083",
    words=r"last batch|\d+ of \d+ (image|row)|(image|row)s? .*(never|missing|lost|not read)",
    why="the loop ends when nothing follows, with one batch in hand: 48 of 60 images are evaluated",
)
def prefetched_batch_is_lost(cured):
    class Prefetcher:
        def __init__(self, batches):
            self.batches, self.dataset = batches, batches.dataset

        def __len__(self):
            return len(self.batches)

        def __iter__(self):
            coming = iter(self.batches)
            held = next(coming)
            for following in coming:
                yield held
                held = following
            if cured:
                yield held

    train, valid = folder_loaders(augment)
    return script_program(stacked(), (Prefetcher(train), Prefetcher(valid)))


@reported(
    "resumed in every epoch",
    "script",
    "own data set",
    "Permanent Skipping of Batches with `accelerator.skip_first_batches`",
    f"{GITHUB}/huggingface/accelerate/issues/1451",
    "ER083",
    "ER061",
    words=r"skip|\d+ of \d+ (image|row|batch)|fewer|half of|not (all|every)|images read",
    why="the batches that one resumed epoch should skip are skipped in every epoch",
)
def first_batches_always_skipped(cured):
    class Skipping:
        def __init__(self, batches, skipped):
            self.batches, self.dataset, self.skipped = batches, batches.dataset, skipped

        def __len__(self):
            return len(self.batches) - self.skipped

        def __iter__(self):
            for number, batch in enumerate(self.batches):
                if number >= self.skipped:
                    yield batch

    train, valid = row_loaders(augment)
    train = Skipping(train, 0 if cured else 7)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    return script_program(model, (train, valid), optimizer, fit=own_loop(), epochs=3)


REPORTS_6 = {                          # out of the first list, into one of their own
    name: REPORTS.pop(name)
    for name, report in list(REPORTS.items())
    if report.build.__module__ == __name__
}
