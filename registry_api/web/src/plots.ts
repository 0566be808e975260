// The map of an upload: every plot by its verdict, beside the list that tells the same. A row that opens
// shows its plot; a plot that is clicked opens its row. Fifty thousand plots come in groups until one is near.
import type { Feature, FeatureCollection, Geometry, Position } from "geojson";
import htmx from "htmx.org";
import { drawDegrees, empty, ground, maplibregl, openMap, paintGround, type MapWords } from "./basemap";
import { colour, readData } from "./data";
import { VERDICTS, addPictures, inkOf, type Verdict } from "./verdicts";

type PlotProperties = { feature: number; plot_id: string; verdict: Verdict }; // all the map needs of each
type Plots = FeatureCollection<Geometry | null, PlotProperties>;
type Words = { verdicts: Record<Verdict, string>; plots: string; unplaced: string; none: string; all: string };
type MapData = { features: string; working: boolean; here: string; words: Words; basemap: string };
type Shown = { places: [number, number, number][]; shapes: Record<string, Geometry | null> };
type Box = [west: number, south: number, east: number, north: number];

const NEAR = 17; // zoom at which one plot is looked at
const GROUPED_TO = 11; // zoom up to which plots come in groups
const GROUPED_ABOVE = 400; // plots; fewer stand each for itself
const FAR_OFF = 4; // boxes are left out of the first view beyond so many times the spread of the others
const DASHES: Partial<Record<Verdict, number[]>> = { warned: [3, 1.5], repaired: [1, 1.2], pending: [0.5, 1.5] };

const SHAPE_LAYERS = VERDICTS.flatMap((verdict) => [`fill-${verdict}`, `line-${verdict}`]);

/** The outermost positions of a geometry; null where it has none. */
function boxOf(geometry: Geometry | null): Box | null {
  const box: Box = [Infinity, Infinity, -Infinity, -Infinity];
  const walk = (part: unknown): void => {
    if (!Array.isArray(part)) return;
    if (typeof part[0] === "number") {
      const [lon, lat] = part as Position;
      box[0] = Math.min(box[0], lon!);
      box[1] = Math.min(box[1], lat!);
      box[2] = Math.max(box[2], lon!);
      box[3] = Math.max(box[3], lat!);
    } else part.forEach(walk);
  };
  if (geometry?.type === "GeometryCollection") geometry.geometries.forEach((each) => walk("coordinates" in each ? each.coordinates : []));
  else if (geometry !== null) walk(geometry.coordinates);
  return Number.isFinite(box[0]) ? box : null;
}

function around(boxes: Box[]): maplibregl.LngLatBounds {
  const bounds = new maplibregl.LngLatBounds();
  for (const [west, south, east, north] of boxes) bounds.extend([west, south]).extend([east, north]);
  return bounds;
}

/** The boxes without those far off: a plot in the sea must not make all the others a dot. */
function bulk(boxes: Box[]): Box[] {
  const keeps = (axis: 0 | 1): ((box: Box) => boolean) => {
    const sorted = boxes.map((box) => box[axis]).sort((one, other) => one - other);
    const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))]!;
    const slack = FAR_OFF * Math.max(at(0.75) - at(0.25), 0.02);
    return (box) => box[axis] > at(0.5) - slack && box[axis] < at(0.5) + slack;
  };
  const [across, up] = [keeps(0), keeps(1)];
  return boxes.filter((box) => across(box) && up(box));
}

/** The refused as lines: an area whose loops cancel out, as those of a bow tie do, would not be drawn at all. */
function outlines(plots: Plots): FeatureCollection {
  const lined = (geometry: Geometry): Geometry =>
    geometry.type === "Polygon" ? { type: "MultiLineString", coordinates: geometry.coordinates }
      : geometry.type === "MultiPolygon" ? { type: "MultiLineString", coordinates: geometry.coordinates.flat() }
        : geometry;
  return { type: "FeatureCollection", features: plots.features.flatMap((each): Feature[] =>
    each.properties.verdict !== "refused" || each.geometry === null ? []
      : [{ type: "Feature", properties: each.properties, geometry: lined(each.geometry) }]) };
}

