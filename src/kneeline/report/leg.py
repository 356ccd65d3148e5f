"""A right leg drawn from the front, with its bones and the muscles that the three exercises work, as SVG.

One unit is about a millimetre of a middle-sized person; x grows towards the other leg, y downwards, the floor is at
y = 972. Every path is absolute and made of "M" and "C" alone, and says by `data-moves` with which part it goes, so that
a page's script can bend it. Shapes and widths are a drawing's, not a measurement's. Colours are the page's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

Points = tuple[tuple[float, float], ...]

MIDDLE: Final = 300.0
"""x of the body's middle: the other side of the pelvis is the mirror image."""
BOX: Final = "36 -20 478 1000"
TURNED: Final = 550.0
"""Where the middle of the box goes when it is mirrored: x becomes TURNED - x."""
HANDLES: Final = {"foot": (322.0, 926.0), "shin": (322.0, 690.0), "knee": (322.0, 500.0), "pelvis": (452.0, 96.0)}
"""Where each part is taken hold of."""

_SKIN: Final[Points] = (
    (158, -60), (146, -10), (126, 40), (108, 95), (97, 160), (97, 225), (104, 300), (121, 385), (143, 450),
    (157, 492), (160, 525), (164, 556), (160, 596), (152, 650), (156, 715), (173, 790), (184, 842), (180, 880),
    (182, 904), (166, 930), (151, 948), (154, 961), (168, 963), (176, 959), (186, 965), (196, 960), (206, 967),
    (216, 961), (226, 968), (235, 961), (248, 969), (264, 964), (268, 946), (260, 924), (250, 902), (251, 872),
    (246, 842), (252, 790), (267, 725), (273, 665), (267, 606), (263, 558), (267, 525), (268, 492), (280, 450),
    (286, 390), (290, 320), (292, 255), (296, 206), (300, 196),
)  # fmt: skip
_OTHER_THIGH: Final[Points] = (
    (300, 196), (304, 206), (308, 255), (310, 320), (314, 380), (318, 430),
)  # fmt: skip
_OTHER_HIP: Final[Points] = (
    (442, -60),
    (454, -10),
    (474, 40),
    (492, 95),
    (503, 160),
    (503, 225),
    (496, 300),
    (480, 380),
)

_FEMUR: Final[Points] = (
    (199, 134), (214, 125), (231, 132), (239, 150), (232, 168), (216, 176), (203, 188), (199, 206), (203, 218),
    (194, 232), (191, 262), (196, 340), (205, 420), (217, 468), (243, 492), (257, 514), (253, 537), (237, 545),
    (222, 538), (212, 531), (203, 538), (188, 545), (174, 538), (169, 516), (178, 492), (190, 466), (181, 420),
    (169, 340), (160, 262), (151, 216), (139, 196), (138, 170), (149, 153), (163, 157), (176, 151),
)  # fmt: skip
_TIBIA: Final[Points] = (
    (173, 555), (192, 551), (205, 555), (213, 550), (221, 555), (236, 551), (254, 555), (254, 568), (243, 592),
    (233, 640), (229, 720), (229, 800), (233, 850), (245, 868), (248, 888), (239, 897), (232, 882), (216, 879),
    (201, 881), (198, 862), (205, 800), (204, 720), (200, 640), (191, 598), (176, 574),
)  # fmt: skip
_FIBULA: Final[Points] = (
    (163, 582), (172, 570), (183, 574), (185, 592), (181, 650), (184, 720), (190, 800), (195, 858), (198, 888),
    (191, 902), (182, 892), (183, 850), (177, 770), (171, 670), (168, 610),
)  # fmt: skip
_PATELLA: Final[Points] = (
    (213, 478), (231, 484), (239, 499), (231, 517), (213, 531), (195, 517), (187, 499), (195, 484),
)  # fmt: skip
_ILIUM: Final[Points] = (
    (266, 52), (246, 26), (212, 10), (172, 16), (142, 42), (130, 76), (136, 98), (151, 110), (160, 130), (176, 134),
    (191, 118), (214, 108), (238, 112), (250, 130), (246, 146), (262, 150), (280, 148), (294, 158), (295, 186),
    (284, 194), (272, 190), (262, 212), (247, 228), (236, 218), (242, 192), (252, 172), (262, 120), (270, 90),
)  # fmt: skip
_FORAMEN: Final[Points] = ((258, 166), (274, 166), (280, 178), (266, 192), (253, 194))
_SACRUM: Final[Points] = (
    (270, 46), (300, 36), (330, 46), (331, 78), (318, 108), (300, 128), (282, 108), (269, 78),
)  # fmt: skip
_TALUS: Final[Points] = ((200, 885), (216, 883), (233, 886), (238, 903), (226, 914), (206, 914), (195, 903))
_RAYS: Final = ((228, 909, 246, 941, 11), (220, 911, 226, 942, 8), (213, 911, 207, 941, 7), (206, 909, 189, 938, 7),
                (200, 906, 170, 933, 7))  # fmt: skip
