"""A third list of programs made after public reports, written when the first two were known.

As in `real_reports_2.py`: each is broken as its report says, `cured` mends it, and the right causes
were written down before any program was shown to the guards. The author knew the names and the
questions of the checks, not their code.
"""
import copy

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import CosineAnnealingLR, LambdaLR
from torch.utils.data import Dataset, default_collate
from torchvision import transforms

from real_kit import (
    FaceRows,
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
    earlier_weights,
    image_folder,
    loader,
    normalise,
    own_loop,
    reported,
    rows,
    script_program,
    stacked,
    tensors,
    to_tensor,
)

GITHUB = "https://github.com"

# What another check would say, in words.
RATE = r"schedul|(learning )?rate .*(is 0\b|zero|tiny|falls|ends|small|low)"
NAN = r"\bnan\b|not finite|infinite"
FEW = (
    r"only \d+ (of|image|row|different)|\d+ (of|from) \d+ (image|row)|repeat|more than once"
    r"|never (read|seen|drawn)|same (few )?(images|rows|batch)"
)


def row_loaders(read=None):
    "The two loaders over own data sets."
    return loader(rows("train", read), True), loader(rows("validation", read))


def folder_loaders(read=to_tensor):
    "The two loaders over class folders, with one transform."
    return loader(image_folder("train", read), True), loader(image_folder("validation", read))


# ---- fine-tuning -------------------------------------------------------------------------------


@reported(
    "freezing misspelt",
    "torchvision model",
    "ImageFolder",
    "CNN - Transfer learning notebook - `require_grad` needs to be requires_grad",
    f"{GITHUB}/udacity/deep-learning-v2-pytorch/issues/12",
    words=(
        r"require_grad|not frozen|meant to (be fro|free)z|no effect|misspel|typo"
        r"|(unknown|stray|plain) attribute"
    ),
    why="require_grad is an attribute of no meaning: the whole backbone goes on learning",
)
def require_grad_without_s(cured):
    class Finetuned(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.head = downloaded(), nn.Linear(512, 3)
            self.body.fc = nn.Identity()
            for part in self.body.parameters():
                setattr(part, "requires_grad" if cured else "require_grad", False)

        def train(self, mode=True):
            super().train(mode)
            self.body.eval()
            return self

        def forward(self, x):
            return self.head(self.body(x))

    model = Finetuned()
    learning = [part for part in model.parameters() if part.requires_grad]
    return script_program(model, folder_loaders(), torch.optim.Adam(learning, lr=1e-3))


@reported(
    "out_features set by hand",
    "torchvision model",
    "own data set",
    "Fix VGG11 classifier replacement to correctly output 10 classes",
    f"{GITHUB}/sinanuozdemir/feature_engineering_bookcamp/pull/10",
    "ER021",
    "ER031",
    "ER035",
    words=r"out_features|5 outputs|outputs? .*(never|no label|no class|unused)",
    why="setting out_features resizes no weight: the old head of five classes is still there",
)
def out_features_by_hand(cured):
    model = ThinResNet(5)
    model.load_state_dict(earlier_weights())
    if cured:
        model.fc = nn.Linear(model.fc.in_features, 3)
    else:
        model.fc.out_features = 3
    return script_program(model, row_loaders())


@reported(
    "frozen with a gradient left",
    "script",
    "own data set",
    "Why there is still a small change in frozen layer parameters?",
    "https://discuss.pytorch.org/t/"
    "why-there-is-still-a-small-change-in-frozen-layer-parameters/153740",
    "ER002",
    "ER012",
    words=(
        r"(frozen|freez\w*) .*(mov|chang|updat|gradient)|(mov|chang|updat)\w* .*frozen"
        r"|(gradient|momentum) .*left"
    ),
    why="a frozen layer keeps its last grad (zeros, not None), so momentum goes on moving it",
)
def frozen_but_grad_is_not_none(cured):
    class Freezes(Script):
        def prepare(self, epoch):
            super().prepare(epoch)
            if epoch == 1:
                for part in self.model[0].parameters():
                    part.requires_grad = False
                    if cured:
                        part.grad = None

        def update(self, loss, number):
            self.optimizer.zero_grad(set_to_none=False)
            loss.backward()
            self.optimizer.step()

    model = stacked()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.03, momentum=0.9)
    return script_program(model, row_loaders(), optimizer, fit=own_loop(Freezes), epochs=3)


