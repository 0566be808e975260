// The lineage island: the graph of what a credit stands on, laid out by d3-dag and drawn as SVG.
// The same graph stands in the page as a nested list; this is a second way to read it.
import { graphStratify, sugiyama } from "d3-dag";
import { ownPath, readData } from "./data";

type Step = { id: string; parentIds: string[]; kind: string; title: string; text: string; href: string };

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 168; // of a node, in CSS pixels
const HEIGHT = 52;
const INSET = 10; // of text from the sides of a node

function part<K extends keyof SVGElementTagNameMap>(
  name: K, attributes: Record<string, string | number>, text?: string,
): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

const pen = document.createElement("canvas").getContext("2d");

/** Leave out the middle of a text that is wider than its box; both ends of a serial matter. */
function fit(text: string, font: string): string {
  if (pen === null) return text;
  pen.font = font;
  const room = WIDTH - 2 * INSET;
  if (pen.measureText(text).width <= room) return text;
  for (let kept = text.length - 1; kept > 2; kept -= 1) {
    const head = Math.ceil(kept / 2);
    const shorter = `${text.slice(0, head)}…${text.slice(text.length - (kept - head))}`;
    if (pen.measureText(shorter).width <= room) return shorter;
  }
  return "…";
}

function node(step: Step, x: number, y: number): SVGElement {
  const href = ownPath(step.href);
  const left = x - WIDTH / 2 + INSET;
  const family = getComputedStyle(document.body).fontFamily;
  const outer = href === null ? part("g", {}) : part("a", { href });
  outer.setAttribute("class", `step step-${step.kind.replace(/[^a-z_-]/g, "")}`);
  outer.append(
    part("title", {}, `${step.title}: ${step.text}`),
    part("rect", { x: x - WIDTH / 2, y: y - HEIGHT / 2, width: WIDTH, height: HEIGHT, rx: 8 }),
    part("text", { x: left, y: y - 5, class: "step-title" }, fit(step.title, `650 13.5px ${family}`)),
    part("text", { x: left, y: y + 14, class: "step-text" }, fit(step.text, `11.5px ${family}`)),
  );
  return outer;
}

/** A smooth path through the points of a link, leaving and arriving downwards. */
function curve(points: [number, number][]): string {
  const [first, ...rest] = points;
  let [px, py] = first!;
  let path = `M${px},${py}`;
  for (const [x, y] of rest) {
    path += `C${px},${(py + y) / 2} ${x},${(py + y) / 2} ${x},${y}`;
    [px, py] = [x, y];
  }
  return path;
}

function draw(element: HTMLElement): void {
  const graph = graphStratify()(readData<Step[]>(element));
  const { width, height } = sugiyama().nodeSize([WIDTH, HEIGHT]).gap([20, 30])(graph);
  const svg = part("svg", {
    viewBox: `-4 -4 ${width + 8} ${height + 8}`, width: width + 8, height: height + 8, role: "group",
    "aria-label": element.dataset.label ?? "",
  });
  for (const link of graph.links()) {
    svg.append(part("path", { d: curve(link.points), class: "link", fill: "none" }));
  }
  for (const each of graph.nodes()) svg.append(node(each.data, each.x, each.y));
  element.replaceChildren(svg);
  const top = [...graph.roots()][0]; // on a phone the graph is wider than its frame: begin at its head
  if (top !== undefined) element.scrollLeft = top.x - element.clientWidth / 2;
  element.dataset.ready = "1";
}

document.querySelectorAll<HTMLElement>(".lineage-graph[data-source]").forEach(draw);
