"""Dresses a character: which garments go together, and in which order they are drawn."""

import numpy as np

from data_tools.live2d.puppet import Blend
from data_tools.live2d.synthetic.arms import Sleeve, draw_arms
from data_tools.live2d.synthetic.body import Limb, build_leg, draw_leg, draw_trunk
from data_tools.live2d.synthetic.bottoms import draw_shoe, draw_skirt, draw_socks, draw_trousers
from data_tools.live2d.synthetic.cloth import Cloth, choose_cloth
from data_tools.live2d.synthetic.curves import bezier
from data_tools.live2d.synthetic.figure import SIDES, Figure
from data_tools.live2d.synthetic.neckwear import draw_neckwear
from data_tools.live2d.synthetic.tops import draw_top
from liwi.seethrough.body_parts import BodyPart, Side

_TOPS = ("shirt", "sailor", "hoodie", "sweater", "tee", "bodice", "camisole", "kimono", "uniform", "vest")
_SLEEVES = {
    "long": Sleeve(0.95, (0.14, 0.22), cuff=True),
    "wide": Sleeve(0.97, (0.16, 1.5)),
    "short": Sleeve(0.3, (0.2, 0.5)),
    "puff": Sleeve(0.34, (0.25, 0.1), puff=0.55, cuff=True),
    "lantern": Sleeve(0.93, (0.16, 0.1), puff=0.75, cuff=True),
    "rolled": Sleeve(0.56, (0.14, 0.24), cuff=True),
    "none": Sleeve(0.0),
}


def draw_outfit(figure: Figure) -> dict[Side, Limb]:
    """Draws the body and everything worn on it; returns the hanging arms."""
    random, anatomy, palette = figure.random, figure.anatomy, figure.palette
    feminine = anatomy.feminine
    top = random.choices(_TOPS, [3, 3 if feminine else 0.5, 3, 3, 3, 3 if feminine else 0, 1.5 if feminine else 0, 1.5, 3, 2])[0]
    skirt = feminine and random.random() < 0.74
    figure.choices["top"] = top
    draw_trunk(figure)
    legs = [build_leg(anatomy, side, sign, random.uniform(-0.02, 0.1)) for side, sign in SIDES]
    for leg in legs:
        draw_leg(figure, leg)
    upper = choose_cloth(
        random,
        palette.second if top in {"shirt", "sailor", "vest"} else palette.main,
        palette.accent,
        anatomy.shoulder[0] * 0.34,
        plain=0.62,
    )
    dress = skirt and top in {"bodice", "camisole", "kimono"}
    lower = (
        upper
        if dress
        else choose_cloth(
            random, palette.main if upper.tone is palette.second else palette.second, palette.accent, anatomy.hip[0] * 0.45, plain=0.55
        )
    )
    tucked = skirt or random.random() < 0.35
    trunk = anatomy.crotch - anatomy.shoulder[1]
    hem = anatomy.waist[1] + (0.1 * trunk if tucked else random.uniform(0.26, 0.36) * trunk)
    draw_top(figure, upper, top, hem, depth=400 if tucked else 420)
    lower_edge = _draw_bottom(figure, legs, lower, skirt=skirt, depth=410)
    _draw_feet(figure, legs, skirt=skirt)
    _shade_legs(figure, legs, lower_edge)
    gloves = random.random() < 0.12
    if gloves:
        figure.choices["gloves"] = "yes"
    names = {
        "hoodie": ["long", "long", "rolled"],
        "sweater": ["long", "lantern" if feminine else "long"],
        "tee": ["short"],
        "camisole": ["none"],
        "kimono": ["wide"],
        "uniform": ["long"],
        "bodice": ["puff", "lantern", "none", "wide"],
    }
    sleeve = random.choice(names.get(top, ["long", "short", "puff" if feminine else "rolled"]))
    figure.choices["sleeves"] = sleeve
    cloth = palette.white if top == "bodice" and random.random() < 0.5 else upper.tone
    arms = draw_arms(
        figure,
        _SLEEVES[sleeve],
        Cloth(cloth, upper.pattern if cloth is upper.tone else "plain", upper.ink, upper.size),
        palette.white if top != "sailor" else palette.main,
        gloves=gloves,
        alternative=random.random() < 0.3,
    )
    wear: dict[str, list[str | None]] = {
        "shirt": ["tie", "bow", None],
        "sailor": ["bow", "bow", "tie"],
        "uniform": ["tie", "bow", "scarf", None],
        "vest": ["tie", "bow"],
        "sweater": ["scarf", None, "necklace"],
        "hoodie": ["scarf", None, None],
    }
    neckwear = random.choice(wear.get(top, ["choker", "necklace", "scarf", None, None]))
    if neckwear:
        draw_neckwear(figure, neckwear)
    return arms


