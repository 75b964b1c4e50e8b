"""A person's mesh: template, hair surface and glasses, deformed and placed in EG3D's world.

One mesh for everybody: only vertex positions and the painted attributes differ between people.
"""

import dataclasses
import functools

import numpy as np
from scipy import sparse

from jaxunlearn.zoo.synthetic import glasses
from jaxunlearn.zoo.synthetic.anatomy import LASHES, SKIN, TEETH, Anatomy, load_anatomy
from jaxunlearn.zoo.synthetic.hair.grid import CENTRE, HairGrid, following, make_grid, smoothstep
from jaxunlearn.zoo.synthetic.hair.strands import ALONG, COSINE, LOCKS, OUTLINE, RAGGEDNESS, SINE, SPREAD
from jaxunlearn.zoo.synthetic.hair.style import Hairdo, dress, inside_hairline, over_forehead
from jaxunlearn.zoo.synthetic.light.transport import transport
from jaxunlearn.zoo.synthetic.person import RESTING, Hair, Person
from jaxunlearn.zoo.synthetic.rasterizer import vertex_normals

HAIR, HAIR_INSIDE, FRAME = 5, 6, 7
"""Part numbers of hair, of the same surface seen from the head, and of glasses, after the anatomy's own."""

SCALE = 0.228
"""World units per template unit (decimetre) for a head of the template's height."""
SIZE_EXPONENT = 0.7
"""How much of a head's deviation from that height is scaled away, as when photographs are aligned."""
EYES_AT = np.array([0.0, 0.0, 0.26])
"""Position of a head in the world: of a point between the eyes, half-way up to the middle of the head."""

REST_X, REST_Y, REST_Z, SCALP, LIPS, BEARD, OPENNESS, EARS, MOUTH, EYELIDS, STUBBLE_AREA = range(11)
"""Columns of the attributes on skin, eyes, lashes, teeth and tongue."""
LENS_X, LENS_Y = range(2)
"""Columns of the attributes on glasses: place on a lens, in [-1, 1] from edge to edge."""
ATTRIBUTES = 11


@dataclasses.dataclass(frozen=True, eq=False)
class Template:
    """The mesh that all people share. Its vertices: the anatomy's, the hair grid's, the frame's.

    Attributes:
      anatomy, grid: the template mesh and the hair grid.
      rest: [n] flattened rest positions of the anatomy.
      axes: name (signed modifier, macro target or expression) -> column of `basis`.
      basis: [n, axes] displacements.
      following: [H, vertices of the anatomy] movements of the hair's roots as means of movements of the skin.
      triangles, part: [T, 3] vertex indices and [T] part numbers of the whole mesh.
      skin: [., 3] the triangles of the skin.
      closed: [., 3] all triangles but those of the hair's inside, which would count twice.
      bare: [S, 3] the triangles that throw shadows, without the hair.
      vertex_part: [N] part number of each vertex.
      lenses: [L, 3] vertex indices of the lenses' triangles, which let light through.
      teeth: vertex indices of the teeth.
      beard: [vertices of the anatomy] density of a full beard, in [0, 1].
      moustache: the same for a moustache.
    """

    anatomy: Anatomy
    grid: HairGrid
    rest: np.ndarray
    axes: dict[str, int]
    basis: sparse.csr_matrix
    following: sparse.csr_matrix
    triangles: np.ndarray
    part: np.ndarray
    skin: np.ndarray
    closed: np.ndarray
    bare: np.ndarray
    vertex_part: np.ndarray
    lenses: np.ndarray
    teeth: np.ndarray
    beard: np.ndarray
    moustache: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Groomed:
    """What of a person's mesh is the same with every expression.

    Attributes:
      person: the person.
      hairdo: on the hair grid.
      beard: [vertices of the anatomy] density of the beard, in [0, 1].
      attributes: as in `Head`, but for the light on the teeth.
      opaque: as in `Head`.
    """

    person: Person
    hairdo: Hairdo
    beard: np.ndarray
    attributes: np.ndarray
    opaque: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Head:
    """A mesh ready to be rendered.

    Attributes:
      person: the person.
      vertices: [N, 3] world positions.
      normals: [N, 3] unit normals.
      attributes: [N, ATTRIBUTES] numbers that the colours depend on.
      transport: [N, 9] soft light at each vertex, see `light.transport`.
      opaque: [S, 3] the triangles that throw shadows: all but lashes, glasses and shorn hair.
      vertex_part: [N] part number of each vertex.
      triangles, part: [T, 3] vertex indices and [T] part numbers.
      lenses: [L, 3] vertex indices of the triangles of the lenses.
    """

    person: Person
    vertices: np.ndarray
    normals: np.ndarray
    attributes: np.ndarray
    transport: np.ndarray
    opaque: np.ndarray
    vertex_part: np.ndarray
    triangles: np.ndarray
    part: np.ndarray
    lenses: np.ndarray