_TOES: Final = ((249, 955, 11), (227, 956, 8), (206, 955, 7), (186, 952, 7), (166, 947, 7))

_MUSCLES: Final[dict[str, tuple[tuple[str, Points], ...]]] = {
    "hip": (
        ("pelvis", ((134, 66), (150, 36), (178, 20), (206, 26), (196, 62), (176, 108), (158, 152), (146, 172),
                    (136, 166), (128, 120))),
    ),
    "knee": (
        ("femur", ((150, 214), (166, 220), (172, 300), (184, 390), (198, 450), (204, 476), (190, 482), (164, 452),
                   (138, 380), (126, 300), (132, 236))),
        ("femur", ((176, 150), (196, 170), (214, 240), (226, 320), (226, 400), (218, 462), (212, 478), (204, 462),
                   (188, 400), (174, 320), (166, 230))),
        ("femur", ((222, 270), (246, 320), (264, 390), (270, 440), (260, 478), (240, 492), (224, 480), (222, 450),
                   (232, 400), (230, 330))),
    ),
    "foot": (
        ("tibia", ((240, 606), (258, 620), (264, 668), (256, 730), (244, 792), (240, 846), (250, 876), (254, 902),
                   (246, 908), (238, 876), (233, 846), (234, 790), (234, 720), (236, 650))),
        ("tibia", ((168, 606), (176, 640), (172, 700), (176, 756), (172, 770), (160, 716), (157, 660), (161, 622))),
    ),
}  # fmt: skip
_LINES: Final[tuple[tuple[str, Points], ...]] = (
    ("femur", ((208, 478), (209, 464), (210, 450))),
    ("femur", ((218, 478), (217, 464), (216, 450))),
    ("tendon", ((207, 529), (207, 552), (208, 584))),
    ("tendon", ((219, 529), (219, 552), (218, 584))),
    ("tibia", ((206, 586), (213, 592), (220, 586))),
    ("tibia", ((219, 604), (218, 660), (215, 730), (214, 800))),
    ("groove", ((196, 494), (203, 508), (213, 514), (223, 508), (230, 494))),
    ("pelvis", ((116, 112), (160, 150), (220, 186), (282, 200))),
    ("femur", ((178, 196), (206, 280), (240, 372), (262, 430))),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """One path. kind: what it is (its class). moves: with which part it goes. link: what lights it up."""

    kind: str
    moves: str
    path: str
    link: str = ""


def leg(label: str, mirrored: bool = False, handles: Mapping[str, str] | None = None) -> str:
    """The whole drawing, standing straight, with `label` for those who do not see it.

    mirrored: as a left leg. handles: what of `HANDLES` can be dragged, with the word beside it; hidden until a script
    shows them.

    >>> leg("A leg").startswith('<svg id="leg"')
    True
    """
    shapes = "".join(map(_element, _shapes()))
    turn = f' transform="translate({TURNED:g} 0) scale(-1 1)"' if mirrored else ""
    dots = "".join(_handle(key, word, mirrored) for key, word in (handles or {}).items())
    return (
        f'<svg id="leg" class="leg" viewBox="{BOX}" role="img" aria-label="{label}">'
        '<defs><linearGradient id="fade" x1="0" y1="0" x2="0" y2="1"><stop offset="0.03" stop-color="#000"/>'
        '<stop offset="0.12" stop-color="#fff"/></linearGradient>'
        '<linearGradient id="fade-other" x1="0" y1="0" x2="0" y2="1"><stop offset="0.2" stop-color="#fff"/>'
        '<stop offset="0.42" stop-color="#000"/></linearGradient>'
        '<mask id="top"><rect x="-100" y="-60" width="700" height="1100" fill="url(#fade)"/></mask>'
        '<mask id="other"><rect x="-100" y="-60" width="700" height="1100" fill="url(#fade-other)"/></mask></defs>'
        f'<path class="ground" d="M70,972 C170,966 330,966 440,972"/>'
        f'<g{turn}><g mask="url(#top)">{shapes}</g>'
        f'<g class="handles" aria-hidden="true" data-waits hidden>{dots}</g></g>'
        "</svg>"
    )


def _shapes() -> Iterator[Shape]:
    """Back to front: the range, the skin, the other side, bones, muscles, lines, and the kneecap on top."""
    flesh = _curve((*_SKIN, (MIDDLE, 60), (MIDDLE, -60)))
    for which in ("low", "high"):
        yield Shape(f"range {which}", "skin", flesh)
    yield Shape("flesh", "skin", flesh)
    yield Shape("skin", "skin", _curve(_SKIN))
    for points, moves in ((_OTHER_THIGH, "free"), (_OTHER_HIP, "free")):
        yield Shape("skin other", moves, _curve(points))
    for points in (_SACRUM, _ILIUM, _mirrored(_ILIUM)):
        yield Shape("bone", "pelvis", _blob(points))
    for points in (_FORAMEN, _mirrored(_FORAMEN)):
        yield Shape("hole", "pelvis", _blob(points))
    yield Shape("bone other", "free", _blob(_mirrored(_FEMUR)))
    yield Shape("bone", "tibia", _blob(_FIBULA))
    yield Shape("bone", "femur", _blob(_FEMUR))
    yield Shape("bone", "tibia", _blob(_TIBIA))
    yield Shape("bone", "foot", _blob(_TALUS))
    for x0, y0, x1, y1, wide in _RAYS:
        yield Shape("bone", "foot", _blob(_bar(x0, y0, x1, y1, wide)))
    for x, y, wide in _TOES:
        yield Shape("bone", "foot", _blob(((x - wide / 2, y - 6), (x + wide / 2, y - 6), (x + wide / 2, y + 5),
                                           (x - wide / 2, y + 5))))  # fmt: skip
    for link, muscles in _MUSCLES.items():
        for moves, points in muscles:
            yield Shape("muscle", moves, _blob(points), link)
    for moves, points in _LINES:
        yield Shape("line" if moves != "groove" else "line groove", moves, _curve(points))
    yield Shape("bone patella", "patella", _blob(_PATELLA))


def _element(shape: Shape) -> str:
    link = f' data-link="{shape.link}"' if shape.link else ""
    mask = ' mask="url(#other)"' if "other" in shape.kind else ""
    return f'<path class="{shape.kind}" data-moves="{shape.moves}"{link}{mask} d="{shape.path}"/>'


def _handle(key: str, word: str, mirrored: bool) -> str:
    """A ring to drag with its word, which is not mirrored with the rest."""
    x, y = HANDLES[key]
    above = key == "pelvis"
    at = (x, y - 26) if above else (x + 24, y + 7)
    anchor = "middle" if above else ("end" if mirrored else "start")
    flip = " scale(-1 1)" if mirrored else ""
    reach = {"foot": 266, "shin": 266, "knee": 262}.get(key, x)
    return (
        f'<g class="handle" data-part="{key}"><path class="lead" d="M{reach:g},{y:g} L{x - 15:g},{y:g}"/>'
        f'<circle class="touch" cx="{x:g}" cy="{y:g}" r="34"/><circle class="ring" cx="{x:g}" cy="{y:g}" r="14"/>'
        f'<text transform="translate({at[0]:g} {at[1]:g}){flip}" text-anchor="{anchor}">{word}</text></g>'
    )


def _mirrored(points: Points) -> Points:
    return tuple((2 * MIDDLE - x, y) for x, y in points)


def _bar(x0: float, y0: float, x1: float, y1: float, wide: float) -> Points:
    """The outline of a long bone of the foot, wider at its ends."""
    half, waist = wide / 2, wide / 3
    middle = ((x0 + x1) / 2, (y0 + y1) / 2)
    return (
        (x0 - half, y0), (x0 + half, y0), (middle[0] + waist, middle[1]), (x1 + half, y1), (x1 - half, y1),
        (middle[0] - waist, middle[1]),
    )  # fmt: skip


def _blob(points: Points) -> str:
    """A smooth closed path through the points."""
    return _path((points[-1], *points, points[0], points[1])) + "Z"


def _curve(points: Points) -> str:
    """A smooth open path through the points."""
    return _path((points[0], *points, points[-1]))


def _path(points: Points) -> str:
    """Catmull-Rom through all points but the first and the last, as cubic curves."""
    parts = [f"M{points[1][0]:g},{points[1][1]:g}"]
    for (ax, ay), (bx, by), (cx, cy), (dx, dy) in zip(points, points[1:], points[2:], points[3:], strict=False):
        first = f"{bx + (cx - ax) / 6:.1f},{by + (cy - ay) / 6:.1f}"
        second = f"{cx - (dx - bx) / 6:.1f},{cy - (dy - by) / 6:.1f}"
        parts.append(f"C{first} {second} {cx:g},{cy:g}")
    return " ".join(parts)
