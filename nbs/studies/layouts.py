"""Data as people have them: one function builds one layout and says what is right about it.

    python nbs/studies/layouts.py          what becomes of each, as JSON: name -> verdict, faults

`LAYOUTS` holds them all. The study `real_layouts.ipynb` shows what becomes of each, and the gate
`layouts` sends each through the command line. The truths were written before anything was measured,
by these rules: a split, a column or a file is never guessed over what its name says; what is left
out is counted; what cannot be decided is one error that lists what was seen and the way out.
Where a layout may be read or refused, both are right; never are test pictures in train, another
list of classes, or pictures lost.
"""
import io
import json
import tempfile
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from datasets import ClassLabel, DatasetDict, Value
from layout_tools import CLASSES, COUNTS, POOL, SPLITS, Layout, Place, as_dataset, draw, encode
from layout_tools import look

LAYOUTS: list[Layout] = []

NAMES = "split names inside file names"
COLUMN = "a split as a column"
FOLDERS = "folders that are splits"
LABELS = "which column is the label"
EMPTY = "classes without pictures"
LACKING = "a class that one split lacks"
FILES = "files of other kinds"
TWICE = "the same file twice, the same name twice"
COPIES = "copies of a picture"
MESSAGES = "what has to be said well"

FER = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
COLUMN_FLAG, SPLIT_FLAG = "label.column", "split.names|split.column"
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(range(200))
LFS = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)

GITHUB = "https://github.com/"
HUB = ("Hub documentation: File names and splits",
       "https://huggingface.co/docs/hub/datasets-file-names-and-splits")
HUB_STRUCTURE = ("datasets documentation: Structure your repository",
                 "https://huggingface.co/docs/datasets/repository_structure")
HUB_EXAMPLES = ("datasets-examples: eight file-name cases",
                "https://huggingface.co/collections/datasets-examples/"
                "file-names-and-splits-655e28af4471bd95709eb135")


def github(
    title: str,                    # of the page
    path: str,                     # owner/repository, and perhaps /issues/1
) -> tuple[str, str]:
    "A page on GitHub as a source."
    return title, GITHUB + path


FERPLUS = github("FER+: generate_training_data.py", "microsoft/FERPlus")
FER_README = github("fer2013.csv and its columns", "abhirup-ghosh/facial-expression-classifier-app")
CK_CSV = ("CK+ as emotion, pixels, Usage", "https://www.kaggle.com/datasets/davilsena/ckdataset")
FAIRFACE = ("FairFace: age, gender, race", "https://huggingface.co/datasets/HuggingFaceM4/FairFace")
CLASSIFY_DOCS = ("Image classification sets", "https://docs.ultralytics.com/datasets/classify/")
ISSUE_5021 = github("Split is inferred from filename", "huggingface/datasets/issues/5021")
TRANSFORMERS = github("use the correct label column name", "huggingface/transformers/pull/31379")


def layout(
    family: str,                   # one of the names above
    source: tuple[str, str],       # title and address
    *,
    accept: bool = True,           # may be read
    refuse: tuple[str, ...] | None = None,       # may be refused, if all of these are said
    classes: tuple[str, ...] = CLASSES,          # in order
    **options: object,             # for `load_expressions`
) -> Callable:
    "Registers a builder; its name is the row's name."
    def register(build):
        name = build.__name__.replace("_", " ")
        LAYOUTS.append(Layout(name, family, source, build, accept, refuse, classes, options))
        return build
    return register


# ---- split names inside file names -------------------------------------------------------------


def one_file_each(
    place: Place,
    pattern: str,                  # with {}, the split's name here
    names: dict[str, str],         # split -> its name
) -> None:
    "A Parquet file for each split."
    for split, name in names.items():
        place.parquet(pattern.format(name), place.rows(split))


@layout(NAMES, HUB_EXAMPLES)
def plain_names(place):
    "train.parquet, validation.parquet, test.parquet and a README."
    one_file_each(place, "{}.parquet", {split: split for split in SPLITS})
    place.beside("README.md", "# Faces\n")


@layout(NAMES, HUB_STRUCTURE)
def a_prefix_before_the_split(place):
    "fer_train.parquet, fer_val.parquet, fer_test.parquet."
    one_file_each(place, "fer_{}.parquet", {"train": "train", "validation": "val", "test": "test"})


@layout(NAMES, HUB_STRUCTURE)
def the_split_in_the_middle(place):
    "my_train_file.parquet, my_validation_file.parquet, my_test_file.parquet."
    one_file_each(place, "my_{}_file.parquet", {split: split for split in SPLITS})


@layout(NAMES, HUB_STRUCTURE)
def a_number_after_the_split(place):
    "train1.parquet, train2.parquet, validation1.parquet, test1.parquet."
    one_file_each(place, "{}1.parquet", {split: split for split in SPLITS})
    place.parquet("train2.parquet", place.rows("train"))


@layout(NAMES, HUB)
def shards_in_data(place):
    "data/train-00000-of-00002.parquet and so on, as push_to_hub writes them."
    one_file_each(place, "data/{}-00000-of-00001.parquet", {n: n for n in SPLITS if n != "train"})
    for shard in range(2):
        place.parquet(f"data/train-0000{shard}-of-00002.parquet", place.rows("train", 2))


@layout(NAMES, HUB_EXAMPLES)
def a_folder_per_split(place):
    "train/, validation/, test/, each with Parquet files of any name."
    for split in SPLITS:
        place.parquet(f"{split}/part_a.parquet", place.rows(split, 2))
        place.parquet(f"{split}/part_b.parquet", place.rows(split, 2))


@layout(NAMES, github("eval is a test split, not validation", "unslothai/unsloth/pull/8144"))
def eval_is_test(place):
    "training.parquet, dev.parquet, eval.parquet: by datasets' rules eval means test."
    one_file_each(
        place, "{}.parquet", {"train": "training", "validation": "dev", "test": "eval"}
    )


@layout(NAMES, HUB)
def evaluation_without_validation(place):
    "faces-train.parquet, faces-evaluation.parquet: a test split, and validation out of train."
    place.parquet("faces-train.parquet", place.rows("train", POOL))
    place.parquet("faces-evaluation.parquet", place.rows("test"))


@layout(NAMES, github("Only match separated split names", "huggingface/datasets/pull/4633"),
        refuse=("trainfile|testfile", SPLIT_FLAG))
def no_separator(place):
    "trainfile.parquet, testfile.parquet: not a split by the Hub's rule, but it looks like one."
    one_file_each(place, "{}file.parquet", {"train": "train", "test": "test"})


@layout(NAMES, github("human_annotated_testset.tsv", "huggingface/datasets/issues/4477"),
        refuse=("trainset|testset", SPLIT_FLAG))
def glued_words(place):
    "faces_trainset.parquet, faces_testset.parquet."
    one_file_each(place, "faces_{}set.parquet", {"train": "train", "test": "test"})


@layout(NAMES, github("Split pattern search order", "huggingface/datasets/pull/5693"),
        accept=False, refuse=("random", SPLIT_FLAG))
def a_split_of_another_name(place):
    "data/train-..., data/random-...: a split that is none of the three."
    one_file_each(
        place, "data/{}-00000-of-00001.parquet", {"train": "train", "test": "random"}
    )


@layout(NAMES, HUB_STRUCTURE, refuse=("holdout",))
def splits_in_the_card(place):
    "data.parquet and holdout.parquet; the card's YAML says which is test."
    place.parquet("data.parquet", place.rows("train", POOL))
    place.parquet("holdout.parquet", place.rows("test"))
    place.beside(
        "README.md",
        "---\nconfigs:\n- config_name: default\n  data_files:\n  - split: train\n"
        '    path: "data.parquet"\n  - split: test\n    path: "holdout.parquet"\n---\n# Faces\n',
    )


@layout(NAMES, github("contest.py is no test split", "huggingface/datasets/pull/4633"))
def a_word_that_holds_a_split(place):
    "latest_contest.parquet: `test` is only a part of a word."
    place.parquet("latest_contest.parquet", place.rows("train", POOL))


@layout(NAMES, github("Only-data dataset loaded as validation", "huggingface/datasets/issues/3788"))
def dev_inside_a_name(place):
    "www_farodevigo_es.parquet: `dev` is only a part of a word."
    place.parquet("www_farodevigo_es.parquet", place.rows("train", POOL))


@layout(NAMES, ISSUE_5021, refuse=("test tubes|train", SPLIT_FLAG))
def captions_as_file_names(place):
    "Class folders; two captions happen to hold `train` and `test`."
    place.pool("{label}/photo of a face {n}.png")
    place.picture("happy/photo of a train.png", "happy")
    place.picture("sad/photo of test tubes.png", "sad")


@layout(NAMES, github("RAF-DB directory and class folders", "Talented-Q/POSTER_V2/issues/7"),
        classes=("1", "2", "3"), refuse=("test_", SPLIT_FLAG))
def splits_in_pictures_names(place):
    "RAF-DB sorted by class alone: 1/train_00001_aligned.jpg beside 1/test_0001_aligned.jpg."
    place.tree(
        "{label}/{split}_{n:05}_aligned.jpg", ["train", "test"], ("1", "2", "3"), format="JPEG"
    )


@layout(NAMES, github("Can not correctly parse the classes", "huggingface/datasets/issues/4015"),
        refuse=("ILSVRC2012_val", SPLIT_FLAG))
def folders_before_file_names(place):
    "train/happy/ILSVRC2012_val_00000293.png: the folder counts, or it is asked."
    place.tree("{split}/{label}/ILSVRC2012_val_{n:08}.png", {"train": "train", "validation": "val"})


@layout(NAMES, github("Unknown split validation", "huggingface/datasets/issues/4895"))
def numbers_after_val(place):
    "train/happy/train_1.png, val/happy/val_1.png: both say the same."
    place.tree("{split}/{label}/{split}_{n}.png", {"train": "train", "validation": "val"})


@layout(NAMES, github("still too easy to tokenize test into train",
                       "marin-community/marin/pull/2381"))
def capital_letters(place):
    "Train.parquet, VAL.parquet, TEST.parquet in a folder data."
    one_file_each(
        place, "data/{}.parquet", {"train": "Train", "validation": "VAL", "test": "TEST"}
    )


@layout(NAMES, HUB)
def dots_and_dashes(place):
    "fer2013.train.parquet, fer2013-valid-v2.parquet, fer2013 test.parquet."
    place.parquet("fer2013.train.parquet", place.rows("train"))
    place.parquet("fer2013-valid-v2.parquet", place.rows("validation"))
    place.parquet("fer2013 test.parquet", place.rows("test"))


@layout(NAMES, github("Inconsistent data_files and data_dir", "huggingface/datasets/issues/7343"),
        accept=False, refuse=("train_test", SPLIT_FLAG))
def two_splits_in_one_name(place):
    "faces_train_test.parquet beside faces_test.parquet: the first name says two things."
    place.parquet("faces_train_test.parquet", place.rows("train"))
    place.parquet("faces_test.parquet", place.rows("test"))


@layout(NAMES, HUB_STRUCTURE, accept=False, refuse=("extra",))
def one_name_says_nothing(place):
    "train.parquet, test.parquet and extra.parquet."
    one_file_each(place, "{}.parquet", {"train": "train", "test": "test"})
    place.parquet("extra.parquet", place.rows("train"))


@layout(NAMES, HUB_EXAMPLES, accept=False, refuse=("train",))
def a_test_file_alone(place):
    "test.parquet and nothing else: it must not become train."
    place.parquet("test.parquet", place.rows("test", POOL))


@layout(NAMES, github("Where is train.csv and test.csv?", "Hanzhuo/Facial-Expression-Recognition-"
                      "with-TensorFlow-Convolutional-Neural-Networks/issues/3"), classes=FER)