function addLayers(map: maplibregl.Map): void {
  map.addSource("plots", { type: "geojson", data: empty, promoteId: "feature" });
  map.addSource("outlines", { type: "geojson", data: empty });
  map.addSource("marks", { type: "geojson", data: empty, cluster: true, clusterMaxZoom: GROUPED_TO, clusterRadius: 48,
    clusterProperties: { refused: ["+", ["case", ["==", ["get", "verdict"], "refused"], 1, 0]] } });
  map.addSource("shown", { type: "geojson", data: empty });
  for (const verdict of VERDICTS) {
    const filter = ["==", ["get", "verdict"], verdict] as maplibregl.FilterSpecification;
    map.addLayer({ id: `fill-${verdict}`, type: "fill", source: "plots", filter, paint: { "fill-pattern": `fill-${verdict}` } });
    map.addLayer({ id: `line-${verdict}`, type: "line", source: verdict === "refused" ? "outlines" : "plots", filter,
      paint: { "line-width": verdict === "refused" ? 2.5 : 1.8,
        ...(DASHES[verdict] === undefined ? {} : { "line-dasharray": DASHES[verdict] }) } });
  }
  const picked: maplibregl.ExpressionSpecification = ["boolean", ["feature-state", "picked"], false];
  const pointed: maplibregl.ExpressionSpecification = ["boolean", ["feature-state", "pointed"], false];
  map.addLayer({ id: "picked", type: "line", source: "plots",
    paint: { "line-width": 4, "line-opacity": ["case", picked, 1, pointed, 0.6, 0] } });
  map.addLayer({ id: "shown-sent", type: "line", source: "shown", filter: ["==", ["get", "role"], "sent"],
    paint: { "line-width": 2, "line-dasharray": [2, 2] } });
  map.addLayer({ id: "shown-proposed", type: "line", source: "shown", filter: ["==", ["get", "role"], "proposed"],
    paint: { "line-width": 3 } });
  const grouped = ["has", "point_count"] as maplibregl.FilterSpecification;
  map.addLayer({ id: "groups", type: "circle", source: "marks", filter: grouped,
    paint: { "circle-stroke-width": 2, "circle-radius": ["interpolate", ["linear"], ["get", "point_count"], 2, 18, 200, 24, 20000, 34] } });
  map.addLayer({ id: "group-text", type: "symbol", source: "marks", filter: grouped,
    layout: { "text-field": ["case", [">", ["get", "refused"], 0],
      ["concat", ["get", "point_count_abbreviated"], "\n✕ ", ["to-string", ["get", "refused"]]],
      ["get", "point_count_abbreviated"]], "text-size": 12, "text-allow-overlap": true } });
  for (const verdict of [...VERDICTS].reverse()) { // what is to be mended comes last, on top
    map.addLayer({ id: `mark-${verdict}`, type: "symbol", source: "marks",
      filter: ["all", ["!", ["has", "point_count"]], ["==", ["get", "verdict"], verdict]] as maplibregl.FilterSpecification,
      layout: { "icon-image": `mark-${verdict}`, "icon-allow-overlap": true,
        "icon-size": ["interpolate", ["linear"], ["zoom"], 6, 0.6, 15, 1],
        "text-field": ["step", ["zoom"], "", 15.5, ["get", "plot_id"]], "text-size": 12, "text-optional": true,
        "text-anchor": "top", "text-offset": [0, 1] } });
  }
  map.addLayer({ id: "places", type: "symbol", source: "shown", filter: ["==", ["get", "role"], "place"],
    layout: { "icon-image": "place", "icon-allow-overlap": true, "icon-ignore-placement": true,
      "text-field": ["get", "number"], "text-size": 13, "text-offset": [1.6, -1.2], "text-allow-overlap": true } });
}

function paint(map: maplibregl.Map): void {
  paintGround(map);
  addPictures(map);
  for (const verdict of VERDICTS) map.setPaintProperty(`line-${verdict}`, "line-color", inkOf(verdict));
  map.setPaintProperty("picked", "line-color", colour("ink"));
  map.setPaintProperty("shown-sent", "line-color", colour("muted"));
  map.setPaintProperty("shown-proposed", "line-color", colour("good"));
  map.setPaintProperty("groups", "circle-color",
    ["case", [">", ["get", "refused"], 0], colour("bad-soft"), colour("surface")]);
  map.setPaintProperty("groups", "circle-stroke-color",
    ["case", [">", ["get", "refused"], 0], colour("bad"), colour("accent")]);
  for (const layer of ["group-text", "places", ...VERDICTS.map((verdict) => `mark-${verdict}`)]) {
    map.setPaintProperty(layer, "text-color", colour("ink"));
    map.setPaintProperty(layer, "text-halo-color", colour("surface"));
    map.setPaintProperty(layer, "text-halo-width", layer === "group-text" ? 0 : 2);
  }
}

