"`python -m expression_research` is `expression`; `torchrun -m expression_research` is several of it."
import sys

sys.argv[0] = "expression"         # what `cli` looks at before anything heavy is imported

from expression_research.cli import main  # noqa: E402

if __name__ == "__main__":
    sys.exit(main())
