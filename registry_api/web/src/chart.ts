// The chart island: signed bars, one per plot, from most to least. The same numbers stand in a list.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { colour, readData } from "./data";

type Bars = { labels: string[]; values: number[]; unit: string; rank: string };

function options(data: Bars, width: number): uPlot.Options {
  const bars = uPlot.paths.bars!({ size: [0.8, 40], align: 0 });
  const axis = { stroke: colour("muted"), font: "12px system-ui, sans-serif",
    grid: { stroke: colour("line"), width: 1 }, ticks: { show: false } };
  return {
    width, height: 240, legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { show: false } },
    scales: { x: { time: false, range: [0.25, data.values.length + 0.75] } },
    axes: [
      { ...axis, grid: { show: false }, label: data.rank, labelFont: "12px system-ui, sans-serif", labelSize: 22,
        incrs: [1, 2, 5, 10, 20, 50, 100] },
      { ...axis, label: data.unit, labelFont: "12px system-ui, sans-serif", labelSize: 22, size: 56 },
    ],
    series: [{}, { paths: bars, fill: colour("accent"), stroke: colour("accent"), width: 0, points: { show: false } }],
  };
}

function draw(element: HTMLElement): void {
  const data = readData<Bars>(element);
  const ranks = data.values.map((_, i) => i + 1);
  element.replaceChildren();
  const readout = document.createElement("p");
  readout.className = "readout";
  const chart = new uPlot(options(data, element.clientWidth), [ranks, data.values], element);
  chart.over.setAttribute("aria-hidden", "true");
  chart.hooks.setCursor = [(plot) => {
    const i = plot.cursor.idx;
    readout.textContent = i == null ? "" : `${data.labels[i]}: ${data.values[i]?.toLocaleString("en-GB")} ${data.unit}`;
  }];
  element.append(readout);
  element.dataset.ready = "1";
}

document.querySelectorAll<HTMLElement>(".chart[data-source]").forEach((element) => {
  draw(element);
  let width = element.clientWidth;
  new ResizeObserver(() => {
    if (element.clientWidth === width) return;
    width = element.clientWidth;
    draw(element);
  }).observe(element);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(element));
});
