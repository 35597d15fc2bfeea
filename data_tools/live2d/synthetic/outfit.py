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

_SLEEVES_OF = {
    "hoodie": ["long", "long", "rolled"],
    "sweater": ["long", "lantern"],
    "tee": ["short"],
    "camisole": ["none"],
    "kimono": ["wide"],
    "uniform": ["long"],
    "bodice": ["puff", "lantern", "none", "wide"],
}
_DRESSES = {"bodice", "camisole", "kimono"}
_NECKWEAR: dict[str, list[str | None]] = {
    "shirt": ["tie", "bow", None],
    "sailor": ["bow", "bow", "tie"],
    "uniform": ["tie", "bow", "scarf", None],
    "vest": ["tie", "bow"],
    "sweater": ["scarf", None, "necklace"],
    "hoodie": ["scarf", None, None],
}


def draw_outfit(figure: Figure) -> dict[Side, Limb]:
    """Draws the body and everything worn on it; returns the arms that are shown at rest."""
    random, anatomy = figure.random, figure.anatomy
    feminine = anatomy.feminine
    top = random.choices(_TOPS, [3, 3 if feminine else 0.5, 3, 3, 3, 3 if feminine else 0, 1.5 if feminine else 0, 1.5, 3, 2])[0]
    skirt = feminine and random.random() < 0.74
    figure.choices["top"] = top
    draw_trunk(figure)
    legs = [build_leg(anatomy, side, sign, random.uniform(-0.02, 0.1)) for side, sign in SIDES]
    for leg in legs:
        draw_leg(figure, leg)
    upper, lower = _choose_cloths(figure, top, dress=skirt and top in _DRESSES)
    tucked = skirt or random.random() < 0.35
    trunk = anatomy.crotch - anatomy.shoulder[1]
    hem = anatomy.waist[1] + (0.1 * trunk if tucked else random.uniform(0.26, 0.36) * trunk)
    draw_top(figure, upper, top, hem, depth=400 if tucked else 420)
    lower_edge = _draw_bottom(figure, legs, lower, skirt=skirt, depth=410)
    _draw_feet(figure, legs, skirt=skirt)
    _shade_legs(figure, legs, lower_edge)
    arms = _draw_sleeved_arms(figure, top, upper)
    neckwear = random.choice(_NECKWEAR.get(top, ["choker", "necklace", "scarf", None, None]))
    if neckwear:
        draw_neckwear(figure, neckwear)
    return arms


def _choose_cloths(figure: Figure, top: str, *, dress: bool) -> tuple[Cloth, Cloth]:
    """Cloth of the top and of what is worn below; the same for a dress."""
    random, palette = figure.random, figure.palette
    tone = palette.second if top in {"shirt", "sailor", "vest"} else palette.main
    upper = choose_cloth(random, tone, palette.accent, figure.anatomy.shoulder[0] * 0.34, plain=0.62)
    if dress:
        return upper, upper
    tone = palette.main if upper.tone is palette.second else palette.second
    plain = 0.55 if upper.pattern == "plain" else 0.88
    return upper, choose_cloth(random, tone, palette.accent, figure.anatomy.hip[0] * 0.45, plain=plain)


def _draw_sleeved_arms(figure: Figure, top: str, cloth: Cloth) -> dict[Side, Limb]:
    random, palette = figure.random, figure.palette
    gloves = random.random() < 0.12
    if gloves:
        figure.choices["gloves"] = "yes"
    usual = ["long", "short", "puff" if figure.anatomy.feminine else "rolled"]
    sleeve = random.choice(_SLEEVES_OF.get(top, usual))
    if sleeve == "lantern" and not figure.anatomy.feminine:
        sleeve = "long"
    figure.choices["sleeves"] = sleeve
    if top == "bodice" and random.random() < 0.5:
        cloth = Cloth(palette.white)
    trim = palette.white if top != "sailor" else palette.main
    return draw_arms(figure, _SLEEVES[sleeve], cloth, trim, gloves=gloves, alternative=random.random() < 0.3)


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