/** Plots of the verdict that the list shows stand out; the others stay, fainter. */
function dim(map: maplibregl.Map, show: string): void {
  for (const verdict of VERDICTS) {
    const opacity = show === "all" || show === "" || show === verdict ? 1 : 0.35;
    map.setPaintProperty(`fill-${verdict}`, "fill-opacity", opacity);
    map.setPaintProperty(`line-${verdict}`, "line-opacity", opacity);
    map.setPaintProperty(`mark-${verdict}`, "icon-opacity", opacity);
  }
}

function draw(element: HTMLElement): void {
  const data = readData<MapData>(element);
  const words = JSON.parse(document.getElementById("map-words")?.textContent ?? "{}") as MapWords;
  const map = openMap(element, words, { style: data.basemap || ground(), center: [20, 5], zoom: 2, maxZoom: 20 });
  map.addControl(new maplibregl.ScaleControl({ unit: "metric" }), "top-left");
  const boxes = new Map<number, Box>();
  let ready = false;
  let picked = 0;
  let moved = false;

  const state = (feature: number, what: Record<string, boolean>): void => {
    if (ready && feature !== 0) map.setFeatureState({ source: "plots", id: feature }, what);
  };
  const rows = (): HTMLDetailsElement[] => [...document.querySelectorAll<HTMLDetailsElement>("details.row")];
  const numberOf = (row: HTMLElement): number => Number(row.dataset.feature);

  const load = async (): Promise<boolean> => {
    const answer = await fetch(data.features, { headers: { Accept: "application/geo+json, application/json" } });
    if (!answer.ok) return false;
    const plots = (await answer.json()) as Plots;
    boxes.clear();
    for (const each of plots.features) {
      const { feature, plot_id, verdict } = each.properties;
      each.properties = { feature, plot_id, verdict }; // the rest would only be carried about
      const box = boxOf(each.geometry);
      if (box !== null) boxes.set(each.properties.feature, box);
    }
    const marks = plots.features.flatMap((each): Feature[] => {
      const box = boxes.get(each.properties.feature);
      return box === undefined ? [] : [{ type: "Feature", properties: each.properties,
        geometry: { type: "Point", coordinates: [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2] } }];
    });
    (map.getSource("plots") as maplibregl.GeoJSONSource).setData(plots as FeatureCollection);
    (map.getSource("outlines") as maplibregl.GeoJSONSource).setData(outlines(plots));
    const source = map.getSource("marks") as maplibregl.GeoJSONSource;
    const grouped = marks.length > GROUPED_ABOVE;
    source.setClusterOptions({ cluster: grouped, clusterMaxZoom: GROUPED_TO });
    source.setData({ type: "FeatureCollection", features: marks });
    for (const layer of SHAPE_LAYERS) map.setLayerZoomRange(layer, grouped ? GROUPED_TO : 0, 24); // less than a dot before
    if (boxes.size > 0 && !moved) {
      moved = true;
      const near = bulk([...boxes.values()]);
      map.fitBounds(around(near.length > 0 ? near : [...boxes.values()]), { padding: 40, maxZoom: NEAR, animate: false });
    }
    element.dataset.plots = String(plots.features.length);
    return boxes.size > 0;
  };

  const show = (row: HTMLElement): void => {
    const block = row.querySelector(".places");
    const told: Shown = block === null ? { places: [], shapes: {} } : (JSON.parse(block.textContent ?? "{}") as Shown);
    const features: Feature[] = [
      ...Object.entries(told.shapes).flatMap(([role, geometry]): Feature[] =>
        geometry === null ? [] : [{ type: "Feature", properties: { role }, geometry }]),
      ...told.places.map(([number, lon, lat]): Feature => ({ type: "Feature",
        properties: { role: "place", number: String(number) }, geometry: { type: "Point", coordinates: [lon, lat] } })),
    ];
    (map.getSource("shown") as maplibregl.GeoJSONSource | undefined)?.setData({ type: "FeatureCollection", features });
  };
  const pick = (feature: number, row: HTMLElement | undefined): void => {
    state(picked, { picked: false });
    picked = feature;
    state(picked, { picked: true });
    element.dataset.picked = String(feature);
    if (row !== undefined) show(row);
    const box = boxes.get(feature);
    if (box !== undefined) map.fitBounds(around([box]), { padding: 70, maxZoom: NEAR + 1.5, animate: false });
  };

  const list = document.getElementById("list")?.parentElement ?? document.body;
  list.addEventListener("toggle", (event) => { // does not bubble, hence the capture
    const row = event.target as HTMLDetailsElement;
    if (!row.matches("details.row")) return;
    if (row.open) {
      for (const other of rows()) if (other !== row) other.open = false;
      pick(numberOf(row), row);
    } else if (numberOf(row) === picked) {
      state(picked, { picked: false });
      (map.getSource("shown") as maplibregl.GeoJSONSource | undefined)?.setData(empty);
    }
  }, true);
  for (const [name, on] of [["pointerover", true], ["pointerout", false], ["focusin", true], ["focusout", false]] as const) {
    list.addEventListener(name, (event) => {
      const row = (event.target as HTMLElement).closest<HTMLElement>("details.row");
      if (row !== null) state(numberOf(row), { pointed: on });
    });
  }
  new MutationObserver((changes) => {
    const now = document.getElementById("list");
    if (changes.some((each) => [...each.addedNodes].some((node) => node === now)) && ready) {
      dim(map, now?.dataset.show ?? "");
      const row = rows().find((each) => numberOf(each) === picked);
      if (row !== undefined && wanted) { wanted = false; open(row); }
    }
    const shown = rows().find((row) => row.open && numberOf(row) === picked);
    if (shown !== undefined) show(shown); // its reasons have come
  }).observe(list, { childList: true, subtree: true });

  let wanted = false;
  const open = (row: HTMLDetailsElement): void => {
    row.open = true;
    row.querySelector("summary")?.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  };
  const find = (feature: number): void => {
    const row = rows().find((each) => numberOf(each) === feature);
    if (row !== undefined) { open(row); return; }
    wanted = true; // it is on another page of the list
    picked = feature;
    void htmx.ajax("GET", `${data.here}/list?at=${feature}`, { target: "#list", swap: "outerHTML" });
  };

  const begin = (): void => {
    addLayers(map);
    ready = true;
    paint(map);
    dim(map, document.getElementById("list")?.dataset.show ?? "");
    void load().then(() => {
      map.once("idle", () => {
        drawDegrees(map, words);
        map.once("idle", () => { element.dataset.ready = "1"; });
        map.triggerRepaint();
      });
      map.triggerRepaint();
    });
  };
  map.on("load", () => {
    addPictures(map);
    begin();
    map.on("moveend", () => drawDegrees(map, words));
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (ready) paint(map); });
  document.querySelector("[data-poll]")?.addEventListener("parkland:progress", () => {
    if (ready && boxes.size === 0) void load();
  });

  const plotLayers = VERDICTS.flatMap((verdict) => [`mark-${verdict}`, `fill-${verdict}`]);
  for (const layer of plotLayers) {
    map.on("click", layer, (event) => {
      const hit = event.features?.[0]?.properties as PlotProperties | undefined;
      if (hit === undefined || event.originalEvent.defaultPrevented) return;
      event.originalEvent.preventDefault(); // the mark and the shape beneath it are one click
      find(hit.feature);
    });
  }
  map.on("click", "groups", (event) => {
    const group = event.features?.[0];
    if (group === undefined) return;
    const source = map.getSource("marks") as maplibregl.GeoJSONSource;
    void source.getClusterExpansionZoom(Number(group.properties.cluster_id)).then((zoom) =>
      map.easeTo({ center: event.lngLat, zoom: zoom + 0.5, animate: false }));
  });
  for (const layer of ["groups", ...plotLayers]) {
    map.on("mouseenter", layer, () => { map.getCanvas().classList.add("clickable"); });
    map.on("mouseleave", layer, () => { map.getCanvas().classList.remove("clickable"); });
  }
  element.closest(".verdict-map-box")?.querySelector(".show-all")?.addEventListener("click", () => {
    if (boxes.size > 0) map.fitBounds(around([...boxes.values()]), { padding: 40, maxZoom: NEAR, animate: false });
  });
}

document.querySelectorAll<HTMLElement>(".verdict-map[data-source]").forEach(draw);