def beard_area(anatomy: Anatomy) -> tuple[np.ndarray, np.ndarray]:
    """Return the density of beard and of moustache on the template, [N] each in [0, 1]."""
    x, y, z = np.abs(anatomy.vertices[:, 0]), anatomy.vertices[:, 1], anatomy.vertices[:, 2]
    normals = vertex_normals(anatomy.vertices, anatomy.triangles[anatomy.part == SKIN])
    # From below the corner of the mouth up along the cheek to the sideburn.
    cheek_line = np.interp(x, [0.0, 0.24, 0.40, 0.62, 0.74], [6.70, 6.70, 6.66, 6.86, 7.15])
    below_cheek = smoothstep(0.05, -0.05, y - cheek_line)
    # The jaw's lower edge rises from the chin to the ear; no beard grows on the neck behind it.
    jaw_line = np.interp(z, [0.35, 0.55, 0.9, 1.2, 1.45], [6.62, 6.42, 6.24, 6.12, 6.06])
    above_neck = smoothstep(-0.04, 0.06, y - jaw_line) * smoothstep(-0.95, -0.55, normals[:, 1])
    beard = below_cheek * above_neck * smoothstep(0.42, 0.56, z) * (1 - anatomy.masks["ears"])
    lip = (
        smoothstep(0.34, 0.25, x)
        * smoothstep(6.64, 6.70, y)
        * smoothstep(6.86, 6.79, y)
        * smoothstep(1.2, 1.35, z)
    )
    lips = anatomy.masks["lips"]
    return beard * (1 - lips), lip * (1 - lips)


@functools.cache
def load_template() -> Template:
    """Build the shared mesh, once per process."""
    anatomy = load_anatomy()
    grid = make_grid(anatomy)
    columns: dict[str, np.ndarray] = {}
    for name, (positive, negative) in anatomy.modifiers.items():
        columns[f"+{name}"], columns[f"-{name}"] = positive, negative
    columns |= anatomy.macro
    columns |= anatomy.expressions
    fields = np.stack(list(columns.values()))
    fields[np.abs(fields) < 5e-4] = 0

    first_hair = len(anatomy.vertices)
    first_frame = first_hair + len(grid.origins)
    outside = grid.triangles + first_hair
    frame = glasses.frame_triangles()
    beard, moustache = beard_area(anatomy)
    triangles = np.concatenate([anatomy.triangles, outside, outside[:, ::-1], frame + first_frame])
    part = np.concatenate(
        [
            anatomy.part,
            np.full(len(outside), HAIR),
            np.full(len(outside), HAIR_INSIDE),
            np.full(len(frame), FRAME),
        ]
    )
    lenses = glasses.lens_triangles() + first_frame
    vertex_part = np.full(max(triangles.max(), lenses.max()) + 1, FRAME, np.int32)
    for number in reversed(
        range(FRAME + 1)
    ):  # the hair's two sides share vertices: they count as its outside
        vertex_part[triangles[part == number]] = number
    return Template(
        anatomy=anatomy,
        grid=grid,
        rest=anatomy.vertices.ravel().astype(np.float32),
        axes={name: index for index, name in enumerate(columns)},
        basis=sparse.csr_matrix(fields.reshape(len(fields), -1).T.astype(np.float32)),
        following=following(grid, len(anatomy.vertices)),
        triangles=triangles.astype(np.int32),
        part=part.astype(np.int32),
        skin=anatomy.triangles[anatomy.part == SKIN],
        closed=triangles[part != HAIR_INSIDE].astype(np.int32),
        bare=anatomy.triangles[anatomy.part != LASHES],
        vertex_part=vertex_part,
        lenses=lenses.astype(np.int32),
        teeth=anatomy.vertices_of(TEETH),
        beard=beard,
        moustache=moustache,
    )