@reported(
    "resumed at the last rate",
    "Lightning-like",
    "ImageFolder",
    "zero learning rate when resume training",
    f"{GITHUB}/facebookresearch/DPR/issues/99",
    "ER003",
    "ER006",
    "ER101",
    words=RATE,
    why="the loaded optimizer brings the rate with which its schedule had ended, 0, for a new run",
)
def optimizer_of_a_finished_run(cured):
    module = Lit(stacked())
    finished = module.configure_optimizers()
    schedule = CosineAnnealingLR(finished, T_max=1)
    finished.step()
    schedule.step()
    optimizer = module.configure_optimizers()
    optimizer.load_state_dict(finished.state_dict())
    if cured:
        optimizer.param_groups[0]["lr"] = module.lr
    return script_program(module, folder_loaders(), optimizer, F.cross_entropy)


# ---- rates and steps ---------------------------------------------------------------------------


@reported(
    "the rate times itself",
    "script",
    "TensorDataset",
    "Lambda learning rate scheduler: it should not include a multiplication by args.lr",
    f"{GITHUB}/lhoyer/MIC/issues/60",
    "ER003",
    "ER006",
    "ER101",
    words=RATE + r"|factor|twice|squared",
    why="LambdaLR wants a factor and gets a rate: 1e-3 becomes 1e-6",
)
def lambda_returns_a_rate(cured):
    lr = 1e-3
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    unit = 1.0 if cured else lr
    schedule = LambdaLR(optimizer, lambda epoch: unit * (1 + 0.1 * epoch) ** -0.75)
    return script_program(model, optimizer=optimizer, scheduler=schedule, fit=own_loop())


@reported(
    "schedule of another optimizer",
    "Lightning-like",
    "TensorDataset",
    "Target optimizer not set properly when loading from state dict",
    f"{GITHUB}/ildoonet/pytorch-gradual-warmup-lr/issues/27",
    "ER006",
    words=(
        r"(another|other|old|different|wrong|not th\w+) optimizer|optimizer .*(another|not the)"
        r"|schedul\w* .*(no effect|never (change|reach)|does not)"
    ),
    why="the schedule steps the optimizer from before the resume; the one in use keeps its rate",
)
def schedule_of_the_old_optimizer(cured):
    module = Lit(stacked())
    optimizer = module.configure_optimizers()
    schedule = CosineAnnealingLR(optimizer, T_max=20)
    saved = optimizer.state_dict()
    optimizer = module.configure_optimizers()
    optimizer.load_state_dict(saved)
    if cured:
        schedule = CosineAnnealingLR(optimizer, T_max=20)
    return script_program(
        module,
        None,
        optimizer,
        F.cross_entropy,
        scheduler=schedule,
        fit=own_loop(LightningLoop),
        epochs=3,
    )


@reported(
    "accumulated and thrown away",
    "script",
    "ImageFolder",
    "Fix Gradients accumulation example",
    f"{GITHUB}/pytorch/ignite/issues/583",
    words=(
        r"gradients? .*(discard|thrown|lost|wasted|never used|unused|cleared|zeroed)"
        r"|(discard|throw|wast|clear)\w* .*(gradient|batch)|batch(es)? .*(never|not) used"
    ),
    why="zero_grad runs before the batch that steps: three batches of four teach nothing",
)
def three_batches_of_four_lost(cured):
    class Accumulates(Script):
        def update(self, loss, number):
            last = (number + 1) % 4 == 0
            if last and not cured:
                self.optimizer.zero_grad()
            (loss / 4).backward()
            if last:
                self.optimizer.step()
            if last and cured:
                self.optimizer.zero_grad()

    model = stacked()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return script_program(model, folder_loaders(augment), optimizer, fit=own_loop(Accumulates))


