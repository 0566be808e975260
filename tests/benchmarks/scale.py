"""What 15 million farmers would take, from what `make bench-country` measured.

Everything is the largest measured year, multiplied. Prices are assumptions, said as such and kept
here in one place; nobody's bill was looked at.
"""

from collections.abc import Iterator, Mapping
from textwrap import fill
from typing import Any

FARMERS = 15_000_000
CORE_HOUR_USD = 0.05  # of a rented virtual core [P]
OUT_OF_REGION_GB_USD = 0.09  # a gigabyte that leaves the region of the archive [P]
MILLION_REQUESTS_USD = 0.40  # reading requests of an object store [P]
GB_MONTH_USD = 0.023  # a gigabyte in an object store [P]
REQUESTS_A_BLOCK = 0.5  # at most, by the target for remote reads
NODE_GBIT_S = 10.0  # link of a common rented machine [P]


def page(country: Mapping[str, Any]) -> str:
    """Write the page: what was measured, what follows, what saturates first."""
    machine = country["machine"]
    return "\n\n".join(
        [
            "# What 15 million farmers would take",
            fill(
                "Written by `make bench-report` from one run of `make bench-country` "
                f"({machine['measured_on']}, commit `{machine['commit']}`, {machine['cores']} "
                f"cores, {country['threads']} threads).",
                100,
            ),
            "## Measured",
            _sizes(country),
            *(fill(text, 100) for text in _measured(country)),
            "## Multiplied",
            *_multiplied(country["sizes"][-1]),
            "## What saturates first",
            *(fill(text, 100, subsequent_indent="   ") for text in _first(country["sizes"][-1])),
            fill(
                "Not in these numbers: archives that have JPEG 2000 only (about 17 times the "
                "decoding, once, because pixels are kept), the search for scenes at a slow "
                "server, people.",
                100,
            )
            + "\n",
        ]
    )


def _measured(country: Mapping[str, Any]) -> Iterator[str]:
    largest = country["sizes"][-1]
    stages, blocks = largest["stages"], country["blocks_by_density"]
    again = stages["another mask"]["cpu_s"] / stages["observe"]["cpu_s"]
    took = ", ".join(f"{name} {stage['cpu_s']:,.1f}" for name, stage in stages.items())
    yield (
        f"A year of {country['dates']} dates over {largest['tiles']} invented tiles: "
        "classification and four bands, six indices. Of each tile three acquisitions were drawn, "
        "and only the blocks that hold plots; they stand in turn for the dates. So files came "
        "from the disk's cache: processor time is what counts here, a network is not in it."
    )
    yield (
        f"Processor seconds of the largest size by stage: {took}. Another cloud mask on the "
        f"pixels that were kept took {again:.1%} of the first time."
    )
    each_ms = [_ms_a_block(size) for size in country["sizes"]]
    yield (
        "Cost follows the blocks that hold plots: a block took "
        f"{min(each_ms):.2f} to {max(each_ms):.2f} ms of processor time at all sizes. On one "
        f"tile {blocks['few']['plots']:,} plots touch {blocks['few']['blocks']:,} blocks of a "
        f"10 m band and {blocks['many']['plots']:,} touch {blocks['many']['blocks']:,}: where "
        "farmers live closer than here, each costs less."
    )


