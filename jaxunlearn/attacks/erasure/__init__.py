"""Tell from an unlearned generator who was erased (SUGAR, section "Privacy Discussion", and its Figure 10).

erasure = detect_erasure(models, unlearned, ws)       # ws [N, L, D], the forgotten people
write_json(Path("erasure.json"), erasure.figures)
write_text(Path("erasure.svg"), draw_erasure_map(erasure.map))
"""

from jaxunlearn.attacks.erasure.detection import Erasure, detect_erasure
from jaxunlearn.attacks.erasure.erasure_map import ErasureMap, draw_erasure_map
from jaxunlearn.attacks.erasure.settings import ErasureSettings

__all__ = ["Erasure", "ErasureMap", "ErasureSettings", "detect_erasure", "draw_erasure_map"]
