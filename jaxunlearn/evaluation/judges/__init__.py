"""Who tells people apart: networks, what they see of a picture, and how alike strangers are to them."""

from jaxunlearn.evaluation.judges.calibrated import CalibratedJudge
from jaxunlearn.evaluation.judges.cosine_judge import CosineJudge
from jaxunlearn.evaluation.judges.dlib_judge import DlibJudge
from jaxunlearn.evaluation.judges.judge import Judge
from jaxunlearn.evaluation.judges.strangers import Strangers

__all__ = ["CalibratedJudge", "CosineJudge", "DlibJudge", "Judge", "Strangers"]