def fer_as_three_tables(place):
    "train.csv, val.csv, test.csv, each with emotion and pixels."
    for split, name in zip(SPLITS, ("train", "val", "test")):
        place.csv(f"{name}.csv", "emotion,pixels", fer_rows(place, split))


# ---- a split as a column -----------------------------------------------------------------------


def fer_rows(
    place: Place,
    split: str,                    # where they belong
    *more: object,                 # values of further columns
    classes: tuple[str, ...] = FER,
) -> list[list[object]]:           # emotion (a number), pixels, and what was given
    "Rows of FER2013's CSV."
    rows = []
    for label in classes:
        texts = place.pixels(split, label, COUNTS[split])
        rows += [[FER.index(label), text, *more] for text in texts]
    return rows


def fer_csv(
    place: Place,
    header: str,                   # three columns: emotion, pixels, the split
    usage: tuple[str, str, str],   # its values for train, validation, test
    order: tuple[int, int, int] = (0, 1, 2),     # of the columns
) -> None:
    "FER2013's CSV with another header and other words."
    rows = []
    for split, word in zip(SPLITS, usage):
        rows += [[row[i] for i in order] for row in fer_rows(place, split, word)]
    place.csv("fer2013.csv", header, rows)
    place.source = place.folder / "fer2013.csv"


USAGE = ("Training", "PublicTest", "PrivateTest")


@layout(COLUMN, FER_README, classes=FER)
def fer2013_itself(place):
    "emotion,pixels,Usage with Training, PublicTest, PrivateTest."
    fer_csv(place, "emotion,pixels,Usage", USAGE)


@layout(COLUMN, FER_README, classes=FER, refuse=("usage", SPLIT_FLAG))
def a_small_letter(place):
    "The header is emotion,pixels,usage."
    fer_csv(place, "emotion,pixels,usage", USAGE)


@layout(COLUMN, FER_README, classes=FER)
def icml_face_data(place):
    "icml_face_data.csv: `emotion, Usage, pixels`, blanks behind the commas."
    fer_csv(place, "emotion, Usage, pixels", USAGE, (0, 2, 1))


@layout(COLUMN, CK_CSV, classes=FER,
        refuse=(SPLIT_FLAG,))
def a_column_called_split(place):
    "emotion,pixels,split with train, val, test."
    fer_csv(place, "emotion,pixels,split", ("train", "val", "test"))


@layout(COLUMN, FER_README, classes=FER, refuse=("Usage|training", SPLIT_FLAG))
def usage_in_small_letters(place):
    "Usage says training, publictest, privatetest."
    fer_csv(place, "emotion,pixels,Usage", tuple(word.lower() for word in USAGE))


@layout(COLUMN, FER_README, classes=FER, refuse=("Emotion|Usage|Pixels", SPLIT_FLAG))
def everything_capital(place):
    "Emotion,Pixels,Usage with Train, Validation, Test."
    fer_csv(place, "Emotion,Pixels,Usage", ("Train", "Validation", "Test"))


@layout(COLUMN, FER_README, accept=False, refuse=("Extra", SPLIT_FLAG))
def an_unknown_word(place):
    "Usage says Training, Extra, PrivateTest."
    fer_csv(place, "emotion,pixels,Usage", ("Training", "Extra", "PrivateTest"))


@layout(COLUMN, FER_README, classes=FER,
        split_names="train=Learn,validation=Tune,test=Final")
def words_explained_by_a_flag(place):
    "Usage says Learn, Tune, Final; --split-names explains them."
    fer_csv(place, "emotion,pixels,Usage", ("Learn", "Tune", "Final"))


@layout(COLUMN, github("artbench: the split is in the metadata", "liaopeiyuan/artbench/issues/2"),
        refuse=(SPLIT_FLAG,))
def a_split_column_in_parquet(place):
    "One Parquet file with a column split."
    split_column(place, "split", ("train", "validation", "test"))


@layout(COLUMN, CK_CSV, refuse=("partition", SPLIT_FLAG))
def a_partition_column(place):
    "One Parquet file with a column partition: training, valid, testing."
    split_column(place, "partition", ("training", "valid", "testing"))


@layout(COLUMN, FER_README, refuse=("Usage", SPLIT_FLAG))
def usage_in_parquet(place):
    "FER2013 as Parquet, with the column Usage."
    split_column(place, "Usage", USAGE)


@layout(COLUMN, github("Train/Test split by file", "jfilter/split-folders/issues/41"),
        refuse=("is_train", SPLIT_FLAG))
def a_yes_or_no_column(place):
    "One Parquet file with a column is_train."
    rows = []
    for split, value in (("train", True), ("test", False)):
        rows += [{**row, "is_train": value} for row in place.rows(split)]
    place.parquet("faces.parquet", rows)


@layout(COLUMN, github("list_eval_partition: 0, 1, 2", "fenglinglwb/MAT/issues/3"),
        refuse=("partition", SPLIT_FLAG))
def a_partition_in_numbers(place):
    "CelebA's way: a column partition with 0, 1, 2."
    split_column(place, "partition", (0, 1, 2))


def split_column(
    place: Place,
    column: str,                   # its name
    words: tuple[object, object, object],        # its values for train, validation, test
    path: str = "faces.parquet",
) -> None:
    "A Parquet file whose column says the split."
    rows = []
    for split, word in zip(SPLITS, words):
        rows += [{**row, column: word} for row in place.rows(split)]
    place.parquet(path, rows)


@layout(COLUMN, FER_README, split_column="phase")
def a_split_column_by_flag(place):
    "A column phase that only --split-column can explain."
    split_column(place, "phase", ("train", "val", "test"))


@layout(COLUMN, github("Hive-like directory schemes", "apache/arrow/pull/529"), refuse=("split=",))
def hive_folders(place):
    "split=train/part-0.parquet, split=test/part-0.parquet, as Spark writes them."
    one_file_each(place, "split={}/part-0.parquet", {split: split for split in SPLITS})


@layout(COLUMN, ("metadata.csv with name, image, description, split",
                 "https://huggingface.co/datasets/hongwang260/test_dataset"),
        refuse=("metadata|split",))
def metadata_with_splits(place):
    "images/ and metadata.csv with file_name, label, split."
    rows = []
    for split in SPLITS:
        for label in CLASSES:
            for n in range(COUNTS[split]):
                path = f"images/{label}-{split[:2]}{n}.png"
                place.picture(path, label, split)
                rows.append([path, label, split])
    text = "\n".join(",".join(row) for row in rows)
    place.beside("metadata.csv", f"file_name,label,split\n{text}\n")


@layout(COLUMN, FER_README,
        refuse=("Usage", SPLIT_FLAG))
def saved_with_a_split_column(place):
    "save_to_disk of one Dataset that has a column Usage."
    rows = []
    for split, word in zip(SPLITS, USAGE):
        rows += [{**row, "Usage": word} for row in place.rows(split)]
    place.source = place.folder / "saved"
    as_dataset(rows).save_to_disk(str(place.source))


@layout(COLUMN, github("Split is inferred from filename and overrides metadata",
                       "huggingface/datasets/issues/5021"), accept=False,
        refuse=("'train'|train.parquet", SPLIT_FLAG))
def column_against_file_name(place):
    "train.parquet whose column split says test in some rows."
    rows = [{**row, "split": "train"} for row in place.rows("train")]
    rows += [{**row, "split": "test"} for row in place.rows("test")]
    place.parquet("train.parquet", rows)
    place.parquet("val.parquet", [{**row, "split": "val"} for row in place.rows("validation")])


@layout(COLUMN, github("train.csv and test.csv of the Kaggle challenge",
                       "max260129/emotions-detector"), accept=False, refuse=("test.csv|emotion",))
def kaggle_test_without_labels(place):
    "train.csv with emotion and pixels, test.csv with pixels only."
    place.csv("train.csv", "emotion,pixels", fer_rows(place, "train"))
    place.csv("test.csv", "pixels", [[row[1]] for row in fer_rows(place, "test")])


# ---- folders that are splits -------------------------------------------------------------------


@layout(FOLDERS, github("FER2013 as train/ and test/", "jonathanoheix/Real-Time-Face-Expression-"
                        "Recognition/issues/2"))
def train_and_test(place):
    "train/happy, test/happy: validation is made from train."
    place.tree("{split}/{label}/{n}.jpg", ["train", "test"], counts={"train": POOL, "test": 2},
               format="JPEG")


@layout(FOLDERS, github("Adds transfer learning tutorial", "skorch-dev/skorch/pull/281"))
def train_and_valid(place):
    "train/happy, valid/happy: test is made from train, validation stays as it is."
    place.tree("{split}/{label}/{n}.jpg", {"train": "train", "validation": "valid"},
               counts={"train": POOL, "validation": 2}, format="JPEG")


@layout(FOLDERS, github("make_train_val_dataset", "pytorch/vision/pull/613"))
def classes_only(place):
    "happy/, neutral/, sad/: all three splits are made."
    place.pool()


@layout(FOLDERS, github("Add imagefolder dataset", "huggingface/datasets/pull/2830"))
def a_train_folder_alone(place):
    "train/happy/1.png and nothing else."
    place.pool("train/{label}/{n}.png")


@layout(FOLDERS, FERPLUS, classes=("?happy", "?neutral", "?sad"), drop_empty_classes=True,
        refuse=("FER2013Test|FER2013Train", "split"))
def ferplus_folders(place):
    "FER2013Train/, FER2013Valid/, FER2013Test/: flat pictures, each with label.csv of votes."
    votes = {"neutral": "10,0,0,0,0,0,0,0,0,0", "happy": "0,10,0,0,0,0,0,0,0,0",
             "sad": "0,0,0,10,0,0,0,0,0,0"}
    for split, folder in zip(SPLITS, ("FER2013Train", "FER2013Valid", "FER2013Test")):
        lines, n = [], 0
        for label in CLASSES:
            for _ in range(COUNTS[split]):
                place.picture(f"{folder}/fer{n:07}.png", label, split)
                lines.append(f'fer{n:07}.png,"(0, 0, 16, 16)",{votes[label]}')
                n += 1
        place.beside(f"{folder}/label.csv", "\n".join(lines) + "\n")


@layout(FOLDERS, github("train_afew, val_afew", "Open-Debin/Emotion-FAN"),
        refuse=("train_afew|val_afew", "split"))
def afew_folders(place):
    "train_afew/happy, val_afew/happy."
    place.tree("{split}/{label}/{n}.png", {"train": "train_afew", "validation": "val_afew"},
               counts={"train": POOL, "validation": 2})


@layout(FOLDERS, github("RAF-DB basic as train and valid sets", "Talented-Q/POSTER_V2/issues/25"),
        classes=("1", "2", "3"), refuse=("train_set|val_set", "split"))
def set_folders(place):
    "train_set/1, val_set/1."
    place.tree("{split}/{label}/{n}.png", {"train": "train_set", "validation": "val_set"},
               ("1", "2", "3"), counts={"train": POOL, "validation": 2})


@layout(FOLDERS, github("I need raf training sets", "Talented-Q/POSTER_V2/issues/25"),
        classes=("1", "2", "3"), refuse=("test_|valid", "split"))
def test_pictures_in_valid(place):
    "train/1/train_00001_aligned.jpg, valid/1/test_0001_aligned.jpg: the folder counts."
    for split, folder, word in (("train", "train", "train"), ("validation", "valid", "test")):
        for label in ("1", "2", "3"):
            for n in range(POOL if split == "train" else 2):
                place.picture(f"{folder}/{label}/{word}_{n:04}_aligned.jpg", label, split, "JPEG")


