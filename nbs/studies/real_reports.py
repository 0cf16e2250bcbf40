"""Programs made after public reports: each is broken as its report says, `cured` mends it.

The causes beside a program are what a person would need to hear. They were written down before any
program was shown to the guards. Style of the code: that of the reports, plain PyTorch.
"""
import copy
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import OneCycleLR, StepLR
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset, random_split
from torchvision import transforms
from torchvision.datasets import ImageFolder
from torchvision.models import VisionTransformer

from expression_research.guards import Guards
from real_kit import (
    BATCH,
    CLASSES,
    COUNTS,
    FaceRows,
    FaceStream,
    LightningLoop,
    Lit,
    Net,
    Script,
    ThinResNet,
    augment,
    block,
    downloaded,
    drawn,
    earlier_weights,
    image_folder,
    loader,
    own_loop,
    reported,
    script_program,
    stacked,
    tensor_loaders,
    tensors,
    to_tensor,
    to_tensors,
    written,
)

GITHUB = "https://github.com"
SEVEN = ("neutral", "happy", "sad", "surprise", "anger", "fear", "disgust")

# What a check that does not exist yet would say, in words.
SPACE = r"class(es)? .*(never|no image|no label|without|missing|unused)|(begin|start)s? \w+ 1\b"
LACKS = r"class(es)? .*(missing|lack|absent|never|no image|without)"
ORDER = (
    r"(order|meaning|names) of (the )?(classes|labels)"
    r"|(class|label)\w* .*(swap|permut|another order)"
)
SMALL = r"(logit|output)\w* .*(small|narrow|scale|range|uniform)|temperature"
UNRELATED = r"unrelated|no relation|not related|independent of the images"
CHANNELS = r"channel|bgr|red and blue"
CHANGES = (
    r"in place|(second|two) (pass|reading)|changes? (when|between|from)"
    r"|not the same (label|image)"
)


# ---- optimizer ---------------------------------------------------------------------------------


@reported(
    "only BatchNorm trainable",
    "torchvision model",
    "ImageFolder",
    "PyTorch forum 84911, Obtaining abnormal changes in loss and accuracy (TrainCheck)",
    "https://discuss.pytorch.org/t/obtaining-abnormal-changes-in-loss-and-accuracy/84911",
    "ER002",
    "ER012",
    why="the optimizer holds the head alone, which is frozen; what is trainable is not in it",
)
def only_batchnorm_trains(cured):
    model = downloaded()
    if cured:
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    else:
        for name, parameter in model.named_parameters():
            if "bn" not in name:
                parameter.requires_grad = False
        for parameter in model.fc.parameters():
            parameter.requires_grad = False
        optimizer = torch.optim.Adam(model.fc.parameters(), lr=1e-3)
    loaders = loader(image_folder("train", augment), True), loader(image_folder("validation"))
    return script_program(model, loaders, optimizer)


@reported(
    "head not in optimizer",
    "torchvision model",
    "TensorDataset",
    "fix the scope of optimizer: it should contain clf_head in addition to the encoder",
    f"{GITHUB}/huggingface/pytorch-openai-transformer-lm/pull/6",
    "ER002",
    why="the new head's parameters are in no group of the optimizer",
)
def head_not_in_optimizer(cured):
    class Classifier(nn.Module):
        def __init__(self):
            super().__init__()
            self.transformer = VisionTransformer(32, 8, 2, 2, 32, 64)
            self.transformer.heads = nn.Identity()
            self.clf_head = nn.Linear(32, 3)

        def forward(self, x):
            return self.clf_head(self.transformer(x))

    model = Classifier()
    trained = model if cured else model.transformer
    return script_program(model, optimizer=torch.optim.Adam(trained.parameters(), lr=1e-3))


@reported(
    "optimizer of an old model",
    "Sequential",
    "TensorDataset",
    "PyTorchClassifier: use a new optimizer for the cloned classifier",
    f"{GITHUB}/Trusted-AI/adversarial-robustness-toolbox/pull/1580",
    "ER002",
    why="the optimizer updates the original, the clone is trained",
)
def optimizer_of_the_original(cured):
    original = stacked()
    optimizer = torch.optim.SGD(original.parameters(), lr=0.05, momentum=0.9)
    clone = copy.deepcopy(original)
    if cured:
        optimizer = torch.optim.SGD(clone.parameters(), lr=0.05, momentum=0.9)
    return script_program(clone, optimizer=optimizer)


@reported(
    "layers that are not registered",
    "script",
    "own data set",
    "Implicit module registration permits silent programming errors in torch.nn.Module",
    f"{GITHUB}/pytorch/pytorch/issues/59925",
    "ER002",
    "ER011",
    words=r"regist|python list|no parameter of the model|outside (of )?the (model|optimizer)",
    why="layers in a Python list are used but belong to no parameters(), and never train",
)
def layers_in_a_list(cured):
    class Deep(nn.Module):
        def __init__(self):
            super().__init__()
            layers = [nn.Sequential(*block(c, o)) for c, o in ((3, 12), (12, 24), (24, 48))]
            self.layers = nn.ModuleList(layers) if cured else layers
            self.fc = nn.Linear(48 * 16, 3)

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return self.fc(x.flatten(1))

    loaders = loader(FaceRows(*drawn("train")), True), loader(FaceRows(*drawn("validation")))
    return script_program(Deep(), loaders)


