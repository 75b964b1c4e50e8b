"""`jaxunlearn.load_models`: how files may be named."""

from flax import nnx

import legato_flax
from jaxunlearn.models.adapters import OWNER, has_adapters
from jaxunlearn.models.generator import fingerprint_of, load_generator, save_generator
from jaxunlearn.models.loading import load_models
from legato_flax import Adapters, AdaptersConfig

BUNDLED_NETWORKS = {"perceptual": "alex", "identity": "heads-loss", "judge": "heads-judge"}


def test_a_path_or_text_names_the_generator_and_its_adapters_one_or_several(tmp_path):
    generator = load_generator("random")
    file, adapter = tmp_path / "x.safetensors", tmp_path / "a.safetensors"
    save_generator(generator, file, {})
    adapters = Adapters(AdaptersConfig.for_generator(generator.config, hidden=4), rngs=nnx.Rngs(0))
    legato_flax.save(adapters, adapter, {OWNER: fingerprint_of(generator)})
    for files in (adapter, str(adapter), [adapter]):
        models = load_models(file, adapters=files, **BUNDLED_NETWORKS)
        assert has_adapters(models.generator)
        assert (models.name, models.adapters) == (str(file), (str(adapter),))