def coefficients(template: Template, person: Person, expression: dict[str, float]) -> np.ndarray:
    """Return the strength [axes] of each column of the template's basis."""
    strength = np.zeros(len(template.axes), np.float32)
    for name, value in person.shape.items():
        strength[template.axes[("+" if value > 0 else "-") + name]] = abs(value)
    for name, value in person.macro.items():
        strength[template.axes[name]] = value
    for name, value in RESTING.items():
        strength[template.axes[name]] = value * (1 - min(1.0, sum(expression.values())))
    for name, value in expression.items():
        strength[template.axes[name]] += value
    return strength


def groom(person: Person) -> Groomed:
    """Work out what of a person's mesh is the same with every expression."""
    template = load_template()
    hair = person.hair
    hairdo = dress(template.grid, hair)
    beard = np.maximum(template.beard * hair.beard, template.moustache * hair.moustache)
    grows = hairdo.outline[template.grid.triangles].mean(axis=1) > 0
    grown = template.grid.triangles[grows] + np.int32(len(template.anatomy.vertices))
    return Groomed(
        person=person,
        hairdo=hairdo,
        beard=beard,
        attributes=vertex_attributes(template, hair, hairdo, beard),
        opaque=np.concatenate([template.bare, grown]),
    )


def build_head(person: Person, expression: dict[str, float] | None = None) -> Head:
    """Build a person's mesh.

    Args:
      person: who, as from `person_from_latent`.
      expression: expression name (see `Anatomy.expressions`) -> strength in [0, 1]; none by default.
    """
    return with_expression(groom(person), expression or {})


def with_expression(groomed: Groomed, expression: dict[str, float]) -> Head:
    """Build the mesh of a groomed person with an expression; see `build_head`."""
    template, person = load_template(), groomed.person
    anatomy, grid = template.anatomy, template.grid
    movement = (template.basis @ coefficients(template, person, expression)).reshape(-1, 3)
    skin, hair_base = anatomy.vertices + movement, grid.origins + template.following @ movement
    skin_normals = vertex_normals(skin, template.skin)

    skin = skin + (0.05 * groomed.beard)[:, None] * skin_normals
    skin = fold_ears(anatomy, skin, person.hair.length)
    hair_vertices = hair_base + groomed.hairdo.thickness[:, None] * grid.directions

    eyes = [skin[anatomy.joints[f"joint-{side}-eye"]].mean(0) for side in "lr"]
    frame = glasses.frame_vertices(person.glasses, *eyes, front=frame_front(skin), ears=temples(skin))
    middle, scale = placement(anatomy, skin)
    vertices = (np.concatenate([skin, hair_vertices, frame]) - middle) * scale + EYES_AT
    vertices = vertices.astype(np.float32)

    attributes = groomed.attributes.copy()
    attributes[template.teeth, OPENNESS] = light_in_mouth(expression)
    normals = vertex_normals(vertices, template.closed)
    return Head(
        person=person,
        vertices=vertices,
        normals=normals,
        attributes=attributes,
        transport=transport(vertices, normals, groomed.opaque),
        opaque=groomed.opaque,
        vertex_part=template.vertex_part,
        triangles=template.triangles,
        part=template.part,
        lenses=template.lenses,
    )


def vertex_attributes(template: Template, hair: Hair, hairdo: Hairdo, beard: np.ndarray) -> np.ndarray:
    """Return what shading knows of each vertex, `[vertices, ATTRIBUTES]`, but for the light on the teeth.

    Args:
      template: the mesh.
      hair: of the person.
      hairdo: the same on the grid.
      beard: [anatomy's vertices] in [0, 1].
    """
    anatomy = template.anatomy
    skin = len(anatomy.vertices)
    attributes = np.zeros((len(template.vertex_part), ATTRIBUTES), np.float32)
    on_skin, on_hair = slice(0, skin), slice(skin, skin + len(template.grid.origins))
    attributes[on_skin, : REST_Z + 1] = anatomy.vertices
    azimuth = np.arctan2(anatomy.vertices[:, 0], anatomy.vertices[:, 2] - CENTRE[2])
    attributes[on_skin, SCALP] = np.maximum(
        inside_hairline(anatomy.vertices, azimuth, hair), over_forehead(anatomy.vertices, azimuth, hair)
    )
    attributes[on_skin, LIPS] = anatomy.masks["lips"]
    attributes[on_skin, BEARD] = beard
    shaven = 0.7 * smoothstep(
        -0.05, 0.08, inside_hairline(anatomy.vertices, azimuth, dataclasses.replace(hair, bald=0.0))
    )
    attributes[on_skin, STUBBLE_AREA] = np.maximum(
        np.maximum(template.beard, 0.8 * template.moustache), shaven
    )
    attributes[on_skin, OPENNESS] = anatomy.masks["openness"]
    attributes[on_skin, EARS] = anatomy.masks["ears"]
    attributes[on_skin, MOUTH] = anatomy.masks["inside-mouth"]
    attributes[on_skin, EYELIDS] = anatomy.masks["eyelids"]
    attributes[on_hair.stop :, : LENS_Y + 1] = glasses.lens_coordinates()
    lies = hairdo.flow
    attributes[on_hair, SINE], attributes[on_hair, COSINE] = np.sin(lies.across), np.cos(lies.across)
    attributes[on_hair, ALONG], attributes[on_hair, SPREAD] = lies.along, lies.spread
    attributes[on_hair, OUTLINE], attributes[on_hair, RAGGEDNESS] = hairdo.outline, hairdo.raggedness
    attributes[on_hair, LOCKS] = hairdo.locks
    return attributes