@reported(
    "frozen after a resume",
    "Lightning-like",
    "Subset",
    "BaseFinetuning re-freezes already unfrozen modules when resuming from a checkpoint",
    f"{GITHUB}/Lightning-AI/pytorch-lightning/issues/21901",
    "ER002",
    "ER012",
    "ER013",
    why="the optimizer still holds the backbone with a rate, but it does not require gradients",
)
def frozen_by_the_resume(cured):
    module = Lit(downloaded())
    network = module.network
    backbone = [part for name, part in network.named_parameters() if not name.startswith("fc.")]
    optimizer = torch.optim.Adam(
        [{"params": backbone, "lr": 1e-4}, {"params": network.fc.parameters(), "lr": 1e-3}]
    )
    if not cured:
        for parameter in backbone:     # setup() runs again, the unfreezing does not
            parameter.requires_grad = False
    whole = image_folder("train")
    rows = torch.randperm(len(whole)).tolist()
    loaders = loader(Subset(whole, rows[40:]), True), loader(Subset(whole, rows[:40]))
    return script_program(module, loaders, optimizer, F.cross_entropy)


# ---- frozen parts ------------------------------------------------------------------------------


class Probe(nn.Module):
    "A frozen backbone under a new head; `asleep` keeps the backbone in evaluation mode."

    def __init__(self, backbone, asleep, train_bn=False):
        super().__init__()
        self.backbone, self.asleep = backbone, asleep
        self.head = nn.Linear(backbone.fc.in_features, 3)
        backbone.fc = nn.Identity()
        for part in backbone.modules():
            thawed = train_bn and isinstance(part, nn.BatchNorm2d)
            for parameter in part.parameters(recurse=False):
                parameter.requires_grad = thawed

    def train(self, mode=True):
        super().train(mode)
        if self.asleep:
            self.backbone.eval()
        return self

    def forward(self, x):
        return self.head(self.backbone(x))


@reported(
    "frozen statistics drift",
    "torchvision model",
    "TensorDataset",
    "deactivate_requires_grad does not fix the model!",
    f"{GITHUB}/lightly-ai/lightly/issues/1438",
    "ER012",
    why="the running statistics of the frozen backbone's BatchNorm are still updated",
)
def frozen_without_eval(cured):
    model = Probe(downloaded(), asleep=cured)
    return script_program(model, optimizer=torch.optim.Adam(model.head.parameters(), lr=1e-3))


@reported(
    "BatchNorm trains while frozen",
    "Lightning-like",
    "ImageFolder",
    "BackboneFinetuning - even with train_bn batch normalization is still learning",
    f"{GITHUB}/Lightning-AI/pytorch-lightning/issues/13902",
    "ER012",
    why="a backbone that is called frozen changes: weights and statistics of its BatchNorm",
)
def train_bn_is_ignored(cured):
    module = Lit(Probe(downloaded(), asleep=cured, train_bn=not cured))
    trainable = [part for part in module.parameters() if part.requires_grad]
    loaders = loader(image_folder("train"), True), loader(image_folder("validation"))
    return script_program(
        module, loaders, torch.optim.Adam(trainable, lr=1e-3), F.cross_entropy
    )


@reported(
    "frozen stages undone",
    "torchvision model",
    "ImageFolder",
    "mmpretrain 702, frozen_stages when train() was not called (TrainCheck)",
    f"{GITHUB}/open-mmlab/mmpretrain/issues/702",
    "ER012",
    "ER002",
    words=r"freez|frozen|requires_grad",
    why="the stages are frozen by train() alone, which the loop does not call: they train",
)
def frozen_stages_wait_for_train(cured):
    class Staged(ThinResNet):
        def __init__(self):
            super().__init__(5)
            self.load_state_dict(earlier_weights())
            self.fc = nn.Linear(self.fc.in_features, 3)
            if cured:
                self.freeze_stages()

        def freeze_stages(self):
            for stage in (self.conv1, self.bn1, self.layer1, self.layer2):
                stage.eval()
                for parameter in stage.parameters():
                    parameter.requires_grad = False

        def train(self, mode=True):
            super().train(mode)
            self.freeze_stages()
            return self

    class NeverTrain(Script):
        def prepare(self, epoch):
            "A new module is in training mode."

    model = Staged()
    trainable = [part for part in model.parameters() if part.requires_grad]
    loaders = loader(image_folder("train"), True), loader(image_folder("validation"))
    fit = own_loop(Script if cured else NeverTrain)
    return script_program(model, loaders, torch.optim.Adam(trainable, lr=1e-4), fit=fit, epochs=1)


@reported(
    "frozen random backbone",
    "torchvision model",
    "Subset",
    "Enhanced Feedback for load_state_dict with strict=False",
    f"{GITHUB}/pytorch/pytorch/issues/141256",
    "ER012",
    words=r"never trained|random (weights|backbone)|not loaded",
    why="no key of the checkpoint fits, so the frozen backbone has its random weights",
)
def checkpoint_not_loaded(cured):
    checkpoint = {f"module.{name}": tensor for name, tensor in earlier_weights().items()}
    if cured:
        checkpoint = {name.removeprefix("module."): part for name, part in checkpoint.items()}
    backbone = ThinResNet(5)
    backbone.load_state_dict(checkpoint, strict=False)
    model = Probe(backbone, asleep=True)
    train, valid = random_split(tensors("train"), [150, 42])
    optimizer = torch.optim.Adam(model.head.parameters(), lr=1e-3)
    return script_program(model, (loader(train, True), loader(valid)), optimizer)


