"""Groups of options that several commands share; `jaxunlearn.cli.readers` reads what they were given."""

from argparse import ArgumentParser, _MutuallyExclusiveGroup

from jaxunlearn.cli.argument_types import (
    MOST_BATCH,
    MOST_DEVICES,
    MOST_SEEDS,
    local_path,
    mesh_shape,
    name_or_path,
    real,
    whole,
)
from jaxunlearn.limits import LARGEST_STRENGTH
from jaxunlearn.methods.registry import DEFAULT, METHODS

CONFIG_PREFIX = "--config."
SHARED_PEOPLE = 10
"""People who share a generator in `bench` and `compile`, where no number is given."""

PHOTO_SOURCES = "pictures, folders of pictures or of people's folders, tables (image,identity)"


def add_config(parser: ArgumentParser | _MutuallyExclusiveGroup) -> None:
    """Add `--config`; the parser leaves `--config.KEY=VALUE` over."""
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="a Python file with get_config(), such as those in configs/: it is a program, and it is run. "
        "FILE:ARGUMENT passes an argument. --config.KEY=VALUE changes single settings",
    )


def add_adapters(parser: ArgumentParser, about: str) -> None:
    """Add the option for files of adapters; `about` says whose they are."""
    parser.add_argument(
        "--adapter",
        action="append",
        default=[],
        type=name_or_path,
        metavar="FILE",
        help=f"{about}; may be given several times, in the order of their application",
    )


def add_strength(parser: ArgumentParser) -> None:
    """Add the option for the strength of adapters."""
    parser.add_argument(
        "--strength",
        type=real(0, LARGEST_STRENGTH),
        metavar="S",
        help="how strongly the last adapter acts, or those that a run trained: 0 not at all, 1 as trained, "
        f"{LARGEST_STRENGTH} the most (a factor of its end time); adapters before it act as trained [1]",
    )


def add_judge(parser: ArgumentParser) -> None:
    """Add the option for the networks that measure."""
    parser.add_argument(
        "--judge",
        action="append",
        default=[],
        type=name_or_path,
        metavar="FILE",
        help="network that measures, or dlib; may be given several times [as suits the model]",
    )


def add_run(parser: ArgumentParser) -> None:
    """Add the arguments of `readers.read_run`."""
    add = parser.add_argument
    add("folder", type=local_path, metavar="RUN", help="folder of a finished run")
    add("--model", type=name_or_path, help="the source generator, if its file has moved since the run")
    add_adapters(parser, "an adapter of the source generator, if its file has moved since the run")
    add_networks(parser, "[as in the run]")
    add_mean(parser, "[as in the run]")
    add_judge(parser)
    add_config(parser)


def add_networks(parser: ArgumentParser, default: str) -> None:
    """Add the options for the networks of the loss; `default` says which they are otherwise."""
    add = parser.add_argument
    add(
        "--perceptual",
        type=name_or_path,
        metavar="FILE",
        help=f"LPIPS of the loss: alex, or a file {default}",
    )
    add("--identity", type=name_or_path, metavar="FILE", help=f"identity network of the loss {default}")


def add_mean(parser: ArgumentParser, default: str) -> None:
    """Add the option for the mean latent; `default` says which it is otherwise."""
    parser.add_argument("--w-avg", type=local_path, metavar="FILE", help=f"the mean latent {default}")


def add_models(parser: ArgumentParser) -> None:
    """Add the options of `readers.models_of`."""
    add = parser.add_argument
    add(
        "--model",
        type=name_or_path,
        default="heads",
        help="the generator: a file; heads, the bundled model; or random-ffhq512, one of full size with "
        "random weights, to see what a step costs [%(default)s]",
    )
    add_adapters(parser, "an adapter of the generator, as LEGATO trains them")
    add_networks(parser, "[as suits the model]")
    add_mean(parser, "[the generator's own]")
    add_judge(parser)


def add_inversion(parser: ArgumentParser, option: str) -> None:
    """Add the options of `readers.inverting_of`; `option` is what the choice of the method is called."""
    add = parser.add_argument
    add(
        option,
        dest="inversion",
        choices=("encoder", "optimize", "hybrid"),
        help="how photos become latents: by one pass of an encoder, by a search, or by a search that starts "
        "from the encoder's latents [hybrid with an encoder, else optimize]",
    )
    add("--encoder", type=name_or_path, metavar="FILE", help="the encoder [as suits the model]")
    add(
        "--encoder-input",
        choices=("crop", "file"),
        default="crop",
        help="what the encoder sees: the crop at the model's resolution, or the whole file, squeezed to the "
        "encoder's 256² as by the official scripts' image_to_tensor [%(default)s]",
    )


def add_inception(parser: ArgumentParser) -> None:
    """Add the option for the network of `evaluate.features_for`."""
    parser.add_argument(
        "--inception",
        type=name_or_path,
        metavar="FILE",
        help="network of the FID [as suits the model, else AlexNet features]",
    )


def add_real(parser: ArgumentParser) -> None:
    """Add the option for real images."""
    parser.add_argument(
        "--real",
        type=local_path,
        metavar="PATH",
        help="real pictures for ΔFID_real: a folder, features (.npy), or mean and covariance (.npz)",
    )


def add_batch(parser: ArgumentParser) -> None:
    """Add the option for how many images are rendered at a time."""
    parser.add_argument(
        "--batch",
        type=whole(1, MOST_BATCH),
        default=4,
        metavar="N",
        help="images rendered at a time [%(default)s]",
    )


def add_mesh_shape(parser: ArgumentParser) -> None:
    """Add the option of `readers.mesh_of`."""
    parser.add_argument(
        "--mesh",
        type=mesh_shape,
        metavar="IxS",
        help="devices for generator copies x devices for the pairs of a step, such as 4x2 [one device]",
    )


def add_mesh(parser: ArgumentParser) -> None:
    """Add the options of `readers.mesh_of` and `readers.join`."""
    add_mesh_shape(parser)
    hosts = parser.add_argument_group(
        "several hosts",
        "Start the same command on each host. On TPU pods and under SLURM, --distributed alone is enough.",
    )
    hosts.add_argument("--distributed", action="store_true", help="find the other processes")
    hosts.add_argument("--coordinator", metavar="HOST:PORT", help="address of process 0")
    hosts.add_argument("--processes", type=whole(1, MOST_DEVICES), metavar="N", help="number of processes")
    hosts.add_argument(
        "--process", type=whole(0, MOST_DEVICES - 1), metavar="K", help="number of this process, from 0"
    )
    hosts.add_argument(
        "--wait", type=whole(1, 86_400), metavar="SECONDS", help="longest wait for the other processes [300]"
    )


def add_devices(parser: ArgumentParser, about: str) -> None:
    """Add the option of `readers.devices_of`; `about` says what the devices do."""
    parser.add_argument(
        "--devices", type=whole(1, MOST_DEVICES), default=1, metavar="N", help=f"{about} [%(default)s]"
    )


def add_step(parser: ArgumentParser) -> None:
    """Add the options of `readers.step_of`."""
    add = parser.add_argument
    add(
        "--preset",
        choices=("heads", "full"),
        default="heads",
        help="heads: the bundled 128² model; full: EG3D's 512² model with random weights [%(default)s]",
    )
    add("--method", choices=tuple(METHODS), help=f"the method of the step [{DEFAULT}]")
    add(
        "--people",
        type=whole(1, MOST_SEEDS),
        metavar="N",
        help=f"people who share a generator, with a method that can do so [{SHARED_PEOPLE}]",
    )
    add_config(parser)