@reported(
    "the loss made anew",
    "Lightning-like",
    "TensorDataset",
    "loss don't go down when finetune and about requires_grad option in backward()",
    f"{GITHUB}/huggingface/torchMoji/issues/21",
    "ER013",
    "ER026",
    words=r"detach|cut off|graph|no gradient",
    why="a loss wrapped anew hides the error that it has no graph, and no weight gets a gradient",
)
def variable_around_the_loss(cured):
    class Wrapped(Lit):
        def criterion(self, logits, labels):
            loss = F.cross_entropy(logits, labels)
            return loss if cured else torch.tensor(loss.item(), requires_grad=True)

    module = Wrapped(stacked())
    optimizer = module.configure_optimizers()
    return script_program(module, None, optimizer, module.criterion, fit=own_loop(LightningLoop))


@reported(
    "half precision eats epsilon",
    "script",
    "TensorDataset",
    "Adam+Half Precision = NaNs?",
    "https://discuss.pytorch.org/t/adam-half-precision-nans/1765",
    "ER003",
    "ER071",
    words=NAN + r"|half|float16|precision|epsilon|\beps\b",
    why="Adam's epsilon of 1e-8 is 0 in float16: where a gradient is small, 0/0 makes weights NaN",
)
def adam_in_half_precision(cured):
    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = stacked().half()

        def forward(self, x):
            return self.net(x.half()).float()

    model = Half()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, eps=1e-4 if cured else 1e-8)
    return script_program(model, optimizer=optimizer)


# ---- networks ----------------------------------------------------------------------------------


@reported(
    "no activation between layers",
    "Sequential",
    "TensorDataset",
    "No activation function in MLP?",
    f"{GITHUB}/YujiaBao/ls/issues/1",
    "ER025",
    words=r"activation|linear layers|nonlinear",
    why="the ReLUs were forgotten: three linear layers in a row are one linear layer",
)
def perceptron_without_activation(cured):
    layers = [nn.Flatten()]
    for width, out in ((3072, 128), (128, 64)):
        layers.append(nn.Linear(width, out))
        if cured:
            layers.append(nn.ReLU())
    return script_program(nn.Sequential(*layers, nn.Linear(64, 3)))


@reported(
    "all weights alike",
    "Sequential",
    "own data set",
    "Why is it bad idea to initialize all weight to same value?",
    "https://stats.stackexchange.com/questions/521388/"
    "why-is-it-bad-idea-to-initialize-all-weight-to-same-value",
    words=(
        r"symmetr|(identical|equal|same) .*(weight|value|unit|row|filter|initial)"
        r"|(weight|unit|row|filter|channel)s? .*(identical|equal|alike|the same|constant)"
    ),
    why="units that begin alike get the same gradient and stay alike: each layer is one unit wide",
)
def every_weight_the_same(cured):
    model = nn.Sequential(*block(3, 16), *block(16, 32), nn.Flatten(), nn.Linear(2048, 3))
    for part in model:
        if isinstance(part, nn.Conv2d) and not cured:
            nn.init.constant_(part.weight, 0.1)
            nn.init.zeros_(part.bias)
    return script_program(model, row_loaders())