@reported(
    "gradients cut off",
    "Sequential",
    "own data set",
    "No gradient through the cnn encoder: it runs inside torch.no_grad",
    f"{GITHUB}/rll-research/cic/issues/5",
    "ER013",
    why="the encoder is in the optimizer and in training, and gets no gradient",
)
def encoder_under_no_grad(cured):
    class TwoParts(nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = nn.Sequential(*block(3, 12), *block(12, 24), nn.Flatten())
            self.projection = nn.Linear(24 * 64, 3)

        def forward(self, x):
            with torch.set_grad_enabled(cured and torch.is_grad_enabled()):
                features = self.encoder(x)
            return self.projection(features)

    loaders = loader(FaceRows(*drawn("train")), True), loader(FaceRows(*drawn("validation")))
    return script_program(TwoParts(), loaders)


# ---- the loop ----------------------------------------------------------------------------------


@reported(
    "zero_grad missing",
    "script",
    "TensorDataset",
    "Stack Overflow 60335387, PyTorch MNIST example not converge (TrainCheck)",
    "https://stackoverflow.com/questions/60335387/pytorch-mnist-example-not-converge",
    "ER073",
    why="gradients of all earlier batches are added up",
)
def zero_grad_missing(cured):
    class Accumulates(Script):
        def update(self, loss, number):
            loss.backward()
            self.optimizer.step()

    fit = own_loop(Script if cured else Accumulates)
    return script_program(Net(), fit=fit)


@reported(
    "zero_grad before the step",
    "Sequential",
    "TensorDataset",
    "[BUG] in trainer.py: gradients are set to zero right before stepping the optimizer",
    f"{GITHUB}/lucidrains/byol-pytorch/issues/93",
    "ER073",
    "ER074",
    why="the step sees no gradient; no weight ever moves",
)
def zero_grad_before_the_step(cured):
    class ClearsFirst(Script):
        def update(self, loss, number):
            loss.backward()
            self.optimizer.zero_grad()
            self.optimizer.step()

    return script_program(stacked(), fit=own_loop(Script if cured else ClearsFirst))


@reported(
    "step missing",
    "script",
    "own data set",
    "Training script potential bug: optimizer.step() is missing, or the weight never gets updated",
    f"{GITHUB}/tedlasai/learn2refocus/issues/5",
    "ER074",
    why="no weight ever moves",
)
def step_missing(cured):
    class NoStep(Script):
        def update(self, loss, number):
            loss.backward()
            self.optimizer.zero_grad()

    loaders = loader(FaceRows(*drawn("train")), True), loader(FaceRows(*drawn("validation")))
    return script_program(Net(), loaders, fit=own_loop(Script if cured else NoStep))


@reported(
    "evaluation in training mode",
    "Sequential",
    "TensorDataset",
    "Didn't set model to eval mode when validating in chapter 8",
    f"{GITHUB}/deep-learning-with-pytorch/dlwpt-code/issues/104",
    "ER081",
    why="validation batches are normalised by their own statistics, and change the running ones",
)
def eval_forgotten(cured):
    class StaysInTraining(Script):
        def evaluate(self):
            with torch.no_grad():
                pairs = [(self.model(images), labels) for images, labels in self.program.valid]
            return [logits for logits, _ in pairs], [labels for _, labels in pairs]

    return script_program(stacked(), fit=own_loop(Script if cured else StaysInTraining))


@reported(
    "training in evaluation mode",
    "script",
    "TensorDataset",
    "[quickstart_tutorial] why model.eval() is not turned off at training stage",
    f"{GITHUB}/pytorch/tutorials/issues/1624",
    "ER072",
    why="from the second epoch on, the network trains without dropout and batch statistics",
)
def train_mode_never_comes_back(cured):
    class EvalForEver(Script):
        def prepare(self, epoch):
            "A new module is in training mode."

    model = nn.Sequential(*block(3, 12), *block(12, 24), nn.Flatten(), nn.Dropout(0.3))
    model.append(nn.Linear(24 * 64, 3))
    return script_program(model, fit=own_loop(Script if cured else EvalForEver))


@reported(
    "training in evaluation mode",
    "script",
    "ImageFolder",
    "Return to train mode after validation",
    f"{GITHUB}/wkentaro/pytorch-fcn/pull/56",
    "ER072",
    why="validation within an epoch leaves evaluation mode on for the rest of the epoch",
)
def validates_within_the_epoch(cured):
    class Interval(Script):
        def after_batch(self, number):
            if number == 3:
                self.evaluate()
                if cured:
                    self.model.train()

    loaders = loader(image_folder("train"), True), loader(image_folder("validation"))
    return script_program(stacked(), loaders, fit=own_loop(Interval))


@reported(
    "mean of batch means",
    "script",
    "TensorDataset",
    "Don't assume all batches are same size",
    f"{GITHUB}/udacity/deep-learning-v2-pytorch/pull/74",
    "ER084",
    why="the images of the smaller last batch count more than the others",
)
def mean_of_batch_means(cured):
    class BatchMeans(Script):
        def summarise(self, logits, labels):
            pairs = list(zip(logits, labels))
            losses = [self.program.loss_fn(one, other) for one, other in pairs]
            hits = [(one.argmax(1) == other).double().mean() for one, other in pairs]
            return torch.stack(losses).mean(), torch.stack(hits).mean()

    return script_program(Net(), fit=own_loop(Script if cured else BatchMeans))


# ---- output and loss ---------------------------------------------------------------------------


@reported(
    "softmax before cross-entropy",
    "Sequential",
    "TensorDataset",
    "Bug in code: softmax layer and nn.CrossEntropyLoss",
    f"{GITHUB}/jindongwang/Deep-learning-activity-recognition/issues/10",
    "ER021",
    "ER022",
    why="the loss takes probabilities for logits",
)
def softmax_in_forward(cured):
    return script_program(stacked(3) if cured else stacked(3, nn.Softmax(dim=1)))


@reported(
    "softmax before cross-entropy",
    "Lightning-like",
    "TensorDataset",
    "Softmax applied twice when computing loss in LogisticRegression",
    f"{GITHUB}/Lightning-Universe/lightning-bolts/issues/654",
    "ER022",
    "ER021",
    why="the softmax is inside the module's own loss",
)
def softmax_in_the_loss(cured):
    class LogisticRegression(Lit):
        def criterion(self, logits, labels):
            if not cured:
                logits = F.softmax(logits, dim=1)
            return F.nll_loss(F.log_softmax(logits, dim=1), labels)

    module = LogisticRegression(nn.Sequential(nn.Flatten(), nn.Linear(3072, 3)))
    return script_program(module, None, module.configure_optimizers(), module.criterion)


@reported(
    "softmax over the batch",
    "Sequential",
    "own data set",
    "Code Error, softmax should take the last dimension not the first dimension",
    f"{GITHUB}/MicrosoftDocs/pytorchfundamentals/pull/21",
    "ER052",
    "ER021",
    "ER022",
    why="an image's scores depend on the other images of its batch, and are no distribution",
)
def log_softmax_over_the_batch(cured):
    dense = [nn.Flatten(), nn.Linear(3072, 100), nn.ReLU(), nn.Linear(100, 3)]
    model = nn.Sequential(*dense, nn.LogSoftmax(dim=1 if cured else 0))
    loaders = loader(FaceRows(*drawn("train")), True), loader(FaceRows(*drawn("validation")))
    return script_program(model, loaders, loss_fn=nn.NLLLoss())


@reported(
    "NLLLoss of what is no log-probability",
    "script",
    "TensorDataset",
    "NLLLoss: only softmax is provided in model.py, the loss is always negative",
    f"{GITHUB}/AnubhavGupta3377/Text-Classification-Models-Pytorch/issues/9",
    "ER022",
    "ER021",
    why="NLLLoss wants log-probabilities and gets probabilities",
)
def nll_of_probabilities(cured):
    last = nn.LogSoftmax(dim=1) if cured else nn.Softmax(dim=1)
    return script_program(nn.Sequential(Net(), last), loss_fn=nn.NLLLoss())


@reported(
    "activation after the classifier",
    "Sequential",
    "TensorDataset",
    "fix bug on model definition part of introduction: a relu before the cross entropy",
    f"{GITHUB}/pytorch/tutorials/pull/1644",
    "ER021",
    why="logits cannot be negative, and dead ones get no gradient",
)
def relu_after_the_classifier(cured):
    layers = [nn.Flatten(), nn.Linear(3072, 256), nn.ReLU(), nn.Linear(256, 3)]
    model = nn.Sequential(*layers) if cured else nn.Sequential(*layers, nn.ReLU())
    return script_program(model, optimizer=torch.optim.SGD(model.parameters(), lr=1e-2))


class CosineHead(nn.Module):
    "Cosines between features and class vectors, times a scale."

    def __init__(self, features, classes, scale):
        super().__init__()
        self.weight, self.scale = nn.Parameter(torch.randn(classes, features)), scale

    def forward(self, x):
        return self.scale * F.linear(F.normalize(x), F.normalize(self.weight))


@reported(
    "logits too small",
    "script",
    "TensorDataset",
    "What does the cosine_scale mean? Results are so much worse when the scale is 1",
    f"{GITHUB}/ExplainableML/czsl/issues/30",
    "ER021",
    words=SMALL,
    why="logits between -1 and 1 over seven classes cannot leave a flat softmax",
)
def cosine_without_scale(cured):
    model = stacked()
    model[-1] = CosineHead(48, 7, 16.0 if cured else 1.0)
    loaders = (
        loader(tensors("train", classes=SEVEN), True), loader(tensors("validation", classes=SEVEN))
    )
    return script_program(model, loaders)


@reported(
    "logits too small",
    "script",
    "own data set",
    "What's the softmax temperature? Logits very close to 0, close to uniform predictions",
    f"{GITHUB}/idiap/attention-sampling/issues/23",
    "ER021",
    words=SMALL,
    why="attention over many positions times normalised features: logits near 0, a uniform softmax",
)
def attention_shrinks_the_logits(cured):
    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.features = nn.Sequential(*block(3, 16), *block(16, 32))
            self.score, self.fc = nn.Conv2d(32, 1, 1), nn.Linear(32, 3, bias=False)

        def forward(self, x):
            x = self.features(x)       # (N, 32, 8, 8)
            weights = self.score(x).flatten(2).softmax(2).view(len(x), 1, 8, 8)
            if cured:
                return self.fc((weights * x).sum(dim=(2, 3)))
            return self.fc((weights * F.normalize(x)).mean(dim=(2, 3)))

    loaders = loader(FaceRows(*drawn("train")), True), loader(FaceRows(*drawn("validation")))
    return script_program(Attention(), loaders)


@reported(
    "one output too few",
    "torchvision model",
    "ImageFolder",
    "BUG: the output of the last layer is one less than classes, and that breaks training",
    f"{GITHUB}/spmallick/learnopencv/issues/517",
    "ER021",
    "ER031",
    words=r"label .*(outside|beyond|out of)|outputs? for",
    why="there are more classes than outputs",
)
def one_output_too_few(cured):
    data = image_folder("train"), image_folder("validation")
    outputs = len(data[0].classes)
    model = downloaded(outputs if cured else outputs - 1)
    return script_program(model, (loader(data[0], True), loader(data[1])))


# ---- labels ------------------------------------------------------------------------------------


@reported(
    "labels begin at 1",
    "torchvision model",
    "ImageFolder",
    "cur_target >= 0 && cur_target < n_classes failed: .ipynb_checkpoints was class 0",
    f"{GITHUB}/open-mmlab/mmpretrain/issues/507",
    "ER031",
    "ER021",
    words=SPACE,
    why="a hidden folder is class 0: one output is never used, labels begin at 1",
)
def hidden_folder_is_a_class(cured):
    tops = [written(f"notebook-{split}", split) for split in ("train", "validation")]
    if not cured:
        tops = [written(f"hidden-{split}", split) for split in ("train", "validation")]
        for top in tops:
            Path(top, ".ipynb_checkpoints").mkdir(exist_ok=True)
    train, valid = (ImageFolder(top, to_tensor, allow_empty=True) for top in tops)
    model = ThinResNet(len(train.classes))
    return script_program(model, (loader(train, True), loader(valid)))


@reported(
    "labels begin at 1",
    "script",
    "own data set",
    "Error of shapenet num_classes: the label begins with 1, so num_classes is always plus 1",
    f"{GITHUB}/pyg-team/pytorch_geometric/issues/441",
    "ER031",
    "ER021",
    words=SPACE,
    why="labels are 1, 2, 3 and the network has four outputs",
)
def labels_from_one(cured):
    shift = 0 if cured else 1
    parts = [(images, labels + shift) for images, labels in map(drawn, ("train", "validation"))]
    outputs = int(parts[0][1].max()) + 1
    loaders = loader(FaceRows(*parts[0]), True), loader(FaceRows(*parts[1]))
    return script_program(Net(outputs), loaders)


@reported(
    "class missing in training",
    "Sequential",
    "Subset",
    "Plain zero accuracy: the training set is the first images, of one class",
    f"{GITHUB}/Project-MONAI/tutorials/issues/122",
    "ER031",
    words=LACKS,
    why="files are listed by class: training sees one class, validation another",
)
def first_files_train(cured):
    whole = image_folder("train")
    rows = list(range(len(whole)))
    if cured:
        rows = torch.randperm(len(whole)).tolist()
    loaders = loader(Subset(whole, rows[:-60]), True), loader(Subset(whole, rows[-60:]))
    return script_program(stacked(), loaders)


@reported(
    "class missing in validation",
    "torchvision model",
    "ImageFolder",
    "Matching tag on classify validation: the folder 180 is missing, 90 is taken for it",
    f"{GITHUB}/ultralytics/ultralytics/issues/13936",
    "ER032",
    "ER031",
    words=f"{LACKS}|{ORDER}",
    why="without its folder a class has no number, and the numbers after it shift",
)
def class_missing_in_validation(cured):
    without = () if cured else (1,)
    name = f"validation-without-{len(without)}"
    valid = ImageFolder(written(name, "validation", without=without), to_tensor)
    return script_program(ThinResNet(3), (loader(image_folder("train"), True), loader(valid)))


@reported(
    "class missing in validation",
    "script",
    "own data set",
    "[BUG] about val error: some validation class folder is empty",
    f"{GITHUB}/huggingface/pytorch-image-models/issues/957",
    "ER032",
    "ER031",
    words=f"{LACKS}|{ORDER}",
    why="class numbers come from the labels that were found, so validation counts differently",
)
def empty_validation_folder(cured):
    def reader(split, without=()):
        images, labels = drawn(split)
        names = np.array(CLASSES)[labels]
        kept = ~np.isin(labels, without)
        class_to_idx = {name: idx for idx, name in enumerate(sorted(set(names[kept])))}
        return FaceRows(images[kept], [class_to_idx[name] for name in names[kept]])

    valid = reader("validation", () if cured else (1,))
    return script_program(Net(), (loader(reader("train"), True), loader(valid)))


@reported(
    "another class order in validation",
    "torchvision model",
    "ImageFolder",
    "Wrongly labelled when using dataset.ImageFolder: the directory 100 is class 2",
    f"{GITHUB}/modestyachts/ImageNetV2/issues/10",
    "ER032",
    words=ORDER,
    why="training counts folders as numbers, validation as text: 1, 2, 10 and 1, 10, 2",
)
def folders_sorted_as_text(cured):
    class ByNumber(ImageFolder):
        def find_classes(self, directory):
            classes, _ = super().find_classes(directory)
            classes = sorted(classes, key=int)
            return classes, {name: number for number, name in enumerate(classes)}

    folders = ("1", "2", "10")
    train = ByNumber(written("numbered-train", "train", folders), to_tensor)
    reader = ByNumber if cured else ImageFolder
    valid = reader(written("numbered-validation", "validation", folders), to_tensor)
    return script_program(ThinResNet(3), (loader(train, True), loader(valid)))


@reported(
    "another class order in validation",
    "Sequential",
    "TensorDataset",
    "Ensure train and val dataset have the same index mapping for CropModel",
    f"{GITHUB}/weecology/DeepForest/pull/1147",
    "ER032",
    words=ORDER,
    why="each split numbers its classes in the order in which it meets them",
)
def each_split_numbers_its_classes(cured):
    parts, numbers = [], {}
    for split, first in (("train", "happy"), ("validation", "sad")):
        images, labels = drawn(split)
        names = [first] + [name for name in CLASSES if name != first]
        if not cured or not numbers:
            numbers = {name: number for number, name in enumerate(names)}
        targets = torch.tensor([numbers[CLASSES[label]] for label in labels])
        parts.append(TensorDataset(to_tensors(images), targets))
    return script_program(stacked(), (loader(parts[0], True), loader(parts[1])))


@reported(
    "labels unrelated to images",
    "Lightning-like",
    "own data set",
    "fix dataset shuffle: the shuffle was made after taking raw labels",
    f"{GITHUB}/Borda/kaggle_image-classify/pull/12",
    "ER092",
    words=UNRELATED,
    why="rows were shuffled after their labels had been taken",
)
def labels_before_the_shuffle(cured):
    def data(split):
        images, labels = drawn(split)
        order = np.random.permutation(len(labels))
        return FaceRows(images[order], labels[order] if cured else labels)

    module = Lit(Net())
    loaders = loader(data("train"), True), loader(data("validation"))
    return script_program(module, loaders, module.configure_optimizers(), F.cross_entropy)


@reported(
    "labels unrelated to images",
    "Sequential",
    "TensorDataset",
    "Incomplete randomization: the order of the x data, but not of the y data",
    f"{GITHUB}/DrexelChatbotGroup/DrexelChatbot/issues/15",
    "ER092",
    words=UNRELATED,
    why="x is shuffled, y is not",
)
def only_x_is_shuffled(cured):
    x, y = tensors("train").tensors
    order = torch.randperm(len(x))
    data = TensorDataset(x[order], y[order] if cured else y)
    return script_program(stacked(), (loader(data, True), loader(tensors("validation"))))


class Recoded(Dataset):
    "Faces whose raw codes are turned into class numbers when they are read."

    def __init__(self, split, careful):
        self._images, codes = drawn(split)
        self._codes, self._careful = codes.copy(), careful

    def __len__(self):
        return len(self._codes)

    def __getitem__(self, row):
        target = self._codes[row : row + 1]
        if self._careful:
            target = target.copy()
        target += 1                    # raw codes 0, 1, 2 are the classes 1, 2, 0
        target %= 3
        return to_tensors(self._images[row][None])[0], int(target[0])


@reported(
    "data changed in place",
    "script",
    "own data set",
    "[datasets] Targets are modified inplace",
    f"{GITHUB}/mindee/doctr/issues/840",
    "ER051",
    "ER092",
    words=CHANGES,
    why="each reading of a row changes its stored label: another label in every epoch",
)
def labels_changed_in_place(cured):
    loaders = loader(Recoded("train", cured), True), loader(Recoded("validation", cured))
    return script_program(Net(), loaders)


# ---- images ------------------------------------------------------------------------------------


class InPlace(Dataset):
    "Faces as float arrays that `_prepare` normalises."

    def __init__(self, split, careful):
        images, self._labels = drawn(split)
        self._inputs, self._careful = images.transpose(0, 3, 1, 2).astype(np.float32) / 255, careful

    def __len__(self):
        return len(self._labels)

    def _prepare(self, image):
        image -= 0.5
        image /= 0.25
        return image

    def __getitem__(self, row):
        image = self._inputs[row]
        if self._careful:
            image = image.copy()
        return torch.from_numpy(self._prepare(image).copy()), int(self._labels[row])


@reported(
    "data changed in place",
    "Sequential",
    "own data set",
    "Fixed Cifar10 dataset __getitem__ transformations modifying loaded data permanently",
    f"{GITHUB}/facebookresearch/pycls/pull/21",
    "ER051",
    words=CHANGES,
    why="each reading of a row normalises the stored image once more",
)
def images_changed_in_place(cured):
    loaders = loader(InPlace("train", cured), True), loader(InPlace("validation", cured))
    return script_program(stacked(), loaders)


def stacked_arrays(rows, flip=False):
    "A collate function of numpy: (image HWC uint8, label) pairs to tensors; `flip`: BGR."
    images, labels = zip(*rows)
    array = np.stack(images)
    if flip:
        array = array[..., ::-1]
    array = array.transpose(0, 3, 1, 2).astype(np.float32) / 255.0
    return torch.from_numpy((array - 0.5) / 0.5), torch.tensor(labels)


@reported(
    "BGR in one split",
    "script",
    "numpy collate",
    "I think there was a minor error in the image reading: evaluate needs BGR to RGB",
    f"{GITHUB}/TreB1eN/InsightFace_Pytorch/issues/92",
    "ER042",
    "ER043",
    words=CHANNELS,
    why="the channels of validation images are in the other order",
)
def bgr_in_validation(cured):
    train, valid = (list(zip(*drawn(split))) for split in ("train", "validation"))
    flipped = partial(stacked_arrays, flip=not cured)
    loaders = (
        loader(train, True, collate_fn=stacked_arrays), loader(valid, collate_fn=flipped)
    )
    return script_program(Net(), loaders)


@reported(
    "BGR in one split",
    "Lightning-like",
    "own data set",
    "fix demo.py: need to convert BGR to RGB after reading an image",
    f"{GITHUB}/ShiqiYu/SimpleCNNbyCPP/pull/4",
    "ER042",
    "ER043",
    words=CHANNELS,
    why="one split is read by cv2, the other by PIL",
)
def cv2_against_pil(cured):
    def imread(image):
        return np.asarray(image)[:, :, ::-1].copy()   # as cv2 reads

    def convert(image):
        return to_tensor(imread(image)[:, :, ::-1].copy() if cured else imread(image))

    module = Lit(stacked())
    valid = FaceRows(*drawn("validation"), convert)
    loaders = loader(FaceRows(*drawn("train"), augment), True), loader(valid)
    return script_program(module, loaders, module.configure_optimizers(), F.cross_entropy)


@reported(
    "normalisation differs",
    "torchvision model",
    "ImageFolder",
    "Why is the training accuracy okay, but the testing accuracy is very low?",
    f"{GITHUB}/JeasunLok/ResNet-pytorch/issues/1",
    "ER042",
    "ER043",
    why="training images are normalised, validation images are not",
)
def normalised_in_training_only(cured):
    numbers = transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    normalised = transforms.Compose([transforms.ToTensor(), numbers])
    valid = normalised if cured else transforms.ToTensor()
    loaders = (
        loader(image_folder("train", normalised), True), loader(image_folder("validation", valid))
    )
    return script_program(ThinResNet(3), loaders)


@reported(
    "normalisation differs",
    "Sequential",
    "TensorDataset",
    "Missing scaling of validation samples in evaluate.py",
    f"{GITHUB}/nttcslab/byol-a/issues/5",
    "ER042",
    "ER043",
    why="the scaler was applied to the training samples alone",
)
def scaler_forgets_validation(cured):
    (train, y), (valid, z) = (drawn(split) for split in ("train", "validation"))
    mean, std = train.mean(axis=0), train.std(axis=0)
    scaled = (train - mean) / std
    valid = (valid - mean) / std if cured else valid / 255
    parts = [
        TensorDataset(torch.tensor(x, dtype=torch.float32).permute(0, 3, 1, 2), torch.from_numpy(t))
        for x, t in ((scaled, y), (valid, z))
    ]
    model = nn.Sequential(nn.Flatten(), nn.Linear(3072, 64), nn.ReLU(), nn.Linear(64, 3))
    return script_program(model, (loader(parts[0], True), loader(parts[1])))


@reported(
    "images in 0..255",
    "script",
    "own data set",
    "transforms.ToTensor() for numpy float array in the range of [0.0, 255.0]",
    f"{GITHUB}/pytorch/vision/issues/546",
    "ER041",
    why="ToTensor divides bytes by 255, but not floats",
)
def float_arrays_are_not_divided(cured):
    def read(image):
        return transforms.ToTensor()(np.asarray(image, dtype=np.uint8 if cured else np.float32))

    loaders = (
        loader(FaceRows(*drawn("train"), read), True), loader(FaceRows(*drawn("validation"), read))
    )
    return script_program(Net(), loaders)


@reported(
    "divided by 255 twice",
    "torchvision model",
    "ImageFolder",
    "BUG: Unexpected Dual Normalizing: the image is divided by 255 twice",
    f"{GITHUB}/4uiiurz1/pytorch-nested-unet/issues/62",
    "ER041",
    why="the images have been divided already: all are nearly black",
)
def divided_twice(cured):
    steps = [transforms.ToTensor()]
    if not cured:
        steps.append(transforms.Lambda(lambda image: image / 255))
    read = transforms.Compose(steps)
    loaders = loader(image_folder("train", read), True), loader(image_folder("validation", read))
    return script_program(ThinResNet(3), loaders)


@reported(
    "pixels scrambled by view",
    "script",
    "TensorDataset",
    "Issue about test code: view cannot change the order of dimensions",
    f"{GITHUB}/jeya-maria-jose/TransWeather/issues/2",
    "ER043",
    words=r"scrambl|permut|transpos|channels? (last|first)|axes|layout|interleav|neighbour",
    why="H, W, C was reshaped to C, H, W: every image is a mosaic of stripes",
)
def view_instead_of_permute(cured):
    def arranged(split):
        images, labels = drawn(split)
        x = torch.from_numpy(images).float() / 127.5 - 1
        x = x.permute(0, 3, 1, 2) if cured else x.view(-1, 3, 32, 32)
        return TensorDataset(x.contiguous(), torch.from_numpy(labels))

    return script_program(
        Net(), (loader(arranged("train"), True), loader(arranged("validation")))
    )


# ---- loaders and splits ------------------------------------------------------------------------


@reported(
    "sorted, never shuffled",
    "torchvision model",
    "ImageFolder",
    "Default dataloader params have shuffle=False: the network sees a single class at a time",
    f"{GITHUB}/Deci-AI/super-gradients/issues/416",
    "ER061",
    why="the folder is sorted by class and is read in that order",
)
def never_shuffled(cured):
    loaders = loader(image_folder("train", augment), cured), loader(image_folder("validation"))
    return script_program(ThinResNet(3), loaders)


@reported(
    "validation images in training",
    "Lightning-like",
    "random_split",
    "datamodule: use train split subset in train_dataloader",
    f"{GITHUB}/ratschlab/aestetik/pull/12",
    "ER063",
    why="the training loader wraps the whole data set, the validation part included",
)
def trains_on_the_whole(cured):
    whole = FaceRows(*drawn("train"))
    train, valid = random_split(whole, [150, 42])
    module = Lit(stacked())
    loaders = loader(train if cured else whole, True), loader(valid)
    return script_program(module, loaders, module.configure_optimizers(), F.cross_entropy)


@reported(
    "validation images in training",
    "Sequential",
    "random_split",
    "fix(datasets): make the train/val split identical on every rank",
    f"{GITHUB}/TensorAuto/OpenTau/pull/498",
    "ER063",
    why="two calls of random_split draw two different splits",
)
def split_twice(cured):
    whole = tensors("train")
    train, valid = random_split(whole, [150, 42])
    if not cured:
        _, valid = random_split(whole, [150, 42])
    return script_program(stacked(), (loader(train, True), loader(valid)))


@reported(
    "augmented validation",
    "script",
    "random_split",
    "Augmentation of the validation dataset due to splitting",
    f"{GITHUB}/udacity/deep-learning-v2-pytorch/issues/132",
    "ER051",
    why="both parts of the split share the training transform: validation is augmented too",
)
def augmented_before_the_split(cured):
    whole = image_folder("train", augment)
    train, valid = random_split(whole, [150, 42])
    if cured:
        valid = Subset(image_folder("train"), valid.indices)
    return script_program(Net(), (loader(train, True), loader(valid)))


@reported(
    "validation drops images",
    "torchvision model",
    "ImageFolder",
    "only apply drop_last to the classify train loader, not val",
    f"{GITHUB}/ultralytics/ultralytics/pull/25734",
    "ER062",
    "ER051",
    "ER083",
    why="each validation sees another random part of the split",
)
def validation_shuffled_and_dropped(cured):
    valid = loader(image_folder("validation"))
    if not cured:
        valid = loader(image_folder("validation"), True, drop_last=True)
    return script_program(ThinResNet(3), (loader(image_folder("train"), True), valid))


class Noisy(Dataset):
    "Faces with random light, from a random state that the data set keeps."

    def __init__(self, split):
        self._images, self._labels = drawn(split)
        self.state = np.random.RandomState(0)

    def __len__(self):
        return len(self._labels)

    def __getitem__(self, row):
        light = self.state.uniform(0.6, 1.4)
        image = np.clip(self._images[row] * light, 0, 255).astype(np.uint8)
        return to_tensor(image), int(self._labels[row])


def seed_worker(number):
    "The usual cure: each worker seeds the data set's random state."
    data = torch.utils.data.get_worker_info().dataset
    data.state = np.random.RandomState(torch.initial_seed() % 2**32)


@reported(
    "random state of workers",
    "script",
    "own data set",
    "Issue with seeding monai transforms in dataloader workers (67180955 in TrainCheck)",
    f"{GITHUB}/kaiko-ai/eva/issues/843",
    words=r"worker|same random|random (state|seed|number)|identical (augment|draw)|same augment",
    why="every worker draws the same random numbers, and the same again in each epoch",
)
def workers_draw_the_same(cured):
    init = seed_worker if cured else None
    train = loader(Noisy("train"), True, num_workers=2, worker_init_fn=init)
    return script_program(Net(), (train, loader(tensors("validation"))))


@reported(
    "a stream that repeats itself",
    "script",
    "IterableDataset",
    "The number of batches in epoch is affected by num_workers + IterableDataset",
    f"{GITHUB}/pytorch/pytorch/issues/30599",
    "ER062",
    "ER083",
    words=r"twice|repeat|more than once|duplicate|worker",
    why="each of two workers hands out the whole stream: every image comes twice",
)
def stream_repeats_itself(cured):
    def stream(split):
        data = FaceStream(split, mixed=split == "train", share=cured)
        return DataLoader(data, batch_size=BATCH, num_workers=2)

    return script_program(Net(), (stream("train"), stream("validation")))


@reported(
    "last batch of one",
    "torchvision model",
    "Subset",
    "Expected more than 1 value per channel when training: a batch of size 1",
    f"{GITHUB}/fastai/fastai/issues/1352",
    "ER001",
    words=r"batch of (one|1)\b|(one|single|1) image|last batch",
    why="177 images in batches of 16 leave one, and BatchNorm cannot normalise it",
)
def last_batch_of_one(cured):
    train = Subset(tensors("train"), range(11 * BATCH + 1))
    loaders = loader(train, True, drop_last=cured), loader(tensors("validation"))
    return script_program(ThinResNet(3), loaders)


# ---- rates, schedules, history -----------------------------------------------------------------


@reported(
    "learning rate too high",
    "script",
    "TensorDataset",
    "Loss getting too high: the wrong version of the code, with a wrong learning rate",
    f"{GITHUB}/juntang-zhuang/LadderNet/issues/1",
    "ER003",
    "ER071",
    why="one step moves the weights by many times their size",
)
def rate_too_high(cured):
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3 if cured else 1.0)
    return script_program(model, optimizer=optimizer)