@layout(FOLDERS, github("ABAW4: training_set_synthetic_images", "msy1412/ABAW4"),
        refuse=("training_set|validation_set", "split"))
def abaw_folders(place):
    "training_set_synthetic_images/happy, validation_set_real_images/happy."
    names = {"train": "training_set_synthetic_images", "validation": "validation_set_real_images"}
    place.tree("{split}/{label}/{n}.png", names, counts={"train": POOL, "validation": 2})


@layout(FOLDERS, github("unable to create train/test/val", "jfilter/split-folders/issues/49"),
        accept=False, refuse=("happy|neutral|sad", "train|test"))
def splits_inside_classes(place):
    "happy/train/1.png, happy/test/2.png: the class folders hold the splits."
    place.tree("{label}/{split}/{split}{n}.png")


@layout(FOLDERS, github("files from subdirectories of class directories",
                        "jolibrain/deepdetect/pull/503"), classes=("0", "1"))
def parts_inside_classes(place):
    "1/split_1/image_1.png, 1/split_2/image_3.png: parts of a class, by no split's name."
    for part in (1, 2):
        place.pool("{label}/split_" + str(part) + "/image_{n}.png", ("0", "1"), POOL // 2 + 2)


@layout(FOLDERS, CLASSIFY_DOCS)
def roboflow_export(place):
    "train/, valid/, test/ and README.roboflow.txt."
    place.tree("{split}/{label}/{n}_jpg.rf.0a1b.jpg",
               {"train": "train", "validation": "valid", "test": "test"}, format="JPEG")
    place.left_out("README.roboflow.txt", "Exported.\n", "text")


@layout(FOLDERS, github("Found 0 images: training and testing", "renebidart/breakHis/issues/5"))
def capital_folders(place):
    "Training/happy, Testing/happy."
    place.tree("{split}/{label}/{n}.png", {"train": "Training", "test": "Testing"},
               counts={"train": POOL, "test": 2})


@layout(FOLDERS, HUB_STRUCTURE, refuse=("train-1|train-2",))
def a_split_in_several_folders(place):
    "train-1/happy, train-2/happy, test-1/happy: datasets reads two folders as one split."
    place.tree("train-1/{label}/{n}.png", ["train"])
    place.tree("train-2/{label}/{n}.png", ["train"])
    place.tree("test-1/{label}/{n}.png", ["test"])


@layout(FOLDERS, github("from_folder pulls from other subfolders", "fastai/fastai2/issues/210"),
        refuse=("samples",))
def samples_beside_splits(place):
    "train/, valid/, and samples/ with a train/ of its own."
    place.tree("{split}/{label}/{n}.png", {"train": "train", "validation": "valid"},
               counts={"train": POOL, "validation": 2})
    for label in CLASSES:
        path = f"samples/train/{label}/1.png"
        place.left_out(path, encode(draw(10_000 + len(label))), "beside the splits")


@layout(FOLDERS, github("Test set images end up in train", "fastai/fastai/issues/2336"),
        accept=False, refuse=("test",))
def a_flat_test_folder(place):
    "train/happy/1.png, but test/img0.png without classes."
    place.pool("train/{label}/{n}.png")
    for n in range(6):
        place.left_out(f"test/img{n}.png", encode(draw(20_000 + n)), "without class")


@layout(FOLDERS, github("classifies my test folder as a label", "fastai/fastai/issues/1552"),
        accept=False, refuse=("test",))
def test_among_the_classes(place):
    "happy/, neutral/, sad/ and test/ side by side."
    place.pool()
    for n in range(6):
        place.left_out(f"test/{n}.png", encode(draw(20_000 + n)), "test")


@layout(FOLDERS, github("ordinary split as an unlabeled split", "p-lambda/wilds/issues/103"),
        accept=False, refuse=("unlabeled",))
def unlabeled_beside_train(place):
    "train/, test/ and unlabeled/."
    place.tree("{split}/{label}/{n}.png", ["train", "test"])
    for n in range(4):
        place.left_out(f"unlabeled/{n}.png", encode(draw(20_000 + n)), "unlabeled")


@layout(FOLDERS, github("test_dir (val/test) for classification",
                       "ultralytics/yolov5/issues/11775"),
        accept=False, refuse=("val", "validation"))
def two_validations(place):
    "train/, val/, validation/."
    place.tree("{split}/{label}/{n}.png", ["train", "validation"])
    place.tree("val/{label}/{n}.png", ["validation"])


@layout(FOLDERS, github("Folder named 'valid' missing", "wengsengh/Car-Models-Classifier/issues/1"),
        accept=False, refuse=("train",))
def no_train_folder(place):
    "valid/ and test/ only."
    place.tree("{split}/{label}/{n}.png", {"validation": "valid", "test": "test"})


@layout(FOLDERS, github("AffectNet: train_set/images, train_set/annotations",
                        "SainingZhang/DDAMFN/issues/18"), accept=False,
        refuse=("images|annotations",))
def affectnet_itself(place):
    "train_set/images/0.jpg and train_set/annotations/0_exp.npy."
    for split, count in (("train_set", 6), ("val_set", 3)):
        for n in range(count):
            place.write(f"{split}/images/{n}.jpg", encode(place.draw(), "JPEG"))
            stream = io.BytesIO()
            np.save(stream, np.array(str(n % 3)))
            place.write(f"{split}/annotations/{n}_exp.npy", stream.getvalue())


@layout(FOLDERS, github("How to prepare the AffectNet dataset?", "sb-ai-lab/EmotiEffLib/issues/14"),
        accept=False, refuse=("images", "class"))
def one_class_called_images(place):
    "train/images/0.jpg, val/images/0.jpg: not a class at all."
    for split, count in (("train", 6), ("val", 3)):
        for n in range(count):
            place.write(f"{split}/images/{n}.jpg", encode(place.draw(), "JPEG"))


@layout(FOLDERS, github("CK+: cohn-kanade-images and Emotion", "Open-Debin/Emotion-FAN"),
        accept=False, refuse=("Emotion",))
def ck_plus_itself(place):
    "cohn-kanade-images/S005/001/*.png and Emotion/S005/001/*_emotion.txt."
    for subject in ("S005", "S010", "S011"):
        for n in (1, 2, 3):
            stem = f"{subject}/001/{subject}_001_{n:08}"
            place.write(f"cohn-kanade-images/{stem}.png", encode(place.draw()))
        place.write(f"Emotion/{stem}_emotion.txt", "   3.0000000e+00\n")


@layout(FOLDERS, github("How do you split the dataset?", "hangyu94/Ada-CM/issues/5"),
        accept=False, refuse=("class|label",))
def raf_db_itself(place):
    "Image/aligned/train_00001_aligned.jpg and EmoLabel/list_patition_label.txt."
    lines = []
    for n in range(1, 9):
        name = f"{'train' if n < 6 else 'test'}_{n:05}"
        place.write(f"Image/aligned/{name}_aligned.jpg", encode(place.draw(), "JPEG"))
        lines.append(f"{name}.jpg {n % 3 + 1}")
    place.write("EmoLabel/list_patition_label.txt", "\n".join(lines) + "\n")


@layout(FOLDERS, github("RAF-DB as img001_<label>.jpg", "revqx/fer-cvdl-practical"), accept=False,
        refuse=("class|label",))
def labels_in_file_names(place):
    "img001_happiness.jpg, img002_sadness.jpg, all in one folder."
    for n in range(12):
        name = f"img{n:03}_{('happiness', 'sadness', 'anger')[n % 3]}.jpg"
        place.write(name, encode(place.draw(), "JPEG"))


# ---- which column is the label -----------------------------------------------------------------


def table(
    place: Place,
    columns: Callable,             # (row number, class number, class) -> columns beside the image
    kinds: dict | None = None,     # types of columns
    classes: tuple[str, ...] = CLASSES,
    path: str = "train.parquet",
) -> None:
    "One Parquet file with the columns that somebody has."
    rows = []
    for n, row in enumerate(place.rows("train", POOL, classes)):
        beside = columns(n, classes.index(row["label"]), row["label"])
        made = {"image": row["image"]}
        made.update(beside)
        rows.append(made)
    place.parquet(path, rows, kinds or {})


@layout(LABELS, github("target columns that are not integers", "ayrna/skordinal/pull/119"),
        classes=("?3", "?4", "?6"), refuse=("label", "gender"))
def float_label_beside_gender(place):
    "label is 3.0, 4.0, 6.0 (float), gender is 0 or 1 (int)."
    table(place, lambda n, k, name: {"label": (3.0, 4.0, 6.0)[k], "gender": n % 2})


@layout(LABELS, FAIRFACE)
def emotion_among_strings(place):
    "emotion, gender and race are strings."
    table(place, lambda n, k, name: {"gender": "mf"[n % 2], "race": "abc"[n % 3], "emotion": name})


@layout(LABELS, TRANSFORMERS)
def labels_in_the_plural(place):
    "Columns image and labels."
    table(place, lambda n, k, name: {"labels": k}, {"labels": ClassLabel(names=list(CLASSES))})


@layout(LABELS, github("ImageTable set label_col", "sassoftware/python-dlpy/issues/312"),
        classes=("?0", "?1", "?2"))
def expression_beside_age(place):
    "expression, age and face_id are integers."
    table(place, lambda n, k, name: {"face_id": n, "age": 20 + n % 5, "expression": k})


@layout(LABELS, github("Image and class columns", "apple/turicreate/issues/1535"))
def a_column_called_class(place):
    "class is the class, weather is not."
    table(place, lambda n, k, name: {"weather": n % 4, "class": name})


@layout(LABELS, github("multiple label columns", "Aifred-Health/VulcanAI/issues/165"),
        classes=("?0", "?1", "?2"))
def a_column_called_target(place):
    "target is the class, gender has names."
    kinds = {"gender": ClassLabel(names=["f", "m"])}
    table(place, lambda n, k, name: {"gender": n % 2, "target": k}, kinds)


@layout(LABELS, github("multiple label columns", "Aifred-Health/VulcanAI/issues/165"))
def names_against_the_name(place):
    "gender is a ClassLabel, emotion are strings: the name counts, not the type."
    kinds = {"gender": ClassLabel(names=["f", "m"])}
    table(place, lambda n, k, name: {"gender": n % 2, "emotion": name}, kinds)


@layout(LABELS, FAIRFACE, accept=False, refuse=("age", "gender", COLUMN_FLAG))
def three_that_could_be(place):
    "age, gender and race are ClassLabels, none is called a label."
    kinds = {name: ClassLabel(names=["a", "b", "c"]) for name in ("age", "gender", "race")}
    table(place, lambda n, k, name: {"age": n % 3, "gender": k, "race": (n // 2) % 3}, kinds)


@layout(LABELS, FAIRFACE, classes=("a", "b", "c"), label_column="gender")
def a_flag_that_decides(place):
    "The same table with --label-column gender."
    kinds = {name: ClassLabel(names=["a", "b", "c"]) for name in ("age", "gender", "race")}
    table(place, lambda n, k, name: {"age": n % 3, "gender": "abc".index(name), "race": n % 2},
          kinds, ("a", "b", "c"))


@layout(LABELS, TRANSFORMERS, accept=False, refuse=("mood", "emotion", "gender"),
        label_column="mood")
def a_flag_with_a_slip(place):
    "--label-column mood, which is no column."
    table(place, lambda n, k, name: {"emotion": name, "gender": n % 2})


@layout(LABELS, github("GLUE: idx beside label", "huggingface/datasets/issues/245"), accept=False,
        refuse=("idx", "label"))
def only_an_index(place):
    "image and idx: nothing that could be a label."
    table(place, lambda n, k, name: {"idx": n})


@layout(LABELS, github("Add metadata files to imagefolder", "huggingface/datasets/pull/4069"),
        accept=False, refuse=("text",))
def only_captions(place):
    "image and text, another sentence in every row."
    table(place, lambda n, k, name: {"text": f"a photo of face number {n}"})


@layout(LABELS, github("built-in index columns", "milvus-io/milvus/issues/33197"))
def an_index_column(place):
    "label and __index_level_0__, as pandas leaves it."
    table(place, lambda n, k, name: {"label": name, "__index_level_0__": 5 * n})


@layout(LABELS, github("valence and arousal", "wagner-niklas/CAGE_expression_inference/issues/3"),
        accept=False, refuse=("label",))
def labels_that_are_measures(place):
    "label is a valence: 0.12, -0.7, and so on."
    table(place, lambda n, k, name: {"label": (0.12, -0.7, 0.33)[k] + n / 100})


@layout(LABELS, github("the same face in two columns", "huggingface/datasets/issues/6777"),
        refuse=("image", "padded", "image.column"))
def two_image_columns(place):
    "image and padded_image."
    rows = [{**row, "padded_image": row["image"]} for row in place.rows("train", POOL)]
    place.parquet("train.parquet", rows)


@layout(LABELS, github("cats_vs_dogs: img and labels", "huggingface/transformers/pull/28408"))
def an_image_column_called_img(place):
    "CIFAR-10's names: img and label."
    rows = [{"img": row["image"], "label": row["label"]} for row in place.rows("train", POOL)]
    place.parquet("train.parquet", rows)


@layout(LABELS, github("Dataset without labels in the test split",
                       "tensorflow/datasets/issues/349"),
        accept=False, refuse=("label",))
def a_label_that_is_missing(place):
    "Two rows of train have no label."
    table(place, lambda n, k, name: {"label": None if n in (3, 9) else name})


@layout(LABELS, github("ID and Label, Id and Labels",
                       "Tessellate-Imaging/Monk_Object_Detection/issues/19"))
def a_capital_emotion(place):
    "Emotion and Gender."
    table(place, lambda n, k, name: {"Gender": "mf"[n % 2], "Emotion": name})


@layout(LABELS, github("label map of AffectNet-7", "MSA-LMC/S4D/issues/4"), refuse=(
    "label", "emotion", COLUMN_FLAG), classes=("?0", "?1", "?2"))
def two_good_names(place):
    "label is 0, 1, 2 and emotion says the same in words: either is right, or a question."
    table(place, lambda n, k, name: {"label": k, "emotion": name})


@layout(LABELS, github("FERPlus labels that differ", "birdwcp/QCS/issues/1"), accept=False,
        refuse=("label", "emotion", COLUMN_FLAG))
def two_good_names_that_differ(place):
    "label and emotion are both there and say different things."
    table(place, lambda n, k, name: {"label": n % 2, "emotion": name})


# ---- classes without pictures ------------------------------------------------------------------


def three_of_seven(place: Place) -> None:
    "FER2013's CSV with three of its seven classes."
    rows = []
    for split, word in zip(SPLITS, USAGE):
        rows += fer_rows(place, split, word, classes=("happy", "sad", "neutral"))
    place.csv("fer2013.csv", "emotion,pixels,Usage", rows)
    place.source = place.folder / "fer2013.csv"


@layout(EMPTY, github("Why I read only 13000?",
                       "isseu/emotion-recognition-neural-networks/issues/6"),
        accept=False, refuse=("angry|disgust|fear|surprise", "drop.empty.classes"))
def three_emotions_of_fer(place):
    "FER2013's CSV, cut down to happy, sad, neutral."
    three_of_seven(place)


@layout(EMPTY, github("filter out specific classes", "PonteIneptique/YALTAi/issues/17"),
        classes=("happy", "sad", "neutral"), drop_empty_classes=True)
def three_emotions_with_the_flag(place):
    "The same with --drop-empty-classes."
    three_of_seven(place)


@layout(EMPTY, github("unused labels in dataset", "open-edge-platform/geti/pull/2823"),
        accept=False, refuse=("angry|disgust|fear|surprise", "drop.empty.classes"))
def rows_filtered_in_python(place):
    "A DatasetDict with seven names, filtered to three."
    splits = {}
    for split in SPLITS:
        rows = place.rows(split)
        rows = [{**row, "label": FER.index(row["label"])} for row in rows]
        splits[split] = as_dataset(rows, {"label": ClassLabel(names=list(FER))})
    place.source = DatasetDict(splits)


@layout(EMPTY, github("How do I ignore specific classes", "Lightning-Universe/lightning-flash/"
                      "issues/763"), classes=("happy", "sad", "neutral"), drop_empty_classes=True)
def rows_filtered_and_saved(place):
    "The same, saved to disk, with --drop-empty-classes."
    rows_filtered_in_python(place)
    saved = place.folder / "saved"
    place.source.save_to_disk(str(saved))
    place.source = saved


@layout(EMPTY, github("root contains empty subfolders", "pytorch/vision/issues/4925"),
        accept=False, refuse=("contempt",))
def an_empty_class_folder(place):
    "happy/, neutral/, sad/ and an empty contempt/."
    place.pool()
    (place.folder / "contempt").mkdir()


@layout(EMPTY, github("Allow empty class folders", "pytorch/vision/issues/8297"),
        drop_empty_classes=True)
def an_empty_class_folder_with_the_flag(place):
    "The same with --drop-empty-classes."
    an_empty_class_folder(place)


@layout(EMPTY, github("Found no valid file for the classes 1057", "wtyhub/MuseNet/issues/5"),
        refuse=("contempt",))
def a_class_of_text(place):
    "contempt/ holds a text file only."
    place.pool()
    place.left_out("contempt/todo.txt", "none yet\n", "text")


# ---- a class that one split lacks --------------------------------------------------------------


def without(
    place: Place,
    split: str,                    # that lacks
    label: str,                    # this class
) -> None:
    "Three splits; one class is missing in one."
    for name in SPLITS:
        classes = [known for known in CLASSES if (name, known) != (split, label)]
        place.tree("{split}/{label}/{n}.png", [name], classes)


@layout(LACKING, github("distribution of validation data",
                        "huggingface/pytorch-image-models/issues/211"),
        refuse=("validation", "sad"))
def validation_lacks_sad(place):
    "validation/sad is not there."
    without(place, "validation", "sad")


@layout(LACKING, github("Matching tag on classify validation",
                       "ultralytics/ultralytics/issues/13936"),
        refuse=("test", "neutral"))
def test_lacks_neutral(place):
    "test/neutral is not there: nothing may be renumbered."
    without(place, "test", "neutral")


@layout(LACKING, github("crash if different number of classes", "apple/ml-cvnets/issues/90"),
        accept=False, refuse=("train", "neutral"))
def train_lacks_neutral(place):
    "train/neutral is not there, test/neutral is."
    without(place, "train", "neutral")


@layout(LACKING, github("validation class folder is empty",
                        "huggingface/pytorch-image-models/issues/957"), refuse=("sad",))
def an_empty_folder_in_validation(place):
    "validation/sad is there, and empty."
    without(place, "validation", "sad")
    (place.folder / "validation" / "sad").mkdir()


@layout(LACKING, github("Fix silent wrong-class scoring", "ultralytics/ultralytics/pull/26192"),
        accept=False, refuse=("contempt",))
def test_has_a_class_more(place):
    "test/contempt is not in train."
    place.tree("{split}/{label}/{n}.png")
    place.picture("test/contempt/1.png", "contempt", "test")


# ---- files of other kinds ----------------------------------------------------------------------


def good_folder(
    place: Place,
    **options: object,             # of `Place.tree`
) -> None:
    "Three splits of class folders, as they should be."
    place.tree("{split}/{label}/{n}.png", **options)


@layout(FILES, github("Seems it does not work with heic", "lene/DuplicateImages/issues/1"),
        refuse=("HEIC",))
def heic_among_jpegs(place):
    "Two .HEIC among the JPEGs of a phone; no decoder is installed."
    place.tree("{split}/{label}/IMG_{n:04}.JPG", format="JPEG")
    place.left_out("train/happy/IMG_0009.HEIC", HEIC, "HEIC")
    place.left_out("test/sad/IMG_0010.heic", HEIC, "HEIC")


@layout(FILES, github("img.JPEG instead of img.jpeg", "pytorch/pytorch/issues/9612"))
def suffixes_of_every_kind(place):
    ".JPG, .jpeg, .png, .webp, .bmp, .tiff, .avif, .jfif, .gif and none at all."
    kinds = (("JPG", "JPEG"), ("jpeg", "JPEG"), ("png", "PNG"), ("webp", "WEBP"), ("bmp", "BMP"),
             ("tiff", "TIFF"), ("avif", "AVIF"), ("jfif", "JPEG"), ("gif", "GIF"))
    for label in CLASSES:
        for suffix, format in kinds:
            place.picture(f"{label}/a.b.{suffix}", label, "train", format)


@layout(FILES, github("image files without suffix", "obss/sahi/pull/129"))
def no_suffix(place):
    "JPEGs without a suffix, as crawlers save them."
    place.tree("{split}/{label}/f{n:08x}", format="JPEG")


@layout(FILES, github("Folder dataset fails if suffix differs",
                      "open-edge-platform/anomalib/issues/3058"))
def a_wrong_suffix(place):
    "PNG files called .jpg."
    place.tree("{split}/{label}/{n}.jpg")


@layout(FILES, github("DS_Store fix in find_classes", "pytorch/vision/pull/79"))
def what_systems_leave(place):
    ".DS_Store, Thumbs.db, desktop.ini in the folders."
    good_folder(place)
    place.left_out(".DS_Store", b"\0\0\0\1Bud1", "system")
    place.left_out("train/.DS_Store", b"\0\0\0\1Bud1", "system")
    place.left_out("train/happy/Thumbs.db", b"\xd0\xcf\x11\xe0", "system")
    place.left_out("test/sad/desktop.ini", "[.ShellClassInfo]\n", "system")


@layout(FILES, github("zip with ._ files", "alinlab/CSI/issues/31"))
def apple_doubles(place):
    "train/happy/._1.png beside 1.png, and a folder __MACOSX with the same tree."
    good_folder(place)
    double = b"\0\5\26\7\0\2\0\0Mac OS X        "
    place.left_out("train/happy/._1.png", double, "hidden")
    place.left_out("__MACOSX/train/happy/._2.png", double, "hidden")
    place.left_out("__MACOSX/train/._happy", double, "hidden")


@layout(FILES, github("hidden folder made by jupyter", "open-mmlab/mmpretrain/issues/507"))
def notebook_checkpoints(place):
    ".ipynb_checkpoints in the root, among the classes and inside one."
    good_folder(place)
    for n, folder in enumerate(("", "train/", "train/happy/")):
        path = f"{folder}.ipynb_checkpoints/1-checkpoint.png"
        place.left_out(path, encode(draw(30_000 + n)), "hidden")


@layout(FILES, github("found no valid file for .ipynb_checkpoints", "bytedance/Next-ViT/issues/25"))
def checkpoints_among_classes(place):
    "Classes only, and .ipynb_checkpoints with a picture beside them."
    place.pool()
    place.left_out(".ipynb_checkpoints/1-checkpoint.png", encode(draw(30_000)), "hidden")


@layout(FILES, github("ignoring of @eaDir folders", "photoview/photoview/issues/430"),
        refuse=("@eaDir",))
def synology_thumbnails(place):
    "train/happy/@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg, small copies that a file server makes."
    good_folder(place)
    for label in CLASSES:
        path = f"train/{label}/@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg"
        place.left_out(path, encode(draw(31_000 + len(label), 8), "JPEG"), "system")


@layout(FILES, github("drop labels where files lie on different levels",
                      "huggingface/datasets/issues/5153"), refuse=("loose|cover",))
def loose_pictures_in_the_root(place):
    "happy/, neutral/, sad/, and two pictures beside them."
    place.pool()
    for name in ("cover.png", "overview.jpg"):
        format = "PNG" if name.endswith("png") else "JPEG"
        place.left_out(name, encode(draw(32_000 + len(name)), format), "no class")


@layout(FILES, github("drop labels where files lie on different levels",
                      "huggingface/datasets/issues/5153"), refuse=("new",))
def loose_pictures_in_a_split(place):
    "train/new1.png beside train/happy/."
    good_folder(place)
    place.left_out("train/new1.png", encode(draw(33_001)), "no class")
    place.left_out("test/new2.png", encode(draw(33_002)), "no class")


@layout(FILES, github("Missing images and labels", "autodistill/autodistill/issues/90"))
def texts_beside_pictures(place):
    "train/happy/1.txt, notes.pdf, annotations.xml, classes.json."
    good_folder(place)
    place.left_out("train/happy/1.txt", "0 0.5 0.5 1 1\n", "text")
    place.left_out("notes.pdf", b"%PDF-1.4\n", "PDF")
    place.left_out("test/sad/1.xml", "<annotation/>", "XML")
    place.left_out("classes.json", json.dumps(list(CLASSES)), "JSON")


@layout(FILES, github("images nested inside images.zip", "EdjeElectronics/TensorFlow-Lite-Object-"
                      "Detection-on-Android-and-Raspberry-Pi/issues/147"))
def the_archive_beside(place):
    "train/, test/ and the train.zip they came from."
    place.tree("{split}/{label}/{n}.png", ["train", "test"], counts={"train": POOL, "test": 2})
    place.left_out("train.zip", b"PK\3\4" + bytes(100), "archive")


@layout(FILES, github("frames and the video they come from", "joslefaure/HIT_ava/issues/8"))
def videos_among_pictures(place):
    "train/happy/clip.mp4 and clip.mpg among the frames."
    good_folder(place)
    place.left_out("train/happy/clip.mp4", b"\0\0\0\x18ftypmp42" + bytes(100), "video")
    place.left_out("train/sad/clip.mpg", b"\0\0\1\xba" + bytes(100), "video")


@layout(FILES, github("cannot identify image file", "marco-c/autowebcompat/issues/131"),
        accept=False, refuse=("cut.jpg", "skip.unreadable"))
def a_torn_download(place):
    "train/happy/cut.jpg is half a JPEG, train/sad/none.jpg is empty."
    good_folder(place)
    whole = encode(draw(34_000, 64), "JPEG")
    place.left_out("train/happy/cut.jpg", whole[:len(whole) // 2], "unreadable")
    place.left_out("train/sad/none.jpg", b"", "unreadable")


@layout(FILES, github("cannot identify image file", "marco-c/autowebcompat/issues/131"),
        skip_unreadable=True)
def a_torn_download_with_the_flag(place):
    "The same with --skip-unreadable."
    a_torn_download(place)


@layout(FILES, github("images saved with wrong extensions", "hellock/icrawler/issues/30"),
        refuse=("crdownload|part",))
def partial_downloads(place):
    "train/happy/9.jpg.crdownload and 8.jpg.part."
    good_folder(place)
    place.left_out("train/happy/9.jpg.crdownload", b"\xff\xd8\xff\xe0" + bytes(20), "unreadable")
    place.left_out("train/happy/8.jpg.part", b"\xff\xd8\xff\xe0" + bytes(20), "unreadable")


@layout(FILES, ("JAFFE: KA.AN1.39.tiff", "https://zenodo.org/records/3451524"))
def dots_in_names(place):
    "JAFFE's names, sorted by class: happy/KA.HA1.29.tiff."
    place.pool("{label}/KA.HA{n}.29.tiff", format="TIFF")


@layout(FILES, ("Git checkouts as data folders", "https://github.com/muxspace/facial_expressions"))
def a_git_checkout(place):
    "train/, test/ in a clone: .git with objects, .gitattributes, LICENSE."
    place.tree("{split}/{label}/{n}.png", ["train", "test"], counts={"train": POOL, "test": 2})
    place.left_out(".git/objects/aa/bb", b"x\x01", "hidden")
    place.left_out(".git/HEAD", "ref: refs/heads/main\n", "hidden")
    place.left_out(".gitattributes", "*.png filter=lfs\n", "hidden")
    place.left_out("LICENSE", "Apache\n", "text")


# ---- the same file twice, the same name twice --------------------------------------------------


@layout(TWICE, github("Retrieve files below links", "huggingface/datasets/issues/6853"))
def a_link_in_a_circle(place):
    "happy/again is a link to happy."
    place.pool()
    (place.folder / "happy" / "again").symlink_to(place.folder / "happy")
    place.free.add("happy/again")


@layout(TWICE, github("Support soft links for imagefolder", "huggingface/datasets/issues/6853"),
        follow_outside=True)
def nothing_but_links(place):
    "Every picture is a link into a folder elsewhere, as the Hub's cache keeps them."
    good_folder(place)
    store = place.folder.with_name(place.folder.name + "_blobs")
    store.mkdir()
    for n, path in enumerate(sorted(place.folder.rglob("*.png"))):
        path.rename(store / f"{n:040x}")
        path.symlink_to(store / f"{n:040x}")


@layout(TWICE, github("Support soft links for imagefolder", "huggingface/datasets/issues/6853"),
        refuse=("link",))
def links_within_a_class(place):
    "train/happy/favourite.png is a link to train/happy/1.png."
    good_folder(place)
    link = place.folder / "train" / "happy" / "favourite.png"
    link.symlink_to("1.png")
    place.free.add("train/happy/favourite.png")


@layout(TWICE, github("100% of test images are duplicates", "stefyste/RIAWELC/issues/2"),
        refuse=("link|test/happy|twice",))
def a_link_from_test_to_train(place):
    "test/happy/9.png is a link to train/happy/1.png."
    good_folder(place)
    (place.folder / "test" / "happy" / "9.png").symlink_to("../../train/happy/1.png")
    place.left["test/happy/9.png"] = "link"


@layout(TWICE, github("Support soft links for imagefolder", "huggingface/datasets/issues/6853"),
        refuse=("gone",))
def a_broken_link(place):
    "train/happy/gone.png points to nothing."
    good_folder(place)
    (place.folder / "train" / "happy" / "gone.png").symlink_to("../../../nowhere.png")
    place.left["train/happy/gone.png"] = "broken link"


@layout(TWICE, github("splits as links to folders", "carpedm20/BEGAN-pytorch/pull/2"),
        refuse=("link|latest",))
def a_link_to_a_folder(place):
    "train/, test/, and latest, a link to train."
    place.tree("{split}/{label}/{n}.png", ["train", "test"], counts={"train": POOL, "test": 2})
    (place.folder / "latest").symlink_to("train")
    place.free.add("latest")


@layout(TWICE, github("NFD and NFC forms", "llmsresearch/paperbanana/issues/234"),
        classes=("fröhlich", "müde"), refuse=("fröhlich|müde|normal|same",))
def umlauts_in_two_forms(place):
    "train/fröhlich in one Unicode form, test/fröhlich in the other."
    for split, form in (("train", "NFC"), ("test", "NFD")):
        for label in ("fröhlich", "müde"):
            for n in range(8 if split == "train" else 2):
                path = unicodedata.normalize(form, f"{split}/{label}/{n}.png")
                place.picture(path, label, split)


@layout(TWICE, github("é: e + U+0301 and U+00E9", "macos-fuse-t/fuse-t/issues/16"),
        classes=("fröhlich", "müde"), refuse=("fr|same|normal",))
def one_name_in_two_forms(place):
    "Two folders fröhlich side by side, in two Unicode forms."
    place.pool("{label}/{n}.png", ("fröhlich", "müde"))
    folder = unicodedata.normalize("NFD", "fröhlich")
    for n in range(4):
        place.picture(f"{folder}/more{n}.png", "fröhlich")


@layout(TWICE, github("lower case for all class names", "NVIDIA/DIGITS/pull/1017"),
        refuse=("Happy",))
def capitals_in_one_split(place):
    "train/happy, but test/Happy, test/Neutral, test/Sad."
    place.pool("train/{label}/{n}.png")
    for label in CLASSES:
        for n in range(2):
            place.picture(f"test/{label.title()}/{n}.png", label, "test")


@layout(TWICE, github("classes with the same name are merged",
                      "mf1024/ImageNet-Datasets-Downloader/issues/16"), refuse=("Happy",))
def two_cases_side_by_side(place):
    "happy/ and Happy/ in one folder."
    place.pool()
    for n in range(4):
        place.picture(f"Happy/more{n}.png", "happy")


@layout(TWICE, github("label 'happy ' with a blank", "pytorch/vision/issues/1734"),
        refuse=("happy",))
def a_blank_behind_a_name(place):
    "A column with happy and `happy `."
    def columns(n, k, name):
        return {"label": f"{name} " if n % 5 == 0 else name}
    table(place, columns)


@layout(TWICE, github("upper case and label names",
                       "njvisionpower/Safety-Helmet-Wearing-Dataset/issues/22"),
        refuse=("Happy",))
def cases_in_a_column(place):
    "A column with happy and Happy."
    table(place, lambda n, k, name: {"label": name.title() if n % 4 == 0 else name})


# ---- copies of a picture -----------------------------------------------------------------------


@layout(COPIES, github("augmentation before the split", "rsarka34/RDLINet/issues/1"))
def offline_flips(place):
    "Every picture with its mirror image, in class folders: the split must not divide a pair."
    for label in CLASSES:
        for n in range(POOL):
            image = draw(40_000 + POOL * CLASSES.index(label) + n, 64)
            pair = []
            for suffix, shown in (("", image), ("_flip", image.transpose(0))):
                path, content = f"{label}/{n:03}{suffix}.png", encode(shown)
                place.write(path, content)
                pair.append(place.know(content, "train", label, path))
            place.together.append(pair)


@layout(COPIES, github("duplicate images in the dataset", "MVC-Datasets/MVC/issues/4"))
def equal_files_under_two_names(place):
    "Some pictures twice under other names, once as PNG and once as a larger JPEG."
    for label in CLASSES:
        for n in range(POOL):
            image = draw(41_000 + POOL * CLASSES.index(label) + n, 64)
            content = encode(image)
            path = f"{label}/{n}.png"
            place.write(path, content)
            pair = [place.know(content, "train", label, path)]
            if n % 3 == 0:
                stream = io.BytesIO()
                image.save(stream, "JPEG", quality=88)
                place.write(f"{label}/{n}_copy.jpg", stream.getvalue())
                pair.append(
                    place.know(stream.getvalue(), "train", label, f"{label}/{n}_copy.jpg")
                )
            place.together.append(pair)


def leaking(place: Place) -> None:
    "Three splits; two pictures of test are mirror images of train."
    place.tree("{split}/{label}/{n}.png", counts={"train": 8, "validation": 4, "test": 4})
    for n in range(2):
        image, pair = draw(42_000 + n, 64), []
        for split, shown in (("train", image), ("test", image.transpose(0))):
            path, content = f"{split}/happy/pair{n}.png", encode(shown)
            place.write(path, content)
            pair.append(place.know(content, split, "happy", path))
        place.together.append(pair)


@layout(COPIES, github("Cross-split duplicates", "tqwei05/PlantSeg/issues/11"), regroup=True)
def leaks_made_good_by_a_flag(place):
    "Splits that share mirror images, with --regroup."
    leaking(place)


@layout(COPIES, github("RAF-DB dataset duplicate image", "ArnabKumarRoy02/ResEmoteNet/issues/44"))
def leaks_as_they_come(place):
    "The same splits without the flag: read as they are; the audit's matter."
    leaking(place)
    place.together.clear()


@layout(COPIES, github("split by location", "uptake/autofocus/issues/12"),
        subject_pattern=r"(S\d+)_")
def persons_stay_together(place):
    "CK+48: happy/S010_004_1.png; three frames of each person in each class."
    for label in CLASSES:
        for person in range(6):
            for frame in range(2):
                place.picture(f"{label}/S{person:03}_00{frame}.png", label)
    groups: dict[str, list[str]] = {}
    for name, known in place.known.items():
        groups.setdefault(known.path.split("/")[1][:4], []).append(name)
    place.together += groups.values()


# ---- what has to be said well ------------------------------------------------------------------


@layout(MESSAGES, github("images nested inside an additional folder", "EdjeElectronics/TensorFlow-"
                         "Lite-Object-Detection-on-Android-and-Raspberry-Pi/issues/147"),
        refuse=("archive",))
def one_folder_too_high(place):
    "archive/train/happy/1.png, and the folder above archive is given."
    place.tree("archive/{split}/{label}/{n}.png")


@layout(MESSAGES, github("images/train and images/validation", "jonathanoheix/Real-Time-Face-"
                         "Expression-Recognition"), refuse=("DATASET",))
def a_table_beside_the_folder(place):
    "Kaggle's RAF-DB: DATASET/train/1, DATASET/test/1, train_labels.csv beside."
    place.tree("DATASET/{split}/{label}/{n}.png", ["train", "test"],
               counts={"train": POOL, "test": 2})
    place.beside("train_labels.csv", "image,label\n1.png,1\n")
    place.beside("test_labels.csv", "image,label\n1.png,1\n")


@layout(MESSAGES, github("tree of a detection set", "ultralytics/ultralytics/issues/6658"),
        accept=False, refuse=("labels",))
def images_beside_labels(place):
    "images/ and labels/ as YOLO has them."
    for n in range(6):
        place.write(f"images/{n}.jpg", encode(place.draw(), "JPEG"))
        place.write(f"labels/{n}.txt", "0 0.5 0.5 1 1\n")


@layout(MESSAGES, HUB_EXAMPLES)
def a_banner_beside_parquet(place):
    "data/train-00000-of-00001.parquet and assets/banner.png."
    one_file_each(place, "data/{}-00000-of-00001.parquet", {split: split for split in SPLITS})
    place.left_out("assets/banner.png", encode(draw(50_000)), "picture beside tables")
    place.beside("README.md", "# Faces\n")
    place.left_out(".gitattributes", "*.parquet filter=lfs\n", "hidden")


@layout(MESSAGES, github("Can't open cloned images", "jinnovation/rainy-image-dataset/issues/3"),
        accept=False, refuse=("LFS",))
def lfs_pointers_for_pictures(place):
    "A clone without Git LFS: every picture is a pointer of 130 bytes."
    for split in SPLITS:
        for label in CLASSES:
            for n in range(3):
                place.write(f"{split}/{label}/{n}.jpg", LFS.replace("4d7a", f"{n:04x}"))


@layout(MESSAGES, github("Cannot work out file type", "neheller/kits19/issues/5"),
        accept=False, refuse=("LFS",))
def lfs_pointers_for_tables(place):
    "data/train-00000-of-00001.parquet is a pointer."
    for split in SPLITS:
        place.write(f"data/{split}-00000-of-00001.parquet", LFS)


@layout(MESSAGES, ("JAFFE: ten persons in file names", "https://zenodo.org/records/3451524"),
        accept=False, refuse=("subject.pattern",), subject_pattern=r"^(\w+)\.")
def too_few_persons(place):
    "happy/KA.HA1.29.tiff: the pattern finds two persons, too few for three splits."
    for label in CLASSES:
        for person in ("KA", "MK"):
            for n in range(4):
                place.write(f"{label}/{person}.HA{n}.29.tiff", encode(place.draw(), "TIFF"))


@layout(MESSAGES, github("split by base shape", "yogeshhk/MidcurveNN/issues/34"), accept=False,
        refuse=("subject",))
def too_few_persons_in_a_column(place):
    "A column subject with two values."
    table(place, lambda n, k, name: {"label": name, "subject": f"p{n % 2}"})


@layout(MESSAGES, FER_README, refuse=("pixels",), classes=FER)
def pixels_with_commas(place):
    "pixels are written `[12, 34, 56]`."
    rows = fer_rows(place, "train", "Training") + fer_rows(place, "test", "PrivateTest")
    rows = [[row[0], f"[{row[1].replace(' ', ', ')}]", row[2]] for row in rows]
    place.csv("fer2013.csv", "emotion,pixels,Usage", rows)
    place.source = place.folder / "fer2013.csv"


@layout(MESSAGES, github("SST-2 test labels are all -1", "huggingface/datasets/issues/245"),
        accept=False, refuse=("-1|no label",))
def minus_one_in_train(place):
    "label is an integer, -1 where nobody looked."
    table(place, lambda n, k, name: {"label": -1 if n in (2, 11) else k})


@layout(MESSAGES, github("glue returns -1 for the test split", "huggingface/datasets/issues/5624"),
        accept=False, refuse=("test", "label"))
def minus_one_in_test(place):
    "A ClassLabel; the test split is all -1."
    kind = {"label": ClassLabel(names=list(CLASSES))}
    rows = [{**row, "label": CLASSES.index(row["label"])} for row in place.rows("train")]
    place.parquet("train.parquet", rows, kind)
    rows = [{**row, "label": -1} for row in place.rows("test")]
    place.parquet("test.parquet", rows, kind)


@layout(MESSAGES, github("legend.csv: user.id, image, emotion", "muxspace/facial_expressions"),
        refuse=("legend.csv|csv",))
def muxspace_itself(place):
    "images/*.jpg and data/legend.csv with user.id, image, emotion."
    lines = ["user.id,image,emotion"]
    for label in CLASSES:
        for n in range(POOL):
            place.picture(f"images/{label[0]}_{n}.jpg", label, "train", "JPEG")
            lines.append(f"628,{label[0]}_{n}.jpg,{label}")
    place.beside("data/legend.csv", "\n".join(lines) + "\n")


@layout(MESSAGES, github("metadata.jsonl beside the pictures", "huggingface/datasets/issues/6442"),
        refuse=("metadata",))
def metadata_jsonl(place):
    "train/metadata.jsonl with file_name and label, the pictures flat beside it."
    for split in ("train", "test"):
        lines = []
        for label in CLASSES:
            for n in range(POOL if split == "train" else 2):
                name = f"{label[0]}{n:04}.png"
                place.picture(f"{split}/{name}", label, split)
                lines.append(json.dumps({"file_name": name, "label": label}))
        place.beside(f"{split}/metadata.jsonl", "\n".join(lines) + "\n")


@layout(MESSAGES, github("fer2013.tar.gz", "xionghc/Facial-Expression-Recognition/issues/30"),
        accept=False, refuse=("archive|unpack",))
def an_archive(place):
    "fer2013.tar.gz as it was downloaded."
    place.source = place.write("fer2013.tar.gz", b"\x1f\x8b\x08\0" + bytes(100))


@layout(MESSAGES, ("WebDataset shards", "https://huggingface.co/docs/hub/datasets-webdataset"),
        accept=False, refuse=("tar|archive|unpack",))
def webdataset_shards(place):
    "train-00000.tar, test-00000.tar."
    place.write("train-00000.tar", bytes(1024))
    place.write("test-00000.tar", bytes(1024))


@layout(MESSAGES, github("only .npy files", "isseu/emotion-recognition-neural-networks/issues/17"),
        accept=False, refuse=("npy|picture|image",))
def arrays_only(place):
    "data_set_fer2013.npy and data_labels_fer2013.npy."
    for name in ("data_set_fer2013.npy", "data_labels_fer2013.npy"):
        place.write(name, b"\x93NUMPY\1\0" + bytes(120))


@layout(MESSAGES, github("Found 0 images in subfolders of ./data", "pytorch/examples/issues/236"),
        accept=False, refuse=("picture|image|class",))
def pictures_without_folders(place):
    "Pictures directly in the folder."
    for n in range(6):
        place.write(f"{n}.png", encode(place.draw()))


@layout(MESSAGES, github("ImageFolder: found 0 files", "pytorch/vision/issues/707"), accept=False,
        refuse=("picture|image|class|empty",))
def an_empty_folder(place):
    "Nothing at all."


@layout(MESSAGES, github("half a clone", "micasense/imageprocessing/issues/58"),
        accept=False, refuse=("parquet",))
def a_torn_table(place):
    "train.parquet is half a file."
    place.parquet("whole.parquet", place.rows("train"))
    whole = (place.folder / "whole.parquet").read_bytes()
    (place.folder / "whole.parquet").unlink()
    place.write("train.parquet", whole[:len(whole) // 2])


@layout(MESSAGES, github("a table without pictures", "huggingface/datasets/issues/7337"),
        accept=False, refuse=("image|picture",))
def a_table_without_pictures(place):
    "train.parquet with label and text only."
    rows = [{"label": name, "text": f"row {n}"} for n in range(8) for name in CLASSES]
    target = place.folder / "train.parquet"
    pd.DataFrame(rows).to_parquet(target)


@layout(MESSAGES, github("classes differ between splits", "weecology/DeepForest/pull/1147"),
        accept=False, refuse=("class",))
def names_in_another_order(place):
    "train knows happy, neutral, sad; test knows sad, neutral, happy."
    for split, names in (("train", CLASSES), ("test", CLASSES[::-1])):
        rows = [{**row, "label": names.index(row["label"])} for row in place.rows(split)]
        place.parquet(f"{split}.parquet", rows, {"label": ClassLabel(names=list(names))})


@layout(MESSAGES, github("numeric strings and labels", "modestyachts/ImageNetV2/issues/10"),
        classes=("0", "1", "2", "10"))
def numbers_in_order(place):
    "label is an integer with 0, 1, 2, 10: ordered as numbers."
    names = ("0", "1", "2", "10")
    table(place, lambda n, k, name: {"label": int(name)}, {"label": Value("int64")}, names)


@layout(MESSAGES, github("all labels are assigned as 0", "SainingZhang/DDAMFN/issues/18"),
        accept=False,
        refuse=("happy", "class"))
def one_class_only(place):
    "happy/ alone."
    place.pool("{label}/{n}.png", ["happy"])


# ---- the second list: written later, without a look at the readers, and measured once ------------


FIRST_LIST = len(LAYOUTS)


def splits_folder(
    place: Place,
    pattern: str = "{split}/{label}/{n}.png",
) -> None:
    "train and test as they should be."
    place.tree(pattern, ["train", "test"], counts={"train": POOL, "test": 2})


@layout(NAMES, github("path contains a split's name", "huggingface/datasets/issues/4895"))
def below_a_folder_called_test(place):
    "The data lie in .../test/faces: the folders above do not count."
    place.source = place.folder / "test" / "faces"
    place.pool("test/faces/{label}/{n}.png")


@layout(NAMES, github("path contains a split's name", "huggingface/datasets/issues/4895"))
def a_table_below_a_folder_called_eval(place):
    "The file given is .../eval/faces.parquet: the folders above do not count."
    place.parquet("eval/faces.parquet", place.rows("train", POOL))
    place.source = place.folder / "eval" / "faces.parquet"


@layout(NAMES, HUB_STRUCTURE)
def brackets_in_names(place):
    "`faces [v2]/train*.parquet`: characters that a glob would read."
    place.source = place.folder / "faces [v2]"
    for split in SPLITS:
        place.parquet(f"faces [v2]/{split} (1).parquet", place.rows(split))


@layout(NAMES, ("COCO's years", "https://cocodataset.org/#download"), refuse=("train2017", "split"))
def years_behind_splits(place):
    "train2017/happy, val2017/happy: digits separate, says datasets."
    place.tree("{split}/{label}/{n}.png", {"train": "train2017", "validation": "val2017"},
               counts={"train": POOL, "validation": 2})


@layout(NAMES, HUB_STRUCTURE, accept=False, refuse=("holdout", SPLIT_FLAG))
def a_saved_split_of_another_name(place):
    "save_to_disk of a DatasetDict with train and holdout."
    parts = {"train": as_dataset(place.rows("train")), "holdout": as_dataset(place.rows("test"))}
    place.source = place.folder / "saved"
    DatasetDict(parts).save_to_disk(str(place.source))


@layout(NAMES, HUB)
def a_saved_dict_with_val(place):
    "save_to_disk of a DatasetDict with train, val, eval."
    names = {"train": "train", "validation": "val", "test": "eval"}
    parts = {name: as_dataset(place.rows(split)) for split, name in names.items()}
    place.source = place.folder / "saved"
    DatasetDict(parts).save_to_disk(str(place.source))


@layout(COLUMN, FER_README, accept=False, refuse=("Usage", "empty|missing|no value|none|''|blank"))
def holes_in_the_split_column(place):
    "Usage is empty in three rows."
    rows = fer_rows(place, "train", "Training") + fer_rows(place, "test", "PrivateTest")
    for row in rows[:3]:
        row[2] = ""
    place.csv("fer2013.csv", "emotion,pixels,Usage", rows)
    place.source = place.folder / "fer2013.csv"


@layout(COLUMN, CK_CSV)
def a_split_column_that_says_train(place):
    "Every row of the column split says train: validation and test are made from it."
    table(place, lambda n, k, name: {"label": name, "split": "train"}, path="faces.parquet")


@layout(FOLDERS, github("Cross validation folders", "CropAi/Data-Modeling/pull/26"),
        accept=False, refuse=("fold_1|fold_2|happy",))
def folds_above_classes(place):
    "fold_1/happy, fold_2/happy, fold_3/happy: folds are no classes."
    for fold in (1, 2, 3):
        place.tree("fold_" + str(fold) + "/{label}/{n}.png", ["train"])


@layout(FOLDERS, ("KDEF: a folder per person", "https://kdef.se/"),
        refuse=("AF01|AF02|happy",))
def persons_above_classes(place):
    "AF01/happy/1.jpg, AF02/happy/1.jpg: persons are no classes."
    for person in ("AF01", "AF02", "AM01", "AM02"):
        place.tree(person + "/{label}/{n}.jpg", ["train"], counts={"train": 3}, format="JPEG")


@layout(FOLDERS, github("splits in Portuguese", "jfilter/split-folders/issues/49"),
        refuse=("treino|teste|happy",))
def splits_in_another_language(place):
    "treino/happy, teste/happy."
    place.tree("{split}/{label}/{n}.png", {"train": "treino", "test": "teste"},
               counts={"train": POOL, "test": 2})


@layout(FOLDERS, github("a class called train", "huggingface/datasets/issues/5021"),
        classes=("bus", "car", "train"), refuse=("train", "bus|car"))
def a_class_called_train(place):
    "bus/, car/, train/ with pictures of buses, cars and trains."
    place.pool("{label}/{n}.png", ("bus", "car", "train"))


@layout(FOLDERS, github("Folder valid is missing", "wengsengh/Car-Models-Classifier/issues/1"),
        refuse=("validation|test",))
def an_empty_split_folder(place):
    "train/happy, test/happy, and validation/ without a file."
    splits_folder(place)
    (place.folder / "validation").mkdir()


@layout(FOLDERS, github("two levels too high", "udacity/deep-learning-v2-pytorch/issues/217"),
        refuse=("archive|fer2013",))
def two_folders_too_high(place):
    "archive/fer2013/train/happy, and the folder above archive is given."
    splits_folder(place, "archive/fer2013/{split}/{label}/{n}.png")


@layout(FOLDERS, github("runs beside the data", "renebidart/breakHis/issues/5"), refuse=("runs",))
def results_beside_the_data(place):
    "train/, test/, and runs/ with a history and a chart as PNG."
    splits_folder(place)
    place.left_out("runs/1/history.csv", "epoch,loss\n0,1.1\n", "table")
    place.left_out("runs/1/chart.png", encode(draw(70_001)), "no class")


@layout(LABELS, ("Image classification docs", "https://huggingface.co/docs/datasets/image_dataset"),
        refuse=("emotion_label", "gender"))
def a_name_that_holds_emotion(place):
    "emotion_label and gender, both strings."
    table(place, lambda n, k, name: {"gender": "mf"[n % 2], "emotion_label": name})


@layout(LABELS, TRANSFORMERS, classes=("?0", "?1", "?2"),
        refuse=("label", "label_name|label_text", COLUMN_FLAG))
def label_and_its_name(place):
    "label is a number, label_text the same in words."
    table(place, lambda n, k, name: {"label": k, "label_text": name})


@layout(LABELS, FERPLUS, accept=False, refuse=("label",))
def a_list_of_votes(place):
    "label is a list of votes for each class."
    table(place, lambda n, k, name: {"label": [float(k == place_) for place_ in range(3)]})


@layout(LABELS, github("labels as bool", "huggingface/datasets/issues/4015"),
        classes=("?False", "?True"), refuse=("smiling",))
def a_label_of_yes_and_no(place):
    "image and smiling (true or false)."
    table(place, lambda n, k, name: {"smiling": bool(k)}, classes=("no", "yes"))


@layout(LABELS, CK_CSV, classes=("happy", "neutral", "sad"))
def a_category_column(place):
    "expression, and a path and an md5 for every row."
    def columns(n, k, name):
        return {"path": f"a/{n}.png", "md5": f"{n:032x}", "expression": name}
    table(place, columns)


@layout(EMPTY, github("allow_empty for a split", "ultralytics/ultralytics/pull/14301"),
        accept=False, refuse=("contempt", "drop.empty.classes"))
def an_empty_class_in_every_split(place):
    "train/contempt, test/contempt: both empty."
    splits_folder(place)
    for split in ("train", "test"):
        (place.folder / split / "contempt").mkdir()


@layout(FILES, github("hidden folders above", "huggingface/datasets/issues/6853"))
def inside_a_hidden_folder(place):
    "The data lie in .cache/faces: what stands above the source is not hidden."
    place.source = place.folder / ".cache" / "faces"
    place.tree(".cache/faces/{split}/{label}/{n}.png")


@layout(FILES, ("Photos: sidecar files of a phone",
                "https://github.com/TheLastGimbus/GooglePhotosTakeoutHelper/pull/247"))
def sidecars_of_a_phone(place):
    "IMG_1.JPG with IMG_1.AAE, IMG_1.MOV, IMG_1.JPG.json beside."
    place.tree("{split}/{label}/IMG_{n}.JPG", format="JPEG")
    place.left_out("train/happy/IMG_1.AAE", "<plist/>\n", "text")
    place.left_out("train/happy/IMG_1.MOV", b"\0\0\0\x14ftypqt  " + bytes(40), "video")
    place.left_out("train/happy/IMG_1.JPG.json", "{}", "JSON")


@layout(FILES, github("wrong download", "hellock/icrawler/issues/30"), accept=False,
        refuse=("missing.jpg", "skip.unreadable"))
def an_error_page_as_picture(place):
    "train/happy/missing.jpg is the text of a web page."
    splits_folder(place)
    page = "<!DOCTYPE html><html><body>404</body></html>\n"
    place.left_out("train/happy/missing.jpg", page, "unreadable")


@layout(FILES, github("RAW and vector files", "pytorch/vision/pull/461"), refuse=("CR2",))
def drawings_and_raw_files(place):
    "logo.svg, 1.CR2, scan.dcm among the pictures."
    splits_folder(place)
    place.left_out("train/happy/logo.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG")
    place.left_out("train/sad/1.CR2", b"\x49\x49\x2a\0\x10\0\0\0CR\2\0" + bytes(30), "RAW")
    place.left_out("test/sad/scan.dcm", bytes(128) + b"DICM", "DICOM")


@layout(FILES, github("uncommon modes", "pytorch/vision/issues/707"))
def modes_of_every_kind(place):
    "Grey, palette, transparent, 16 bit, CMYK, one bit."
    for label in CLASSES:
        for mode, suffix, format in (("L", "png", "PNG"), ("P", "png", "PNG"),
                                     ("RGBA", "png", "PNG"), ("CMYK", "jpg", "JPEG"),
                                     ("1", "png", "PNG"), ("LA", "png", "PNG"),
                                     ("RGB", "png", "PNG"), ("YCbCr", "jpg", "JPEG")):
            content = encode(place.draw().convert(mode), format)
            path = f"{label}/{mode}.{suffix}"
            place.write(path, content)
            place.know(content, "train", label, path)


@layout(FILES, github("odd characters", "obss/sahi/pull/129"),
        classes=("-dash", "[x]", "a b", "ok%20"))
def odd_characters_in_classes(place):
    "Folders called `[x]`, `-dash`, `a b`, `ok%20`."
    place.pool("{label}/{n} #1.png", ("-dash", "[x]", "a b", "ok%20"))


@layout(TWICE, github("Support soft links for imagefolder", "huggingface/datasets/issues/6853"))
def the_source_is_a_link(place):
    "The folder that is given is itself a link."
    place.tree("real/{split}/{label}/{n}.png")
    place.source = place.folder / "link"
    place.source.symlink_to("real")


@layout(TWICE, github("There are many duplicate images", "MVC-Datasets/MVC/issues/4"),
        refuse=("copy.png",))
def hard_links(place):
    "train/happy/copy.png is a hard link to train/happy/1.png: the same file."
    splits_folder(place)
    (place.folder / "train/happy/copy.png").hardlink_to(place.folder / "train/happy/1.png")
    place.free.add("train/happy/copy.png")


@layout(COPIES, github("sliding windows over one radiograph", "stefyste/RIAWELC/issues/2"))
def brighter_copies(place):
    "Every picture again, a little brighter, in the same class."
    for label in CLASSES:
        for n in range(POOL):
            image = draw(43_000 + POOL * CLASSES.index(label) + n, 64)
            group = []
            for suffix, shown in (("", image), ("_aug", image.point(lambda v: min(255, v + 6)))):
                path, content = f"{label}/{n:03}{suffix}.png", encode(shown)
                place.write(path, content)
                group.append(place.know(content, "train", label, path))
            place.together.append(group)


@layout(MESSAGES, FER_README, accept=False, refuse=("pixels|row 4",), classes=FER)
def pixels_cut_off(place):
    "A spreadsheet has cut one row's pixels at 32,767 characters."
    rows = fer_rows(place, "train", "Training") + fer_rows(place, "test", "PrivateTest")
    rows[3][1] = rows[3][1][:500]
    place.csv("fer2013.csv", "emotion,pixels,Usage", rows)
    place.source = place.folder / "fer2013.csv"


@layout(MESSAGES, FER_README, classes=FER, refuse=("emotion",))
def emotions_in_words(place):
    "The column emotion says happy instead of 3."
    rows = fer_rows(place, "train", "Training") + fer_rows(place, "test", "PrivateTest")
    rows = [[FER[row[0]], *row[1:]] for row in rows]
    place.csv("fer2013.csv", "emotion,pixels,Usage", rows)
    place.source = place.folder / "fer2013.csv"


@layout(MESSAGES, FER_README, classes=FER, refuse=(";|separator|delimiter|column",))
def semicolons(place):
    "A German Excel has saved the CSV with semicolons."
    rows = fer_rows(place, "train", "Training") + fer_rows(place, "test", "PrivateTest")
    lines = [";".join(map(str, row)) for row in rows]
    text = "\n".join(["emotion;pixels;Usage", *lines]) + "\n"
    place.source = place.write("fer2013.csv", b"\xef\xbb\xbf" + text.encode())


@layout(MESSAGES, FER_README, classes=FER)
def a_byte_order_mark(place):
    "The CSV begins with a byte order mark, as Excel writes it."
    fer_csv(place, "emotion,pixels,Usage", USAGE)
    place.source.write_bytes(b"\xef\xbb\xbf" + place.source.read_bytes())


@layout(MESSAGES, FERPLUS, accept=False, refuse=("image|picture|pixels",))
def ferplus_votes_alone(place):
    "fer2013new.csv: votes for the pictures of another file."
    rows = [["Training", f"fer{n:07}.png", 5, 0, 0, 1, 4, 0, 0, 0, 0, 0] for n in range(12)]
    header = ("Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,"
              "unknown,NF")
    place.csv("fer2013new.csv", header, rows)
    place.source = place.folder / "fer2013new.csv"


# ---- the third list: as the second, after both were mended ---------------------------------------


SECOND_LIST = len(LAYOUTS)


@layout(NAMES, ("Hub: the branch refs/convert/parquet",
                "https://huggingface.co/docs/dataset-viewer/parquet"))
def converted_by_the_hub(place):
    "default/train/0000.parquet, default/test/0000.parquet."
    one_file_each(place, "default/{}/0000.parquet", {split: split for split in SPLITS})


@layout(NAMES, HUB_STRUCTURE)
def shards_with_a_hash(place):
    "data/train-00000-of-00001-0a1b2c3d4e5f6071.parquet, as older versions wrote them."
    one_file_each(place, "data/{}-00000-of-00001-0a1b2c3d4e5f6071.parquet",
                  {split: split for split in SPLITS})


@layout(NAMES, github("training and testing data sets?",
                      "TalkUHulk/emotion_classification/issues/3"), classes=FER)
def fer_tables_with_a_prefix(place):
    "fer2013_train.csv and fer2013_test.csv."
    for split in ("train", "test"):
        rows = fer_rows(place, split) + (fer_rows(place, split) if split == "train" else [])
        place.csv(f"fer2013_{split}.csv", "emotion,pixels", rows)


@layout(NAMES, github("fer2013 as it is unpacked", "max260129/emotions-detector"), classes=FER,
        refuse=("fer2013.csv",))
def the_unpacked_challenge(place):
    "fer2013/fer2013.csv with README and fer2013.bib; the folder is given."
    rows = []
    for split, word in zip(SPLITS, USAGE):
        rows += fer_rows(place, split, word)
    place.csv("fer2013.csv", "emotion,pixels,Usage", rows)
    place.left_out("README", "The columns are emotion, pixels, Usage.\n", "text")
    place.left_out("fer2013.bib", "@article{}\n", "text")


@layout(NAMES, github("trainA, trainB, testA, testB", "junyanz/pytorch-CycleGAN-and-pix2pix"),
        accept=False, refuse=("trainA|testA",))
def letters_behind_splits(place):
    "trainA/, trainB/, testA/, testB/, flat."
    for folder in ("trainA", "trainB", "testA", "testB"):
        for n in range(4):
            place.write(f"{folder}/{n}.png", encode(place.draw()))


@layout(COLUMN, FER_README, classes=FER, refuse=("Usage", SPLIT_FLAG))
def blanks_in_the_values(place):
    "Usage says `Training `, ` PublicTest`, `PrivateTest`."
    fer_csv(place, "emotion,pixels,Usage", ("Training ", " PublicTest", "PrivateTest"))


@layout(COLUMN, FER_README, refuse=("phase", SPLIT_FLAG))
def a_split_by_its_values(place):
    "A column phase says train, val, test; no flag explains it."
    split_column(place, "phase", ("train", "val", "test"))


@layout(COLUMN, ("fastai: labels.csv with is_valid", "https://docs.fast.ai/vision.data.html"),
        refuse=("is_valid", SPLIT_FLAG))
def fastais_is_valid(place):
    "name,label,is_valid in a Parquet table."
    rows = []
    for split, value in (("train", False), ("validation", True)):
        rows += [{**row, "is_valid": value} for row in place.rows(split)]
    place.parquet("faces.parquet", rows)


@layout(COLUMN, github("Cross validation", "CropAi/Data-Modeling/pull/26"), refuse=("fold",))
def a_fold_column(place):
    "A column fold with 0 to 4: no split, and no label."
    table(place, lambda n, k, name: {"label": name, "fold": n % 5}, path="faces.parquet")


@layout(COLUMN, CK_CSV, accept=False, refuse=("tr|va|te", SPLIT_FLAG))
def abbreviated_splits(place):
    "A column split says tr, va, te."
    split_column(place, "split", ("tr", "va", "te"))


@layout(FOLDERS, github("split and class in one name", "jfilter/split-folders/issues/41"),
        refuse=("train_happy|test_happy|train|test",))
def split_and_class_in_one_name(place):
    "train_happy/, train_sad/, test_happy/, test_sad/."
    place.tree("{split}_{label}/{n}.png", ["train", "test"], counts={"train": POOL, "test": 2})


@layout(FOLDERS, github("class and split in one name", "jfilter/split-folders/issues/41"),
        refuse=("happy-train|happy-test|train|test",))
def class_and_split_in_one_name(place):
    "happy-train/, happy-test/, sad-train/, sad-test/."
    place.tree("{label}-{split}/{n}.png", ["train", "test"], counts={"train": POOL, "test": 2})


@layout(FOLDERS, github("nested inside an additional folder", "EdjeElectronics/TensorFlow-Lite-"
                        "Object-Detection-on-Android-and-Raspberry-Pi/issues/147"),
        refuse=("train",))
def folders_in_themselves(place):
    "train/train/happy, test/test/happy."
    place.tree("{split}/{split}/{label}/{n}.png", ["train", "test"],
               counts={"train": POOL, "test": 2})


@layout(FOLDERS, HUB_STRUCTURE, refuse=("Train data|Test data", "split"))
def blanks_in_split_folders(place):
    "`Train data/happy`, `Test data/happy`."
    place.tree("{split}/{label}/{n}.png", {"train": "Train data", "test": "Test data"},
               counts={"train": POOL, "test": 2})


@layout(FOLDERS, github("train images and a test table", "ImageMarkup/isic-challenge-scoring"))
def tables_beside_splits(place):
    "train/happy, test/happy, and sample_submission.csv."
    splits_folder(place)
    place.left_out("sample_submission.csv", "id,label\n1,happy\n", "table")


@layout(LABELS, github("CelebA's attributes", "kohpangwei/group_DRO/issues/1"), accept=False,
        refuse=("Smiling", COLUMN_FLAG))
def attributes_side_by_side(place):
    "Smiling, Male, Young: -1 or 1 each."
    def columns(n, k, name):
        return {"Smiling": 1 - 2 * (n % 2), "Male": 1 - 2 * (k % 2), "Young": 1}
    table(place, columns)


@layout(LABELS, FERPLUS, accept=False, refuse=("happy|column",))
def a_column_for_each_class(place):
    "happy, neutral, sad: 0 or 1 each, no label."
    def columns(n, k, name):
        return {known: int(known == name) for known in CLASSES}
    table(place, columns)


@layout(LABELS, github("NaN became 0", "ayrna/skordinal/pull/119"), accept=False,
        refuse=("label",))
def whole_floats_with_a_hole(place):
    "label is 0.0, 1.0, 2.0, and NaN in one row."
    table(place, lambda n, k, name: {"label": float("nan") if n == 5 else float(k)})


@layout(LABELS, github("targets are not integers", "ayrna/skordinal/pull/119"), accept=False,
        refuse=("label",))
def one_float_between(place):
    "label is 0.0, 1.0, 2.0, and 2.7 in one row."
    table(place, lambda n, k, name: {"label": 2.7 if n == 5 else float(k)})


@layout(FILES, github("uppercase and unknown suffixes", "hellock/icrawler/issues/30"))
def suffixes_of_the_web(place):
    "1.jpg_large, 2.jpg-1080, 3.jpeg~orig: JPEGs all the same."
    for split in SPLITS:
        for label in CLASSES:
            for n, suffix in enumerate(("jpg_large", "jpg-1080x960", "jpeg~orig", "JPEG")):
                place.picture(f"{split}/{label}/{n}.{suffix}", label, split, "JPEG")


@layout(FILES, github("backup files", "PennLINC/CuBIDS/issues/193"))
def what_editors_leave(place):
    "notes.txt~, #1.txt#, .1.png.swp among the pictures."
    splits_folder(place)
    place.left_out("train/happy/notes.txt~", "later\n", "text")
    place.left_out("train/happy/.1.png.swp", b"b0VIM", "hidden")
    place.left_out("train/sad/#1.txt#", "later\n", "text")


@layout(TWICE, github("a class under two names", "pytorch/vision/issues/1734"),
        refuse=("joy|link",))
def a_link_as_a_second_class(place):
    "happy/, neutral/, sad/, and joy, a link to happy."
    place.pool()
    (place.folder / "joy").symlink_to("happy")
    place.free.add("joy")


@layout(TWICE, github("val as a link to test", "ultralytics/yolov5/issues/11775"),
        refuse=("val|link",))
def validation_is_test(place):
    "train/, test/, and val, a link to test."
    splits_folder(place)
    (place.folder / "val").symlink_to("test")
    place.free.add("val")


@layout(TWICE, github("zero-width characters in names", "llmsresearch/paperbanana/pull/240"),
        refuse=("happy",))
def signs_that_nobody_sees(place):
    "A column with happy, and happy with a no-break space behind."
    def columns(n, k, name):
        return {"label": f"{name}\u00a0" if n % 5 == 0 else name}
    table(place, columns)


@layout(MESSAGES, github("a notebook as data", "open-mmlab/mmpretrain/issues/507"), accept=False,
        refuse=("train.ipynb",))
def a_notebook_as_source(place):
    "train.ipynb instead of the folder."
    place.source = place.write("train.ipynb", '{"cells": []}')


@layout(MESSAGES, github("one picture as data", "pytorch/examples/issues/236"), accept=False,
        refuse=("face.png", "folder"))
def a_picture_as_source(place):
    "face.png instead of the folder."
    place.source = place.write("face.png", encode(place.draw()))


@layout(MESSAGES, github("legend.csv: user.id, image, emotion", "muxspace/facial_expressions"),
        refuse=("labels.csv", "file_name|image|picture"))
def a_table_of_paths_as_source(place):
    "labels.csv (image,label) is given, the pictures lie beside it in images/."
    lines = ["image,label"]
    for label in CLASSES:
        for n in range(POOL):
            place.picture(f"images/{label[0]}_{n}.png", label)
            lines.append(f"images/{label[0]}_{n}.png,{label}")
    place.source = place.write("labels.csv", "\n".join(lines) + "\n")
    place.free.add("labels.csv")


# ---- all of them -------------------------------------------------------------------------------


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as everything:
        looks = [look(row, Path(everything)) for row in LAYOUTS]
    told = {seen.layout.name: [seen.verdict, *seen.faults] for seen in looks}
    print(json.dumps(told, indent=0, ensure_ascii=False))