@reported(
    "normalised over one pixel",
    "script",
    "ImageFolder",
    "nn.InstanceNorm behavior is not consistent for inputs with spatial dimension = 1",
    f"{GITHUB}/pytorch/pytorch/issues/45687",
    "ER013",
    "ER021",
    "ER026",
    words=(
        r"norm\w* .*(one|single|1) |(not|never|hardly|barely) depend"
        r"|(same|constant) (output|logit)"
    ),
    why="one group for each channel of one pixel: what is normalised is 0 for every image",
)
def instance_norm_after_pooling(cured):
    class Pooled(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Sequential(*block(3, 16), *block(16, 32), nn.AdaptiveAvgPool2d(1))
            self.norm, self.fc = nn.GroupNorm(4 if cured else 32, 32), nn.Linear(32, 3)

        def forward(self, x):
            return self.fc(self.norm(self.body(x)).flatten(1))

    return script_program(Pooled(), folder_loaders())


@reported(
    "root of zero",
    "script",
    "own data set",
    "gradient explosion in SignedSquareRoot",
    f"{GITHUB}/jnhwkim/cbp/issues/1",
    "ER013",
    "ER071",
    words=NAN + r"|sqrt|square root",
    why="the slope of a root at 0 is infinite: one pair of features that never meet makes NaN",
)
def square_root_of_zero(cured):
    class Bilinear(nn.Module):
        def __init__(self):
            super().__init__()
            layers = []
            for channels, out in ((3, 12), (12, 24), (24, 24)):
                layers += [nn.Conv2d(channels, out, 3, 2, 1), nn.BatchNorm2d(out), nn.ReLU()]
            self.body, self.fc = nn.Sequential(*layers), nn.Linear(576, 3)

        def forward(self, x):
            x = self.body(x).flatten(2)
            products = (x @ x.transpose(1, 2) / x.shape[2]).flatten(1)
            return self.fc(F.normalize(torch.sqrt(products + (1e-5 if cured else 0.0))))

    model = Bilinear()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    return script_program(model, row_loaders(), optimizer)


@reported(
    "momentum of another library",
    "Sequential",
    "TensorDataset",
    "BatchNorm Momentum Setting in Pytorch: momentum=0.999",
    f"{GITHUB}/kazuto1011/deeplab-pytorch/issues/79",
    "ER025",
    words=r"momentum|running (stat|mean|var)|statistics .*(last|newest) batch",
    why="0.999 is what is kept elsewhere; in torch it is the weight of the newest batch",
)
def momentum_of_keras(cured):
    momentum = 0.1 if cured else 0.999
    model = nn.Sequential(
        *block(3, 12),
        *block(12, 24),
        nn.Flatten(),
        nn.Linear(1536, 64),
        nn.BatchNorm1d(64, momentum=momentum),
        nn.ReLU(),
        nn.Linear(64, 3),
    )
    loaders = loader(tensors("train"), True, batch_size=19), loader(tensors("validation"))
    return script_program(model, loaders)


@reported(
    "average without statistics",
    "script",
    "TensorDataset",
    "EMA of BatchNorm Layer",
    f"{GITHUB}/CuriousAI/mean-teacher/issues/9",
    words=r"running (stat|mean|var)|statistic|buffer|num_batches_tracked",
    why="weights are averaged and buffers are not: the teacher is normalised by 0 and 1",
)
def teacher_keeps_first_buffers(cured):
    class MeanTeacher(nn.Module):
        def __init__(self):
            super().__init__()
            self.student = stacked()
            self.teacher = copy.deepcopy(self.student).requires_grad_(False)

        def forward(self, x):
            return self.student(x) if self.training else self.teacher(x)

    class Averages(Script):
        def after_batch(self, number):
            teacher, student = self.model.teacher, self.model.student
            for old, new in zip(teacher.parameters(), student.parameters()):
                old.lerp_(new.detach(), 0.3)
            if cured:
                for old, new in zip(teacher.buffers(), student.buffers()):
                    old.copy_(new)

    model = MeanTeacher()
    optimizer = torch.optim.Adam(model.student.parameters(), lr=2e-3)
    return script_program(model, optimizer=optimizer, fit=own_loop(Averages), epochs=3)


# ---- losses ------------------------------------------------------------------------------------


@reported(
    "class weights the wrong way round",
    "Sequential",
    "own data set",
    "Possible error in loss weight assignment: flipping them should be the right way",
    f"{GITHUB}/amanshenoy/multilogue-net/issues/21",
    "ER027",
    words=r"class weight|weights? .*(rare|frequent|common|even)",
    why="the frequent class has the largest weight, the rare ones the smallest",
)
def frequent_class_weighs_most(cured):
    images, labels = drawn("train")
    kept = (labels == 0) | (np.arange(len(labels)) % 4 == 0)
    counts = torch.from_numpy(np.bincount(labels[kept])).float()
    share = counts / counts.sum()
    weights = 1 / (3 * share) if cured else 3 * share
    train = loader(FaceRows(images[kept], labels[kept]), True)
    return script_program(
        stacked(),
        (train, loader(rows("validation"))),
        loss_fn=nn.CrossEntropyLoss(weight=weights),
        valid_loss_fn=nn.CrossEntropyLoss(),
    )


@reported(
    "focal loss of a mean",
    "script",
    "TensorDataset",
    "Wrong implementation of focal loss: the output is already a single value",
    f"{GITHUB}/kaidic/LDAM-DRW/issues/6",
    "ER022",
    words=r"(not|no) (a )?mean|mean over|each image|per[- ]image|reduc|rest of the batch",
    why="the mean is taken before the focus: an image's weight is that of its whole batch",
)
def focal_after_the_mean(cured):
    class Focal(nn.Module):
        def forward(self, logits, labels):
            cross = F.cross_entropy(logits, labels, reduction="none" if cured else "mean")
            return ((1 - torch.exp(-cross)) ** 2 * cross).mean()

    return script_program(Net(), loss_fn=Focal(), valid_loss_fn=nn.CrossEntropyLoss())


@reported(
    "minus forgotten",
    "Sequential",
    "ImageFolder",
    "Update 05_pet_breeds.ipynb: there should be an extra negative sign before sm_acts[idx, targ]",
    f"{GITHUB}/fastai/fastbook/pull/478",
    "ER022",
    words=r"\bsign\b|(reward|lower|smaller|falls?) .*wrong|wrong class",
    why="the probability of the right class is what is minimised",
)
def probability_is_minimised(cured):
    def picked(logits, labels):
        probability = torch.softmax(logits, dim=1)[torch.arange(len(labels)), labels]
        return -probability.log().mean() if cured else probability.mean()

    return script_program(stacked(), folder_loaders(), loss_fn=picked)


# ---- labels and images -------------------------------------------------------------------------


@reported(
    "all labels are 0",
    "script",
    "own data set",
    "Cross Entropy and Accuracy are not matched: caused by wrongly one-hot encoding",
    f"{GITHUB}/kratzert/finetune_alexnet_with_tensorflow/issues/37",
    "ER031",
    words=r"(one|single|same) (class|label)|all labels|class(es)? .*(missing|never|no image)",
    why="the argmax of a column with one number is always 0: every image has the same label",
)
def argmax_of_a_column(cured):
    class FromTable(Dataset):
        def __init__(self, split):
            images, labels = drawn(split)
            self.images, self.table = images, labels[:, None].astype(np.float32)

        def __len__(self):
            return len(self.table)

        def __getitem__(self, row):
            numbers = self.table[row]
            label = numbers[0] if cured else np.argmax(numbers)
            return to_tensor(Image.fromarray(self.images[row])), int(label)

    loaders = loader(FromTable("train"), True), loader(FromTable("validation"))
    return script_program(Net(), loaders)


@reported(
    "mixed by two orders",
    "script",
    "TensorDataset",
    "Mixup returns different combinations for labels and images",
    f"{GITHUB}/xudonmao/VMT/issues/1",
    "ER092",
    words=r"unrelated|mix|(label|share)s? .*(not|never|do not|don't) (fit|belong|match)",
    why="images are mixed with one shuffle of the batch and labels with another",
)
def mixup_of_two_shuffles(cured):
    def mixed(pairs):
        images, labels = default_collate(pairs)
        shares = F.one_hot(labels, 3).float()
        part, order = torch.rand(()), torch.randperm(len(images))
        second = order if cured else torch.randperm(len(images))
        images = part * images + (1 - part) * images[order]
        return images, part * shares + (1 - part) * shares[second]

    loaders = loader(tensors("train"), True, collate_fn=mixed), loader(tensors("validation"))
    return script_program(stacked(), loaders)


@reported(
    "floats cast to bytes",
    "torchvision model",
    "own data set",
    "incorrect conversion to grayscale: everything below 1 will be 0",
    f"{GITHUB}/neosr-project/neosr/issues/28",
    "ER041",
    words=r"black|0 and 1|two values|all zero|constant",
    why="pixels between 0 and 1 are cast to uint8: all but the white ones become 0",
)
def bytes_of_floats(cured):
    def read(image):
        pixels = np.asarray(image, dtype=np.float32) / 255
        pixels = pixels if cured else pixels.astype(np.uint8)
        return torch.from_numpy(pixels).permute(2, 0, 1).float()

    return script_program(ThinResNet(3), row_loaders(read))


@reported(
    "turned in one split",
    "Lightning-like",
    "own data set",
    "X is not consistent between TRAINING and EVALUATION: there is a transpose in training",
    f"{GITHUB}/zsdonghao/u-net-brain-tumor/issues/13",
    "ER043",
    words=r"transpos|rotat|turned|orientation|axes|upright|height and width",
    why="training images are transposed, evaluation images are not: the faces lie on their side",
)
def transposed_in_training(cured):
    def turned(image):
        return to_tensor(image.transpose(Image.Transpose.TRANSPOSE))

    module = Lit(stacked())
    loaders = loader(rows("train", None if cured else turned), True), loader(rows("validation"))
    return script_program(module, loaders, module.configure_optimizers(), F.cross_entropy)


@reported(
    "another size in evaluation",
    "Sequential",
    "ImageFolder",
    "Removing the re-size for validation data, which breaking the validation accuracy of CIFAR",
    f"{GITHUB}/apache/mxnet/pull/12362",
    "ER042",
    "ER043",
    words=r"image size|sizes? (of|differ)|resiz|resolution|\d+ ?(x|×) ?\d+",
    why="validation images are enlarged threefold, training images are not",
)
def validation_enlarged(cured):
    steps = [transforms.Resize(SIDE if cured else 3 * SIDE), transforms.ToTensor(), normalise]
    valid = image_folder("validation", transforms.Compose(steps))
    return script_program(stacked(), (loader(image_folder("train", augment), True), loader(valid)))


# ---- loaders -----------------------------------------------------------------------------------


@reported(
    "always the first batch",
    "script",
    "own data set",
    "fix iter bug: it will always iter the first batch",
    f"{GITHUB}/ZhaoJ9014/face.evoLVe/pull/39",
    "ER061",
    "ER066",
    "ER083",
    words=FEW,
    why="iter() inside the loop begins anew each time: of 192 images only the first 16 are read",
)
def iter_inside_the_loop(cured):
    class Steps:
        def __init__(self, batches):
            self.batches = batches

        def __len__(self):
            return len(self.batches)

        def __iter__(self):
            running = iter(self.batches)
            for _ in range(len(self)):
                yield next(running if cured else iter(self.batches))

    train = Steps(loader(rows("train"), cured))
    return script_program(stacked(), (train, loader(rows("validation"))), fit=own_loop())


@reported(
    "augmented once",
    "script",
    "own data set",
    "Augmentations: why we are doing augmentation on the whole dataset only once",
    f"{GITHUB}/emadeldeen24/TS-TCC/issues/5",
    "ER065",
    words=(
        r"same (augment|random|crop|flip|draw)|cache|identical (augment|draw|image)"
        r"|(augment|random)\w* .*(once|repeat|the same|every epoch)"
    ),
    why="a row is kept after its first augmentation: every epoch sees the same flips and crops",
)
def augmentation_is_cached(cured):
    class Cached(FaceRows):
        def __init__(self, *given):
            super().__init__(*given)
            self._kept = {}

        def __getitem__(self, row):
            if cured:
                return super().__getitem__(row)
            if row not in self._kept:
                self._kept[row] = super().__getitem__(row)
            return self._kept[row]

    data = Cached(*drawn("train"), augment)
    return script_program(stacked(), (loader(data, True), loader(rows("validation"))))


@reported(
    "length of the pair",
    "Lightning-like",
    "own data set",
    "Length of data samples wrongly calculated: always 2",
    f"{GITHUB}/xavysp/DexiNed/issues/98",
    "ER083",
    words=r"__len__|\blength|(only|just) (2|two)\b|\b(2|two) (images|rows|samples)",
    why="__len__ counts [images, labels]: two images are all there is",
)
def length_of_images_and_labels(cured):
    class Samples(Dataset):
        def __init__(self, split):
            self.data_index = list(drawn(split))

        def __len__(self):
            return len(self.data_index[0]) if cured else len(self.data_index)

        def __getitem__(self, row):
            images, labels = self.data_index
            return to_tensor(Image.fromarray(images[row])), int(labels[row])

    module = Lit(stacked())
    loaders = loader(Samples("train"), True), loader(rows("validation"))
    return script_program(module, loaders, module.configure_optimizers(), F.cross_entropy)


@reported(
    "evaluated on the training set",
    "torchvision model",
    "ImageFolder",
    "test_dataset with train=True in cnn-densenet121-mnist.ipynb",
    f"{GITHUB}/rasbt/deeplearning-models/issues/25",
    "ER063",
    "ER093",
    words=r"same (images|data|rows)|in common|shared",
    why="the evaluation loader reads the training folder",
)
def test_set_of_the_training_split(cured):
    valid = image_folder("validation" if cured else "train")
    return script_program(ThinResNet(3), (loader(image_folder("train"), True), loader(valid)))


# ---- evaluation --------------------------------------------------------------------------------


@reported(
    "predictions in another order",
    "script",
    "TensorDataset",
    "Accuracy on training and validation sets different from sk-learn's",
    f"{GITHUB}/skorch-dev/skorch/issues/499",
    "ER051",
    "ER062",
    "ER084",
    words=(
        r"(evaluation|validation|prediction|label)\w* .*(shuffl|\border\b)"
        r"|(shuffl|\border\b).*(evaluation|validation|prediction)"
    ),
    why="predictions come from a shuffled loader, labels from the data set in its own order",
)
def labels_of_the_unshuffled(cured):
    class Scores(Script):
        def evaluate(self):
            logits, _ = super().evaluate()
            return logits, [self.program.valid.dataset.tensors[1]]

    valid = loader(tensors("validation"), not cured)
    return script_program(Net(), (loader(tensors("train"), True), valid), fit=own_loop(Scores))


@reported(
    "hits of all epochs",
    "script",
    "ImageFolder",
    "Reset validation accuracy every epoch",
    f"{GITHUB}/MichiganCOG/ViP/issues/34",
    "ER084",
    words=r"(earlier|all|several) epochs|(never|not) reset|running (mean|total)",
    why="the meter is never reset: the accuracy is the mean over all epochs until now",
)
def meter_is_never_reset(cured):
    class Meter(Script):
        hits, count = 0, 0

        def summarise(self, logits, labels):
            if cured:
                self.hits, self.count = 0, 0
            loss, accuracy = super().summarise(logits, labels)
            size = sum(len(part) for part in labels)
            self.hits, self.count = self.hits + float(accuracy) * size, self.count + size
            return loss, self.hits / self.count

    model = stacked()
    return script_program(model, folder_loaders(augment), fit=own_loop(Meter), epochs=4)


@reported(
    "argmax of everything",
    "Lightning-like",
    "own data set",
    "About the accuracy computation: argmax returns the index across all dimensions",
    f"{GITHUB}/Zasder3/train-CLIP/issues/6",
    "ER084",
    words=r"argmax",
    why="argmax without a dimension is one number for all images: the accuracy means nothing",
)
def argmax_without_a_dimension(cured):
    class Flat(LightningLoop):
        def summarise(self, logits, labels):
            loss, accuracy = super().summarise(logits, labels)
            if not cured:
                accuracy = (torch.cat(logits).argmax() == torch.cat(labels)).double().mean()
            return loss, accuracy

    module = Lit(Net())
    optimizer = module.configure_optimizers()
    return script_program(module, row_loaders(), optimizer, F.cross_entropy, fit=own_loop(Flat))


REPORTS_3 = {                          # out of the first list, into one of their own
    name: REPORTS.pop(name)
    for name, report in list(REPORTS.items())
    if report.build.__module__ == __name__
}