@reported(
    "learning rate too low",
    "torchvision model",
    "TensorDataset",
    "Why you set the initial lr as low as 1e-7 in train.py?",
    f"{GITHUB}/jfzhang95/pytorch-deeplab-xception/issues/9",
    "ER003",
    why="the weights stand still",
)
def rate_too_low(cured):
    model = ThinResNet(3)
    rate = 7e-3 if cured else 1e-7
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9, weight_decay=5e-4)
    return script_program(model, optimizer=optimizer)


@reported(
    "weight decay absurd",
    "Sequential",
    "TensorDataset",
    "networks weight decay: with such values the two networks go to zero very quickly",
    f"{GITHUB}/tinghuiz/SfMLearner/issues/34",
    "ER003",
    words=r"decay",
    why="the decay outweighs the gradient: weights go to zero whatever the loss says",
)
def decays_to_zero(cured):
    model = stacked()
    decay = 5e-4 if cured else 50.0
    return script_program(
        model, optimizer=torch.optim.Adam(model.parameters(), lr=2e-3, weight_decay=decay)
    )


@reported(
    "scheduler steps per batch",
    "script",
    "own data set",
    "Fix scheduler updating: it was stepped in the batch loop instead of the epoch loop",
    f"{GITHUB}/ivadomed/ivadomed/pull/55",
    "ER101",
    words=r"schedul",
    why="a schedule in epochs runs through within the first epoch",
)
def scheduler_in_the_batch_loop(cured):
    class PerBatch(Script):
        def after_batch(self, number):
            self.scheduler.step()

        def after_epoch(self):
            "Nothing more."

    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loaders = loader(FaceRows(*drawn("train")), True), loader(FaceRows(*drawn("validation")))
    return script_program(
        model,
        loaders,
        optimizer,
        scheduler=StepLR(optimizer, step_size=2, gamma=0.1),
        fit=own_loop(Script if cured else PerBatch),
        epochs=3,
    )


