"""Tables 1 to 4 of GUIDE, and the figures that LEGATO gives beside GUIDE's."""

from jaxunlearn.workflows.reproduce.declaration import (
    COLUMNS,
    GUIDE,
    IN_DOMAIN,
    LEGATO,
    OUT_OF_DOMAIN,
    RANDOM,
    Figure,
    Row,
    Sheet,
    Table,
    published,
)

PAPER = "GUIDE (Seo et al., CVPR 2024)"

ID = Figure("id", "ID", "lower")
ID_OTHERS = Figure("id_others", "ID_others", "lower")
FID_PRE = Figure("fid_pre", "FID_pre", "lower")
FID_REAL = Figure("delta_fid_real", "ΔFID_real", "lower")

_BASELINE = Row("baseline", "Baseline", GUIDE, "baseline", method="GUIDE")
_STEPWISE = (
    _BASELINE,
    Row("extrapolated", "+ extrapolated w_t", GUIDE, "extrapolated", method="GUIDE", against=("baseline",)),
    Row("adjacent", "+ L_adj", GUIDE, "adjacent", method="GUIDE", against=("baseline", "extrapolated")),
    Row("guide", "+ L_global (GUIDE)", GUIDE, "guide", method="GUIDE", against=("baseline", "adjacent")),
)
_SPREAD = "The paper does not say what its ± is over, nor how many people there are."

_ALL, _ONE, _MANY = tuple(COLUMNS), (ID, FID_PRE, FID_REAL), (ID, ID_OTHERS, FID_PRE, FID_REAL)

TABLE_1 = Sheet(
    "Table 1",
    "One picture a person (Sec. 4.2.2)",
    _ONE,
    _ALL,
    published(
        (RANDOM, IN_DOMAIN, OUT_OF_DOMAIN),
        _ONE,
        {
            "baseline": "0.19±0.09 11.73±2.74 7.46±2.20 0.16±0.07 9.00±1.15 4.15±1.18 0.12±0.06 9.52±1.53 "
            "4.75±0.89",
            "extrapolated": "0.12±0.06 14.28±3.34 9.63±2.53 0.05±0.06 12.78±1.82 6.76±1.41 0.02±0.05 "
            "13.02±3.20 7.31±1.98",
            "adjacent": "0.14±0.07 19.65±4.90 13.94±3.59 0.04±0.06 13.53±2.08 7.35±1.70 0.01±0.05 "
            "13.63±3.52 7.83±2.19",
            "guide": "0.14±0.06 10.80±2.70 6.64±1.60 0.06±0.06 8.00±1.20 3.05±0.81 0.03±0.05 7.88±1.96 "
            "3.34±1.10",
        },
    ),
    (_SPREAD,),
)
TABLE_2 = Sheet(
    "Table 2",
    "One picture of a person is forgotten, the others are measured, too (Sec. 4.2.2)",
    _MANY,
    (OUT_OF_DOMAIN,),
    published(
        (OUT_OF_DOMAIN,),
        _MANY,
        {
            "baseline": "0.12±0.06 0.28±0.08 9.52±1.53 4.75±0.89",
            "extrapolated": "0.02±0.05 0.15±0.07 13.02±3.20 7.31±1.98",
            "adjacent": "0.01±0.05 0.14±0.07 13.63±3.52 7.83±2.19",
            "guide": "0.03±0.05 0.17±0.08 7.88±1.96 3.34±1.10",
        },
    ),
    (_SPREAD, "ID, FID_pre and ΔFID_real are those of Table 1, of the same people."),
)
TABLE_3 = Sheet(
    "Table 3",
    "The greatest distance alpha_max of adjacent latents (Sec. 4.3); the target is the mean face",
    (ID, ID_OTHERS),
    (OUT_OF_DOMAIN,),
    published(
        (OUT_OF_DOMAIN,),
        (ID, ID_OTHERS),
        {
            "baseline": "0.1205±0.0603 0.2754±0.0791",
            "alpha-10": "0.0892±0.0620 0.2123±0.0762",
            "alpha-15": "0.0878±0.0375 0.2094±0.0692",
            "alpha-20": "0.0900±0.0538 0.2105±0.0924",
            "alpha-30": "0.0926±0.0561 0.2111±0.0653",
        },
    ),
    (_SPREAD,),
)
TABLE_4 = Sheet(
    "Table 4",
    "Global preservation (Sec. 4.3); the target is the mean face",
    (FID_PRE, FID_REAL),
    (OUT_OF_DOMAIN,),
    published(
        (OUT_OF_DOMAIN,),
        (FID_PRE, FID_REAL),
        {"baseline": "9.52±1.53 4.75±0.89", "mean_global": "4.63±0.43 1.48±0.29"},
    ),
    (_SPREAD,),
)


def _alpha(alpha: int) -> Row:
    """Return a row of Table 3."""
    return Row(
        f"alpha-{alpha}",
        f"alpha_max = {alpha}",
        GUIDE,
        "alpha",
        {"pairs.alpha_max": alpha},
        method="GUIDE",
        against=("baseline",),
    )


_OF_LEGATO = Sheet(
    "README",
    "LEGATO beside GUIDE, on GUIDE's protocol (README of sh-qiangchen/LEGATO)",
    _MANY,
    (OUT_OF_DOMAIN,),
    published(
        (OUT_OF_DOMAIN,),
        _MANY,
        {"guide": "0.02 0.23 7.44 3.36", "legato": "0.00 0.18 6.09 1.78"},
    ),
    (
        "The README does not say how many people these are; it ships GUIDE's five pictures of one.",
        "GUIDE's own README gives 0.0183, 0.2797, 7.497 and 3.331 for these pictures.",
    ),
)

TABLES = (
    Table("guide-1", PAPER, _STEPWISE, (TABLE_1,)),
    Table("guide-2", PAPER, _STEPWISE, (TABLE_2,), others=True),
    Table(
        "guide-3",
        PAPER,
        (
            Row("baseline", "alpha_max = 0 (baseline)", GUIDE, "baseline", method="GUIDE"),
            *map(_alpha, (10, 15, 20, 30)),
        ),
        (TABLE_3,),
        others=True,
    ),
    Table(
        "guide-4",
        PAPER,
        (
            Row("baseline", "L_local", GUIDE, "baseline", method="GUIDE"),
            Row(
                "mean_global",
                "L_local + L_global",
                GUIDE,
                "mean_global",
                method="GUIDE",
                against=("baseline",),
            ),
        ),
        (TABLE_4,),
    ),
    Table(
        "legato-1",
        "LEGATO (arXiv 2601.04282)",
        (
            Row("guide", "GUIDE", GUIDE, "guide", method="GUIDE"),
            Row("legato", "LEGATO", LEGATO, method="LEGATO", against=("guide",)),
        ),
        (_OF_LEGATO,),
        others=True,
    ),
)
