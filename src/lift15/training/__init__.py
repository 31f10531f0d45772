"""What exists while a model is trained and not in the model."""

from lift15.training.objective import (
    DEFAULT,
    OBJECTIVES,
    WITHOUT_LPIPS,
    Measured,
    Objective,
    build_objective,
)
from lift15.training.rife_objective import RIFELoss, RIFEObjective, distillation_loss
from lift15.training.rife_teacher import RIFETeacher
from lift15.training.term import Term

__all__ = [
    "DEFAULT",
    "OBJECTIVES",
    "WITHOUT_LPIPS",
    "Measured",
    "Objective",
    "RIFELoss",
    "RIFEObjective",
    "RIFETeacher",
    "Term",
    "build_objective",
    "distillation_loss",
]
