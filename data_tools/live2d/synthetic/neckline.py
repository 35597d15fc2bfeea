"""How garments are cut around the neck."""

from data_tools.live2d.synthetic.anatomy import Anatomy

Neckline = list[tuple[float, float]]


def neckline(anatomy: Anatomy, style: str) -> Neckline:
    """The upper edge of a garment from the middle outwards: offsets and heights in pixels."""
    width, y, trunk = anatomy.neck_width, anatomy.shoulder[1], anatomy.crotch - anatomy.shoulder[1]
    rise = y - 0.085 * trunk
    match style:
        case "high":
            top = anatomy.chin + (y - anatomy.chin) * 0.45
            return [(0.0, top + 0.03 * trunk), (width * 0.7, top + 0.015 * trunk), (width * 1.1, top - 0.01 * trunk)]
        case "v":
            return [(0.0, y + 0.2 * trunk), (width * 0.55, y + 0.06 * trunk), (width * 1.12, rise)]
        case "wide":
            return [(0.0, y + 0.13 * trunk), (width * 1.2, y + 0.1 * trunk), (anatomy.shoulder[0] * 0.62, y - 0.015 * trunk)]
        case "bare shoulders":
            return [(0.0, y + 0.19 * trunk), (width * 1.3, y + 0.17 * trunk), (anatomy.shoulder[0] * 0.9, y + 0.16 * trunk)]
        case _:
            return [(0.0, y + 0.035 * trunk), (width * 0.7, y + 0.012 * trunk), (width * 1.15, rise)]
