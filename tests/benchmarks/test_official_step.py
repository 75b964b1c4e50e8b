"""The plain PyTorch statement of GUIDE's step gives the official program's numbers."""

import json

import numpy as np
import pytest

from tests.support.golden import ROOT, GoldenCase, draw_normal, draw_uniform, golden
from tests.support.layouts import pool8
from tests.support.perception_golden import LPIPS_DISTANCE, perception_golden, weight

pytestmark = [pytest.mark.torch, pytest.mark.parity]
torch = pytest.importorskip("torch")
draws = pytest.importorskip("benchmarks.official_step.draws")
generators = pytest.importorskip("benchmarks.official_step.generator")
identities = pytest.importorskip("benchmarks.official_step.identity")
layers = pytest.importorskip("benchmarks.official_step.layers")
measure = pytest.importorskip("benchmarks.official_step.measure")
networks = pytest.importorskip("benchmarks.official_step.networks")
perceptuals = pytest.importorskip("benchmarks.official_step.perceptual")
renderers = pytest.importorskip("benchmarks.official_step.renderer")
steps = pytest.importorskip("benchmarks.official_step.step")
superresolutions = pytest.importorskip("benchmarks.official_step.superresolution")

FULL = json.loads((ROOT / "eg3d" / "full_state_dict.json").read_text())
REDUCED = generators.Sizes(
    channel_base=4096,
    channel_max=64,
    neural_side=32,
    rendering=renderers.Rendering(coarse=12, fine=12),
    superresolution=superresolutions.SuperresolutionSizes(
        side=64, channels=(128, 64), first_up=False, float16=False
    ),
)
"""Of the goldens of whole steps, which the official program made with the smaller super-resolution 2X."""

PARTS = ("local", "adj0", "adj1", "glob0", "glob1")
PIVOTS = {"guide_const": (0.0, 0.0, 0.2), "guide_random": (0.0, 0.0, 0.0)}


