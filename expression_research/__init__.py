"""Facial-expression classification on small image sets, from data to a number that can be believed.

The names below are what most scripts need: `from expression_research import load_expressions, train`. Each loads its
module when it is first used, so `import expression_research` costs nothing. Everything else is imported from its own
module, such as `expression_research.diagnostics`.
"""
from importlib import import_module as _import_module

__version__ = "0.1.0"

_HOME = {                          # name -> module; `__init__.pyi` says the same to type checkers and editors
    "load_expressions": "data",
    "audit": "auditing",
    "train_transform": "transforms",
    "test_transform": "transforms",
    "make_train_transform": "transforms",
    "make_test_transform": "transforms",
    "make_loaders": "loaders",
    "collate_fn": "loaders",
    "test_fn": "loaders",
    "TinyVGG": "models",
    "resnet18_classifier": "models",
    "make_model": "models",
    "check_training": "guards",
    "train_step": "engine",
    "test_step": "engine",
    "train": "engine",
    "predictions": "engine",
    "evaluate_table": "evaluation",
    "compare": "comparison",
    "cross_validate": "folds",
    "RunConfig": "config",
    "run_experiment": "experiments",
    "load_trained": "experiments",
    "sealed_test": "experiments",
    "run_main_job": "mainjob",
    "predict": "serving",
}


def __getattr__(
    name: str,                     # one of the names above
):                                 # the object of this name
    "A name that is used for the first time comes from its module and stays."
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
    value = getattr(_import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    "The public names, for tab completion, and the modules that are loaded."
    return sorted({*_HOME, *(name for name in globals() if not name.startswith("_")), "__version__"})