def _multiplied(largest: Mapping[str, Any]) -> Iterator[str]:
    observe, times = largest["stages"]["observe"], FARMERS / largest["plots"]
    core_hours = observe["cpu_s"] * times / 3600
    fetched_gb, kept_gb = (n * times / 1e9 for n in (observe["read_bytes"], largest["kept_bytes"]))
    requests = observe["blocks"] * REQUESTS_A_BLOCK * times / 1e6
    yield fill(
        f"One plot of {largest['area_ha'] / largest['plots']:.1f} ha a farmer, as far apart as "
        f"measured: {times:,.0f} times the largest run, {times * largest['tiles']:,.0f} tiles. "
        "Prices are assumptions for the order of magnitude, not offers.",
        100,
    )
    rows = (
        ("processor time", core_hours, "core hours", CORE_HOUR_USD, "core hour"),
        ("fetched within the archive's region", fetched_gb, "GB", 0.0, "GB"),
        ("fetched from elsewhere instead", fetched_gb, "GB", OUT_OF_REGION_GB_USD, "GB"),
        ("requests, at most", requests, "million", MILLION_REQUESTS_USD, "million"),
        ("pixels kept for a year", 12 * kept_gb, "GB months", GB_MONTH_USD, "GB month"),
    )
    yield "\n".join(
        [
            "| a year of scenes | amount | assumed price | money |",
            "|---|--:|--:|--:|",
            *(
                f"| {what} | {amount:,.0f} {unit} | {usd} $ a {each} | {amount * usd:,.0f} $ |"
                for what, amount, unit, usd, each in rows
            ),
        ]
    )


def _first(largest: Mapping[str, Any]) -> Iterator[str]:
    stages, times = largest["stages"], FARMERS / largest["plots"]
    observe, register_s = stages["observe"], stages["register"]["wall_s"]
    core_gbit_s = 8 * observe["read_bytes"] / observe["cpu_s"] / 1e9
    cores = observe["cpu_s"] * times / 86_400
    asked = observe["blocks"] * REQUESTS_A_BLOCK * times / 86_400
    peak_gib = max(stage["peak_mb"] for stage in stages.values()) / 1024
    yield (
        f"1. **The network of a machine.** A core that decodes takes {core_gbit_s:.2f} Gbit/s of "
        f"compressed blocks, so a link of {NODE_GBIT_S:g} Gbit/s feeds "
        f"{NODE_GBIT_S / core_gbit_s:.0f} cores and no more. Small machines near the archive "
        "beat large ones."
    )
    yield (
        f"2. **The archive.** For a year's scenes in one day {cores:,.1f} cores are enough, and "
        f"they ask for {asked:,.0f} ranges and {core_gbit_s * cores:,.1f} Gbit a second, all day. "
        "An object store bears that; a small server in front of a disk does not."
    )
    yield (
        f"3. **The register.** Registering {largest['plots']:,} plots took {register_s:.1f} s; all "
        f"of them one after the other on SQLite would take {register_s * times / 3600:,.1f} h, "
        "once. That many belong on PostgreSQL, in projects that write side by side."
    )
    yield (
        f"4. **Memory last.** The largest run peaked at {peak_gib:.1f} GiB, with one table of "
        f"{largest['observations']:,} observations in it; work is cut into tile and month, and a "
        "country into projects, so nothing ever holds 15 million."
    )


def _ms_a_block(size: Mapping[str, Any]) -> float:
    observe = size["stages"]["observe"]
    return 1e3 * float(observe["cpu_s"]) / float(observe["blocks"])


def _sizes(country: Mapping[str, Any]) -> str:
    columns = (
        *("plots", "ha", "blocks", "GB decoded", "GB read", "CPU s", "wall s"),
        *("CPU ms a block", "CPU ms a plot and date", "peak GiB", "GB kept"),
    )
    rows = ["| " + " | ".join(columns) + " |", "|" + "--:|" * len(columns)]
    for size in country["sizes"]:
        observe = size["stages"]["observe"]
        peak_gib = max(stage["peak_mb"] for stage in size["stages"].values()) / 1024
        cells = (
            *(f"{size['plots']:,}", f"{size['area_ha']:,.0f}", f"{observe['blocks']:,.0f}"),
            *(f"{observe['bytes'] / 1e9:,.1f}", f"{observe['read_bytes'] / 1e9:,.1f}"),
            *(f"{observe['cpu_s']:,.0f}", f"{observe['wall_s']:,.0f}"),
            f"{_ms_a_block(size):.2f}",
            f"{1e3 * observe['cpu_s'] / size['observations']:.3f}",
            *(f"{peak_gib:.2f}", f"{size['kept_bytes'] / 1e9:,.2f}"),
        )
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)