def _shade_legs(figure: Figure, legs: list[Limb], hem: float) -> None:
    """The shadow of a skirt on the legs: clipped by each leg and its sock, multiplied onto them."""
    keys = {fragment.key for fragment in figure.fragments}
    for leg in legs:
        masks = tuple(key for key in (f"leg_{leg.side.value}", f"sock_{leg.side.value}") if key in keys)
        shadow = figure.draw(
            f"leg_shadow_{leg.side.value}", BodyPart.LEGWEAR, 308, "body", "body/leg", side=leg.side, clipped_by=masks, blend=Blend.MULTIPLY
        )
        reach = hem + (figure.anatomy.ankle - figure.anatomy.crotch) * 0.075
        x, half = float(np.interp(reach, leg.center[:, 1], leg.center[:, 0])), figure.anatomy.thigh_width * 1.3
        top = figure.anatomy.hip[1]
        edge = bezier(
            (x + half, reach - half * 0.35),
            (x + half * 0.4, reach + half * 0.05),
            (x - half * 0.4, reach + half * 0.2),
            (x - half, reach),
            16,
        )
        shadow.fill(np.concatenate([[(x - half, top), (x + half, top)], edge]), (0.86, 0.78, 0.88))


def _draw_bottom(figure: Figure, legs: list[Limb], cloth: Cloth, *, skirt: bool, depth: float) -> float:
    """Skirt or trousers; returns how far down they reach."""
    random, anatomy = figure.random, figure.anatomy
    if skirt:
        kind = random.choices(["pleated", "flared", "long"], [4, 4, 1.6])[0]
        figure.choices["bottom"] = f"{kind} skirt"
        leg = anatomy.ankle - anatomy.crotch
        hem = anatomy.crotch + leg * {"pleated": random.uniform(0.14, 0.3), "flared": random.uniform(0.16, 0.42), "long": 0.84}[kind]
        flare = {"pleated": random.uniform(1.45, 1.7), "flared": random.uniform(1.6, 2.1), "long": random.uniform(1.7, 2.2)}[kind]
        draw_skirt(figure, cloth, hem, pleated=kind == "pleated", flare=flare, depth=depth)
        return hem
    kind = random.choices(["trousers", "wide trousers", "shorts"], [5, 2, 3])[0]
    figure.choices["bottom"] = kind
    length = {"trousers": 0.93, "wide trousers": 0.92, "shorts": random.uniform(0.38, 0.5)}[kind]
    draw_trousers(figure, legs, cloth, length, width={"trousers": 0.04, "wide trousers": 0.3, "shorts": 0.16}[kind], depth=depth)
    return float(legs[0].at(length)[0][1])


def _draw_feet(figure: Figure, legs: list[Limb], *, skirt: bool) -> None:
    random, palette = figure.random, figure.palette
    socks = (
        random.choice(["knee socks", "thigh highs", "tights", "ankle socks", "bare"])
        if skirt
        else random.choice(["ankle socks", "bare", "knee socks"])
    )
    figure.choices["legwear"] = socks
    figure.choices["sock pattern"] = random.choice(["plain", "plain", "plain", "stripes"])
    tone = random.choice([palette.white, palette.white, palette.leather.shifted(-0.02), palette.main.shifted(-0.06)])
    shoes = random.choice(["loafers", "sneakers", "maryjanes", "ankle boots", "boots"])
    figure.choices["shoes"] = shoes
    for leg in legs:
        if socks != "bare":
            draw_socks(figure, leg, socks, tone)
        draw_shoe(figure, leg, shoes)
