"""Draw what alignment found into a photo."""

from PIL import Image, ImageDraw, ImageFont

from jaxunlearn.photos.alignment.align import Alignment

_LONGEST = 1024
_CHOSEN, _OTHER, _POINT = "#00e060", "#ff5040", "#ffe000"


def overlay(photo: Image.Image, alignment: Alignment) -> Image.Image:
    """Draw landmarks and crops into a photo.

    The crop that was used is green; refused crops and those of other faces are red. Crops are numbered if
    there is more than one. The canvas is grey where a crop reaches beyond the photo.

    Args:
      photo: RGB.
      alignment: of the photo.

    Returns:
      RGB, at most 1024 pixels on the longer side.
    """
    corners = [tuple(corner) for square in alignment.squares for corner in square.corners]
    low = [min(0, *(int(c[i]) for c in corners)) if corners else 0 for i in (0, 1)]
    high = [
        max(photo.size[i], *(int(c[i]) + 1 for c in corners)) if corners else photo.size[i] for i in (0, 1)
    ]
    scale = min(1.0, _LONGEST / max(high[0] - low[0], high[1] - low[1]))

    def scaled(width: float, height: float) -> tuple[int, int]:
        """Return the size of a picture on the canvas, where a thin one has a pixel."""
        return max(1, round(width * scale)), max(1, round(height * scale))

    canvas = Image.new("RGB", scaled(high[0] - low[0], high[1] - low[1]), "#808080")
    small = photo.resize(scaled(*photo.size))
    canvas.paste(small, (round(-low[0] * scale), round(-low[1] * scale)))
    draw = ImageDraw.Draw(canvas)
    line = max(2, canvas.width // 300)

    def place(point: tuple[float, float]) -> tuple[float, float]:
        return (point[0] - low[0]) * scale, (point[1] - low[1]) * scale

    for k, (points, square) in enumerate(zip(alignment.points, alignment.squares, strict=True)):
        colour = _CHOSEN if k == alignment.chosen and alignment.crop is not None else _OTHER
        outline = [place(tuple(corner)) for corner in square.corners]
        draw.line([*outline, outline[0]], fill=colour, width=line)
        for point in points:
            x, y = place(tuple(point))
            draw.ellipse((x - line, y - line, x + line, y + line), fill=_POINT)
        if len(alignment.squares) > 1:
            font = ImageFont.load_default(size=max(14, canvas.width // 25))
            x, y = outline[0]
            draw.text((max(x, 0) + 2 * line, max(y, 0) + line), str(k + 1), fill=colour, font=font)
    return canvas