@pytest.fixture(autouse=True, scope="module")
def single_thread():
    """Compute on one thread: several wait for each other for long on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class FormulaDraws:
    """The random numbers that the official program was given in a step."""

    def __init__(self, case: GoldenCase, prefix: str, noise_const=None):
        self._case, self._prefix, self._noise_const = case, prefix, noise_const

    def _name(self, name: str) -> str:
        return f"input:{self._case.name}:{self._prefix}{name}"

    def normal(self, name: str, shape: list[int]):
        if self._noise_const and "noise." in name:
            return self._noise_const[name.rpartition("noise.")[2]]
        return torch.from_numpy(draw_normal(self._name(name), tuple(shape), self._case.seed))

    def uniform(self, name: str, shape: list[int]):
        return torch.from_numpy(draw_uniform(self._name(name), tuple(shape), self._case.seed))

    def number(self, name: str) -> float:
        shape = (1,) if name.endswith("alpha") else ()
        return draw_uniform(self._name(name), shape, self._case.seed).item()


class StandIn(torch.nn.Module):
    """The stand-in for LPIPS that the goldens of whole steps were made with."""

    def __init__(self, seed: int):
        super().__init__()
        self.weights = []
        for i, shape in enumerate(((8, 3, 3, 3), (16, 8, 3, 3), (32, 16, 3, 3))):
            scale = np.float32(np.sqrt(2 / np.prod(shape[1:])))
            self.weights.append(torch.from_numpy(draw_normal(f"standin.conv{i}.weight", shape, seed) * scale))

    def forward(self, a, b):
        total = 0
        for kernel in self.weights:
            a, b = (torch.relu(torch.nn.functional.conv2d(x, kernel, stride=2, padding=1)) for x in (a, b))
            units = [x / (x.square().sum(1, keepdim=True) + 0.1).sqrt() for x in (a, b)]
            total = total + (units[0] - units[1]).square().sum(1).mean((1, 2))
        return total


def tensors(arrays: dict) -> dict:
    return {name: torch.from_numpy(np.asarray(array)) for name, array in arrays.items()}


def loaded_generator(case: GoldenCase, sizes, shapes: dict | None = None):
    module = generators.TriPlaneGenerator(sizes)
    module.load_state_dict(tensors(case.weights(shapes)), strict=True)
    return module


def noise_const(generator) -> dict:
    prefix = "backbone.synthesis."
    return {
        name.removeprefix(prefix).removesuffix(".noise_const"): buffer
        for name, buffer in generator.named_buffers()
        if name.startswith(prefix) and name.endswith("noise_const")
    }


def face_network(seed: int):
    network = identities.FaceNetwork()
    state = {}
    for name, shape in golden("eg3d", "idloss_128").entry["state_dict"].items():
        state[name] = weight(name, tuple(shape), seed)
        if name.startswith("body.") and name.endswith(".res_layer.4.weight"):
            state[name] *= np.float32(0.2)
    network.load_state_dict(tensors(state), strict=True)
    return network


def test_names_and_shapes_are_those_of_the_official_file():
    with torch.device("meta"):
        module = generators.TriPlaneGenerator(generators.Sizes())
    shapes = {name: list(tensor.shape) for name, tensor in module.state_dict().items()}
    assert shapes == {tensor["name"]: tensor["shape"] for tensor in FULL["tensors"]}
    parameters = {tensor["name"] for tensor in FULL["tensors"] if tensor["kind"] == "parameter"}
    assert {name for name, _ in module.named_parameters()} == parameters


@pytest.mark.slow
def test_the_full_size_image():
    case = golden("eg3d", "triplane_full")
    shapes = {tensor["name"]: tensor["shape"] for tensor in FULL["tensors"]}
    module = loaded_generator(case, generators.Sizes(), shapes)
    known = FormulaDraws(case, "render.", noise_const(module))
    ws, c = (torch.from_numpy(case.input(name)) for name in ("ws", "c"))
    with torch.no_grad():
        image, raw, depth = (x.numpy() for x in module.image(ws, c, known))
    case.check("image.crop", image[:, :, 224:288, 224:288])
    case.check("image.pool8", pool8(image))
    case.check("image.mean", image.mean((2, 3), dtype=np.float64))
    case.check("image.std", image.std((2, 3), dtype=np.float64))
    case.check("image_raw", raw)
    case.check("image_depth", depth)


def test_superresolution():
    case = golden("eg3d", "sr_8xdc")
    module = superresolutions.Superresolution(superresolutions.SuperresolutionSizes(), 512)
    module.load_state_dict(tensors(case.weights()), strict=True)
    x = torch.from_numpy(case.input("x"))
    with torch.no_grad():
        image = module(x[:, :3].clone(), x, torch.from_numpy(case.input("ws"))).numpy()
    case.check("image.crop", image[:, :, 224:288, 224:288])
    case.check("image.pool8", pool8(image))


@pytest.mark.parametrize("size", ["64", "128"])
def test_lpips(size):
    case = perception_golden("lpips_vgg")
    heads = {
        f"{key}.model.1.weight": value[None, :, None, None]
        for key, value in case.arrays.items()
        if key.startswith("lin")
    }
    module = perceptuals.LPIPS()
    module.load_state_dict(tensors(case.weights(weight) | heads), strict=True)
    x, y = (
        torch.from_numpy(case.input_image(f"input:lpips_{size}:{which}", f"{size}.{which}"))
        for which in ("in0", "in1")
    )
    x.requires_grad = True
    distance = module(x, y)
    case.check(f"{size}.dist", distance.detach().numpy().ravel(), LPIPS_DISTANCE, absolute=True)
    distance.sum().backward()
    case.check_gradient(f"{size}.grad", x.grad.numpy())


@pytest.mark.parametrize("name", ["idloss_128", "idloss_512"])
def test_identity_loss(name):
    case = golden("eg3d", name)
    module = identities.IdentityLoss(face_network(case.seed))
    x = torch.from_numpy(case.input("y_hat")).requires_grad_()
    loss = module(x, torch.from_numpy(case.input("y_hat") + case.input("y_delta")))
    case.check("loss", loss.item())
    loss.backward()
    case.check("grad", x.grad.numpy()[:, :, ::8, ::8])
    case.check("grad_norm", np.linalg.norm(x.grad.numpy().astype(np.float64)))


def check_images(case: GoldenCase, seen: dict) -> None:
    for side in ("gen", "src"):
        images = {part: seen[f"{part}.{side}.synth"].numpy() for part in PARTS}
        case.check(f"image.s0.local.{side}.synth", images["local"][:, :, ::2, ::2])
        for part in PARTS[1:]:
            case.check(f"image.s0.{part}.{side}.synth.pool8", pool8(images[part]))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["guide_const", "guide_random"])
def test_whole_steps(name):
    case = golden("eg3d", name)
    generator = loaded_generator(case, REDUCED)
    identity = identities.IdentityLoss(face_network(case.seed))
    step = steps.OfficialStep(generator, StandIn(case.seed), identity, PIVOTS[name], keep=True)
    constant = noise_const(generator) if name == "guide_const" else None
    with torch.no_grad():
        ws = step.trained.mapping(torch.from_numpy(case.input("z_u")), step.frontal)
        target = steps.extra_target(ws, torch.from_numpy(case.input("w_avg"))[None])
    case.check("w_u", ws[0, :1].numpy())
    case.check("w_target", target[0].numpy())
    found = []
    for k in range(3):
        losses = step(ws, target, FormulaDraws(case, f"s{k}.", constant))
        parts = {f"parts.{part}": value.item() for part, value in step.seen.items() if value.ndim == 0}
        found.append(
            parts
            | {"total": losses.total, "loss_local": losses.local}
            | {"loss_adj": losses.adjacent, "loss_global": losses.global_}
        )
        if k == 0:
            check_images(case, step.seen)
        check_gradients(case, k, dict(step.trained.named_parameters()))
    for key in found[0]:
        case.check(key, [row[key] for row in found])


def check_gradients(case: GoldenCase, k: int, parameters: dict) -> None:
    names = [
        output["name"].removeprefix(f"grad.s{k}.")
        for output in case.entry["outputs"]
        if output["name"].startswith(f"grad.s{k}.")
    ]
    assert names
    for name in names:
        gradient = parameters[f"backbone.synthesis.{name}"].grad.numpy().reshape(-1)
        case.check(f"grad.s{k}.{name}", gradient[case.input(f"idx.{name}")])
    if k in (0, 2):
        norms = [
            np.linalg.norm(parameters[n].grad.numpy().astype(np.float64)) for n in case.entry["trainable"]
        ]
        case.check(f"gradnorm.s{k}", norms)


@pytest.mark.parametrize("up", [1, 2])
def test_float16_stays_close_to_float32(up):
    layer = layers.SynthesisLayer(32, 16, w_dim=8, resolution=16 * up, up=up, clamp=256.0)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, 32, 16, 16, generator=generator)
    w = torch.randn(1, 8, generator=generator, dtype=torch.float64)
    with torch.no_grad():
        exact, rough = layer(x, w.float(), None), layer(x.half(), w, None)
    assert rough.dtype == torch.float16
    error = (rough.float() - exact).square().mean().sqrt()
    assert error < 2e-3 * exact.square().mean().sqrt()


def test_only_the_synthesis_network_moves():
    step, ws, target = measure.prepare(networks.TINY, torch.device("cpu"))
    before = {name: tensor.clone() for name, tensor in step.trained.state_dict().items()}
    source = {name: tensor.clone() for name, tensor in step.source.state_dict().items()}
    losses = step(ws, target, draws.RandomDraws(torch.device("cpu"), 0))
    assert losses.total == pytest.approx(losses.local + losses.adjacent + losses.global_, rel=1e-5)
    parameters = {name for name, _ in step.trained.named_parameters()}
    moved = {name for name, x in step.trained.state_dict().items() if not torch.equal(x, before[name])}
    assert moved == {name for name in parameters if name.startswith("backbone.synthesis.")}
    assert all(torch.equal(x, source[name]) for name, x in step.source.state_dict().items())


def test_pair_by_pair_is_the_same_gradient():
    gradients = []
    for pair_by_pair in (False, True):
        step, ws, target = measure.prepare(networks.TINY, torch.device("cpu"), pair_by_pair=pair_by_pair)
        step(ws, target, draws.RandomDraws(torch.device("cpu"), 0))
        moved = {name: x.grad for name, x in step.trained.named_parameters() if x.grad is not None}
        gradients.append(moved)
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        scale = float(gradient.abs().max())
        np.testing.assert_allclose(gradients[1][name], gradient, atol=1e-4 * scale, err_msg=name)


def test_the_program_writes_its_numbers(tmp_path, capsys):
    file = tmp_path / "numbers.json"
    measure.main(f"--device cpu --networks tiny --steps 2 --warm-up 1 --out {file}".split())
    written = json.loads(file.read_text())
    assert [path.name for path in tmp_path.iterdir()] == [file.name]
    assert len(written["seconds"]) == 2
    assert len(written["warm_up_seconds"]) == 1
    assert min(written["seconds"]) <= written["median"] <= written["p95"] <= max(written["seconds"])
    assert len(written["losses"]) == 3
    assert all(np.isfinite(list(losses.values())).all() for losses in written["losses"])
    assert written["peak_resident"] > 100e6
    assert capsys.readouterr().out.count("loss") == 3


def test_a_wrong_option_is_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        measure.main(f"--device cpu --networks tiny --steps 0 --out {tmp_path / 'x.json'}".split())
    assert (
        capsys.readouterr()
        .err.splitlines()[-1]
        .endswith("--steps must be at least 1, and --warm-up at least 0")
    )
