"""Copies share what no step changes: one product for the images of all copies, with one set of weights."""

import jax
import pytest

from jaxunlearn.methods.guide import presets
from jaxunlearn.methods.legato import presets as legato_presets
from jaxunlearn.profiling.workload import PRESETS, Workload
from jaxunlearn.sharding import make_mesh
from jaxunlearn.training.compiled_step import StepRecipe
from legato_flax import AdaptersConfig
from tests.support.alone import alone
from tests.support.products import Product, products

pytestmark = pytest.mark.long

FROZEN = ("decoder", "superresolution", "perceptual", "identity")
"""Parts in which no weight is trained."""

COPIES = 3


@pytest.fixture(scope="module")
def work() -> Workload:
    return Workload.of(PRESETS["heads"].outline(), presets.heads())


def recipe_for(work: Workload, copies: int, platform: str) -> StepRecipe:
    return work.recipe(copies, make_mesh(1, 1), platform)


def frozen_parts(found: list[Product]) -> list[Product]:
    return [product for product in found if product.part in FROZEN]


@pytest.mark.parametrize("platform", ["cpu", "tpu"])
def test_products_of_frozen_weights_have_all_copies_in_one_batch(work, platform):
    """As many products as for one copy, none in groups, each with the images of all copies."""
    one, several = (
        products(recipe.advance(), *work.outline(recipe))
        for recipe in (recipe_for(work, 1, platform), recipe_for(work, COPIES, platform))
    )
    assert {product.part for product in one} >= set(FROZEN)
    expected = [product._replace(results=COPIES * product.results) for product in frozen_parts(one)]
    assert frozen_parts(several) == expected
    assert {product.groups for product in expected} == {1}
    # Each copy has its own weights in the trained backbone; the source's has those of all.
    assert {product.groups for product in several if product.part == "backbone"} == {1, COPIES}


def test_copies_with_adapters_share_the_backbone_as_well():
    """Convolutions have all copies in one batch; the products of adapters alone have a matrix a copy."""
    work = Workload.of(PRESETS["heads"].outline(), legato_presets.heads())
    one, several = (
        products(recipe.advance(), *work.outline(recipe))
        for recipe in (recipe_for(work, 1, "cpu"), recipe_for(work, COPIES, "cpu"))
    )
    assert len(one) == len(several)
    both = [(a, b) for a, b in zip(one, several, strict=True) if b.part == "backbone"]
    own = [b for a, b in both if b.groups > a.groups]
    blocks, steps = len(AdaptersConfig.for_generator(work.generator.config).applied), 4
    # W1 and W2 in each step: forward, the gradient of features, and that of weights; W1 again for these.
    assert 2 * blocks * steps * 2 < len(own) <= (2 * 3 + 1) * blocks * steps < len(both)
    assert {product.groups for product in own} == {COPIES}


def test_the_test_would_notice_weights_that_are_copied(work):
    recipe = recipe_for(work, COPIES, "cpu")
    state, frozen, target, keys = work.outline(recipe)
    copied = jax.tree.map(lambda x: jax.ShapeDtypeStruct((COPIES, *x.shape), x.dtype), frozen)
    found = products(jax.vmap(alone(recipe.step())), state, copied, target, keys)
    # Only a picture made smaller for the identity network is no product of a network's weights.
    assert {product.part for product in frozen_parts(found) if product.groups > 1} == set(FROZEN)