def light_in_mouth(expression: dict[str, float]) -> float:
    """Return the share of light on the teeth: it is small if the lips are hardly open."""
    opening = expression.get("jawOpen", 0.0) + 0.5 * expression.get("mouthLowerDownLeft", 0.0)
    return 0.2 + 0.8 * float(smoothstep(0.03, 0.2, opening))


def placement(anatomy: Anatomy, skin: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the point [3] of a deformed head that moves to `EYES_AT`, and world units per template unit."""

    def joint(vertices: np.ndarray, name: str) -> np.ndarray:
        return vertices[anatomy.joints[name]].mean(0)

    def head_height(vertices: np.ndarray) -> float:
        return float(joint(vertices, "joint-head-2")[1] - joint(vertices, "joint-jaw")[1])

    middle = (joint(skin, "joint-l-eye") + joint(skin, "joint-r-eye")) / 2
    middle_of_head = (joint(skin, "joint-head-2")[1] + joint(skin, "joint-jaw")[1]) / 2
    middle[1] = (middle[1] + middle_of_head) / 2
    return middle, SCALE * (head_height(anatomy.vertices) / head_height(skin)) ** SIZE_EXPONENT


def fold_ears(anatomy: Anatomy, skin: np.ndarray, length: float) -> np.ndarray:
    """Lay the ears against the head, so that they do not stick out of long hair."""
    tuck = 0.55 * smoothstep(0.3, 0.7, np.array(length)) * anatomy.masks["ears"]
    side = np.sign(anatomy.vertices[:, 0])
    base = 0.70
    folded = skin.copy()
    folded[:, 0] -= side * tuck * np.maximum(np.abs(skin[:, 0]) - base, 0)
    return folded


@functools.cache
def frame_neighbourhood() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the vertices behind the upper half of the rims, and at the top of the left and the right ear."""
    template = load_template()
    rest = template.anatomy.vertices
    is_skin = np.zeros(len(rest), bool)
    is_skin[template.anatomy.vertices_of(SKIN)] = True
    brow = is_skin & (np.abs(rest[:, 0]) < 0.5) & (rest[:, 1] > 7.2) & (rest[:, 1] < 7.5) & (rest[:, 2] > 1.2)
    near_ear = (np.abs(np.abs(rest[:, 0]) - 0.76) < 0.08) & (np.abs(rest[:, 1] - 7.32) < 0.1)
    near_ear &= is_skin & (rest[:, 2] > 0.1) & (rest[:, 2] < 0.6)
    return (
        np.flatnonzero(brow),
        np.flatnonzero(near_ear & (rest[:, 0] > 0)),
        np.flatnonzero(near_ear & (rest[:, 0] < 0)),
    )


def frame_front(skin: np.ndarray) -> float:
    """Return the z of the skin behind the rims, which must stay in front of it."""
    return float(skin[frame_neighbourhood()[0], 2].max()) + 0.03


def temples(skin: np.ndarray) -> np.ndarray:
    """Return the points [2, 3] over the ears where the glasses rest."""
    _, left, right = frame_neighbourhood()
    return np.stack([skin[left].mean(0), skin[right].mean(0)]) + np.array([[0.05, 0, 0], [-0.05, 0, 0]])
