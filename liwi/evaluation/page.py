"""A report as one HTML page: no network, light and dark, sortable.

Everything that comes from outside is escaped, and no data enters the script.
"""

from html import escape
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

_ASSETS = Path(__file__).parent

_POLICY = "default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"

_PAGE = Template(
    """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="$policy">
<title>$title</title>
<style>$style</style>
</head>
<body>
<header>
<h1>$title</h1>
<p>$subtitle</p>
</header>
<main>
$tables
<section aria-label="Pictures">
<h2>Pictures</h2>
$sorting
<div id="cases">
$cases
</div>
</section>
$legend
</main>
<script>$script</script>
</body>
</html>
"""
)


def render_page(report: dict[str, Any]) -> str:
    """Render the dictionary that `liwi.evaluation.report.evaluate` writes as ``report.json``."""
    run, benchmark, machine = report["runs"][0], report["benchmark"], report["machine"]
    summary = run["summary"]
    figures = _shown_figures(report)
    facts = [
        f"{benchmark['num_cases']} pictures from {benchmark['folder']}",
        f"{summary['num_failed']} failed",
        f"made {report['made']}",
        f"Python {machine['python']}, {machine['num_cpus']} CPUs",
    ]
    return _PAGE.substitute(
        title=escape(f"{summary['engine']} {summary['version']} on {benchmark['title']}"),
        policy=_POLICY,
        subtitle=escape(" · ".join(facts)),
        style=(_ASSETS / "page.css").read_text("utf-8"),
        script=(_ASSETS / "page.js").read_text("utf-8"),
        tables="".join(_summary_table(each["summary"], figures) for each in report["runs"]),
        sorting=_sorting(figures),
        cases="\n".join(_case(number, case, figures) for number, case in enumerate(run["cases"])),
        legend=_legend(figures),
    )


def _shown_figures(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The figures that some case has: photographs without truth have few."""
    taken = {key for case in report["runs"][0]["cases"] for key, value in case["figures"].items() if value is not None}
    return {key: figure for key, figure in report["figures"].items() if key in taken}


def _summary_table(summary: dict[str, Any], figures: dict[str, dict[str, Any]]) -> str:
    titles = [("Kind", ""), ("Pictures", ""), ("IoU < 0.8", "Pictures with an alpha IoU below 0.8.")]
    titles += [(figure["title"], figure["meaning"]) for figure in figures.values()]
    head = "".join(f'<th scope="col" title="{escape(meaning)}">{escape(title)}</th>' for title, meaning in titles)
    rows = [("all", summary["overall"]), *(summary["kinds"].items() if len(summary["kinds"]) > 1 else ())]
    body = "".join(
        f'<tr><th scope="row">{escape(str(name))}</th><td>{group["num_cases"]}</td><td>{_count(group["num_below_0.8"])}</td>'
        + "".join(f"<td>{_value(group.get(key), figure)}</td>" for key, figure in figures.items())
        + "</tr>"
        for name, group in rows
    )
    heading = escape(f"{summary['engine']} {summary['version']}")
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<section><h2>{heading}</h2><div class="scroll">{table}</div></section>'


def _sorting(figures: dict[str, dict[str, Any]]) -> str:
    options = "".join(
        f'<option value="{escape(key)}" data-worst="{_worst(figure)}">{escape(_long_title(key, figure))}, worst first</option>'
        for key, figure in figures.items()
    )
    return f'<label>Order <select id="order"><option value="">as in the benchmark</option>{options}</select></label>'


def _worst(figure: dict[str, Any]) -> str:
    """Where the worst value lies: the lowest, the highest, or farthest from 1."""
    return {True: "low", False: "high", None: "far"}[figure["higher_is_better"]]


def _long_title(key: str, figure: dict[str, Any]) -> str:
    region = key.removeprefix("background_").removesuffix("_ratio")
    return f"BG {region} {figure['title']}" if key.endswith("_ratio") else str(figure["title"])


def _case(number: int, case: dict[str, Any], figures: dict[str, dict[str, Any]]) -> str:
    values = {key: case["figures"][key] for key in figures if case["figures"].get(key) is not None}
    data = "".join(f' data-{key.replace("_", "-")}="{value:.9g}"' for key, value in values.items())
    listed = "".join(
        f'<div><dt title="{escape(figures[key]["meaning"])}">{escape(_long_title(key, figures[key]))}</dt>'
        f"<dd>{_value(value, figures[key])}</dd></div>"
        for key, value in values.items()
    )
    failure = f'<p class="failed">Failed: {escape(case["error"])}</p>' if case["error"] else ""
    details = f"<details><summary>Traceback</summary><pre>{escape(case['details'])}</pre></details>" if case["details"] else ""
    notes = "".join(f"<p>{escape(note)}</p>" for note in (case["note"], *case["notes"]) if note)
    heading = f"<h3>{escape(case['name'])} <small>{escape(case['kind'])}</small></h3>"
    pictures = "".join(_picture(picture) for picture in case["pictures"])
    wide = "" if "alpha_iou" in values else " wide"
    return (
        f'<article id="case-{number}" data-number="{number}"{data}>{heading}{failure}{notes}{details}'
        f'<dl>{listed}</dl><div class="pictures{wide}">{pictures}</div></article>'
    )


def _picture(picture: dict[str, Any]) -> str:
    caption, (width, height) = escape(picture["caption"]), picture["size"]
    file = escape(quote(picture["file"]))
    image = f'<img loading="lazy" src="{file}" width="{int(width)}" height="{int(height)}" alt="{caption}">'
    return f'<figure><a href="{file}">{image}</a><figcaption>{caption}</figcaption></figure>'


def _legend(figures: dict[str, dict[str, Any]]) -> str:
    rows = "".join(f"<dt>{escape(_long_title(key, figure))}</dt><dd>{escape(figure['meaning'])}</dd>" for key, figure in figures.items())
    reading = (
        "a is alpha, F the layer's colours, B the background; a star marks the truth. Tables show means over pictures; "
        "ratios are ratios of the means; memory is the highest."
    )
    return f'<section class="legend"><h2>What the figures mean</h2><dl>{rows}</dl><p>{escape(reading)}</p></section>'


def _count(value: int | None) -> str:
    return "–" if value is None else str(value)


def _value(value: float | None, figure: dict[str, Any]) -> str:
    return "–" if value is None else f"{value:.{int(figure['digits'])}f}"
