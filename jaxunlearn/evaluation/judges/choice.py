"""Choose how faces are shown to a network that measures."""

from eg3d_flax import GeneratorConfig
from jaxunlearn.errors import InputError
from jaxunlearn.evaluation.judges.cosine_judge import CosineJudge
from jaxunlearn.evaluation.judges.dlib_judge import DlibJudge
from jaxunlearn.evaluation.judges.judge import Judge
from jaxunlearn.evaluation.judges.landmarks import FacePlacement
from jaxunlearn.models.dlib_network import DlibNetwork
from jaxunlearn.models.loading import JudgeNetwork, Models
from jaxunlearn.photos.alignment.face_detector import HOW_TO_GET_ONE, Detector, find_detector


def judges_of(models: Models, align: str) -> list[Judge]:
    """Make all networks that measure judges of the generator's faces; see `judge_of`."""
    return [judge_of(network, align, models.generator.config) for network in models.judges]


def judge_of(network: JudgeNetwork, align: str, generator: GeneratorConfig) -> Judge:
    """Make a network a judge of a generator's faces.

    Args:
      network: tells people apart.
      align: "mtcnn", "landmarks" or "fixed", see `judges.cosine_judge`. "auto" is "mtcnn" if the network
        takes aligned faces and a detector is installed, otherwise "fixed". dlib's network needs landmarks,
        so its "auto" and "fixed" are "landmarks".
      generator: tells where faces are, for landmarks without a detector.

    Raises:
      InputError: if "mtcnn" is wanted without a detector, or the network does not take aligned faces.
    """
    placement = FacePlacement.of(generator)
    if isinstance(network, DlibNetwork):
        return DlibJudge(network, _detector() if align == "mtcnn" else None, placement)
    if align == "fixed" or (align == "auto" and not network.takes_aligned_faces):
        return CosineJudge(network)
    if not network.takes_aligned_faces:
        raise InputError(
            f"config.evaluation.align is {align!r}, but {network.name} looks at whole pictures; choose fixed"
        )
    if align == "landmarks":
        return CosineJudge(network, "landmarks", placement=placement)
    if align == "auto" and find_detector() is None:
        return CosineJudge(network)
    return CosineJudge(network, "mtcnn", _detector())


def _detector() -> Detector:
    detector = find_detector()
    if detector is None:
        raise InputError(HOW_TO_GET_ONE)
    return detector
