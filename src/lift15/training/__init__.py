"""What exists while a model is trained and not in the model."""

from lift15.training.rife_objective import RIFELoss, RIFEObjective, distillation_loss
from lift15.training.rife_teacher import RIFETeacher

__all__ = ["RIFELoss", "RIFEObjective", "RIFETeacher", "distillation_loss"]
