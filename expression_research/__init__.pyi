"What type checkers and editors see of the package: the names of `_HOME` in `__init__.py`, each from its module."
from .data import load_expressions as load_expressions
from .auditing import audit as audit
from .transforms import train_transform as train_transform
from .transforms import test_transform as test_transform
from .transforms import make_train_transform as make_train_transform
from .transforms import make_test_transform as make_test_transform
from .loaders import make_loaders as make_loaders
from .loaders import collate_fn as collate_fn
from .loaders import test_fn as test_fn
from .models import TinyVGG as TinyVGG
from .models import resnet18_classifier as resnet18_classifier
from .models import make_model as make_model
from .guards import check_training as check_training
from .engine import train_step as train_step
from .engine import test_step as test_step
from .engine import train as train
from .engine import predictions as predictions
from .evaluation import evaluate_table as evaluate_table
from .comparison import compare as compare
from .folds import cross_validate as cross_validate
from .config import RunConfig as RunConfig
from .experiments import run_experiment as run_experiment
from .experiments import load_trained as load_trained
from .experiments import sealed_test as sealed_test
from .mainjob import run_main_job as run_main_job
from .serving import predict as predict

__version__: str
