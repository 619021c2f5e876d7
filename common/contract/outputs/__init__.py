"""Hands a step's outputs to the runner it runs under, in that runner's own dialect, all of them or none.

`open_target` chooses the dialect and checks before any work that its place can be written; `OutputTarget.write` writes.
Nothing here knows a step. Outputs are public: a secret may not be one.
"""

from common.contract.outputs.dialects import DIALECTS, Dialect
from common.contract.outputs.target import OutputError, OutputTarget, open_target

__all__ = ["DIALECTS", "Dialect", "OutputError", "OutputTarget", "open_target"]