@reported(
    "batch schedule steps per epoch",
    "Lightning-like",
    "TensorDataset",
    "OneCycleLR updating on epoch rather than on step",
    f"{GITHUB}/pytorch/pytorch/issues/65417",
    "ER101",
    words=r"schedul",
    why="a schedule of epochs x batches steps once an epoch, and never leaves its beginning",
)
def one_cycle_per_epoch(cured):
    class PerStep(LightningLoop):
        interval = "step"

    module = Lit(Net())
    optimizer = module.configure_optimizers()
    train, valid = tensor_loaders()
    schedule = OneCycleLR(optimizer, max_lr=1e-2, steps_per_epoch=len(train), epochs=20)
    return script_program(
        module,
        (train, valid),
        optimizer,
        F.cross_entropy,
        scheduler=schedule,
        fit=own_loop(PerStep if cured else LightningLoop),
        epochs=3,
    )


@reported(
    "stale weights",
    "torchvision model",
    "TensorDataset",
    "mixing of training/validation weights: the model is not made anew for each fold",
    f"{GITHUB}/BMEII-AI/RadImageNet/issues/5",
    "ER034",
    words=r"trained before|knows these|already",
    why="the second fold goes on with weights that were trained on its validation images",
)
def folds_share_their_weights(cured):
    whole = tensors("train")
    rows = torch.randperm(COUNTS["train"]).tolist()

    def fold(valid):
        train = [row for row in rows if row not in valid]
        return loader(Subset(whole, train), True), loader(Subset(whole, valid))

    model = ThinResNet(3)
    first = script_program(model, fold(rows[:64]), planned=3, epochs=3)
    own_loop()(first, Guards(first.train, first.valid, guards="warn"))
    if cured:
        model = ThinResNet(3)
    return script_program(model, fold(rows[64:128]))
