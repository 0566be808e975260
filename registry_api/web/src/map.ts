// The map island: projects as points, plots as coarse cells. Land comes with the page, nothing from outside.
import * as maplibregl from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import "maplibre-gl/dist/maplibre-gl.css";
import type { FeatureCollection, Position } from "geojson";
import { feature } from "topojson-client";
import type { Topology } from "topojson-specification";
import landTopology from "world-atlas/land-110m.json";
import { colour, onSchemeChange, ownPath, readData } from "./data";
import { graticule, type Compass } from "./graticule";

maplibregl.setWorkerUrl(workerUrl); // else MapLibre looks for it beside the bundle, in vain

type Words = Compass & { gestures: string; touch: string; zoomIn: string; zoomOut: string };
type MapData = { features: FeatureCollection; words: Words };

const topology = landTopology as unknown as Topology;
const land = landOf(feature(topology, topology.objects.land!) as unknown as FeatureCollection);
const empty: FeatureCollection = { type: "FeatureCollection", features: [] };

/** Leave out islands that straddle 180 degrees: unrolled, they become a band around the world. */
function landOf(world: FeatureCollection): FeatureCollection {
  const straddles = (rings: Position[][]): boolean => {
    const span = (axis: number): number => {
      const values = rings.flat().map((position) => position[axis]!);
      return Math.max(...values) - Math.min(...values);
    };
    return span(0) > 350 && span(1) < 10;
  };
  return { ...world, features: world.features.map((each) => (each.geometry.type === "MultiPolygon"
    ? { ...each, geometry: { ...each.geometry,
        coordinates: each.geometry.coordinates.filter((rings) => !straddles(rings)) } }
    : each)) };
}

function positions(collection: FeatureCollection): Position[] {
  return collection.features.flatMap(({ geometry }) =>
    geometry.type === "Point" ? [geometry.coordinates]
      : geometry.type === "Polygon" ? geometry.coordinates.flat() : []);
}

function boundsOf(collection: FeatureCollection): maplibregl.LngLatBounds {
  const bounds = new maplibregl.LngLatBounds();
  for (const [lon, lat] of positions(collection)) bounds.extend([lon!, lat!]);
  return bounds;
}

function style(features: FeatureCollection): maplibregl.StyleSpecification {
  const centre = ["==", ["geometry-type"], "Point"] as maplibregl.FilterSpecification;
  const cell = ["==", ["geometry-type"], "Polygon"] as maplibregl.FilterSpecification;
  return {
    version: 8,
    sources: {
      land: { type: "geojson", data: land },
      grid: { type: "geojson", data: empty },
      here: { type: "geojson", data: features },
    },
    layers: [
      { id: "sea", type: "background" },
      { id: "land", type: "fill", source: "land" },
      { id: "grid", type: "line", source: "grid", filter: ["==", ["geometry-type"], "LineString"] },
      { id: "grid-text", type: "symbol", source: "grid", filter: centre,
        layout: { "text-field": ["get", "text"], "text-size": 11, "text-padding": 6 } },
      { id: "cells", type: "fill", source: "here", filter: cell,
        paint: { "fill-opacity": ["interpolate", ["linear"], ["get", "weight"], 0, 0.12, 1, 0.7] } },
      { id: "cell-edges", type: "line", source: "here", filter: cell, paint: { "line-width": 1.5 } },
      { id: "points", type: "circle", source: "here", filter: centre,
        paint: { "circle-stroke-width": 2,
          "circle-radius": ["interpolate", ["linear"], ["get", "weight"], 0, 6, 1, 13] } },
      { id: "counts", type: "symbol", source: "here", filter: cell,
        layout: { "text-field": ["get", "name"], "text-size": 13 } },
      { id: "names", type: "symbol", source: "here", filter: centre,
        layout: { "text-field": ["get", "name"], "text-size": 13, "text-offset": [0, 1.4],
          "text-anchor": "top", "text-max-width": 12, "text-optional": true,
          "text-variable-anchor": ["top", "bottom", "left", "right"], "text-radial-offset": 1.1 } },
    ],
  };
}

function paint(map: maplibregl.Map): void {
  // Far out the land is drawn; close up its outline is too rough to be true, so all is land.
  const ground = colour("map-land");
  map.setPaintProperty("sea", "background-color",
    ["interpolate", ["linear"], ["zoom"], 5, colour("map-sea"), 6.5, ground]);
  map.setPaintProperty("land", "fill-color", ground);
  map.setPaintProperty("grid", "line-color", colour("map-grid"));
  map.setPaintProperty("grid-text", "text-color", colour("muted"));
  map.setPaintProperty("grid-text", "text-halo-color", ground);
  map.setPaintProperty("grid-text", "text-halo-width", 1.5);
  map.setPaintProperty("cells", "fill-color", colour("accent"));
  map.setPaintProperty("cell-edges", "line-color", colour("accent"));
  map.setPaintProperty("points", "circle-color", colour("accent"));
  map.setPaintProperty("points", "circle-stroke-color", colour("surface"));
  for (const layer of ["names", "counts"]) {
    map.setPaintProperty(layer, "text-color", colour("ink"));
    map.setPaintProperty(layer, "text-halo-color", ground);
    map.setPaintProperty(layer, "text-halo-width", 2);
  }
}

/** What a click shows; built from text nodes, so nothing in the data can become markup. */
function note(properties: Record<string, unknown>): HTMLElement {
  const box = document.createElement("div");
  const href = ownPath(properties.href as string | undefined);
  const head = document.createElement(href === null ? "strong" : "a");
  if (head instanceof HTMLAnchorElement && href !== null) head.href = href;
  head.textContent = String(properties.name ?? properties.title ?? "");
  const text = document.createElement("p");
  text.textContent = String(properties.text ?? "");
  box.append(head, text);
  return box;
}

function draw(element: HTMLElement): void {
  const { features, words } = readData<MapData>(element);
  const map = new maplibregl.Map({
    container: element,
    style: style(features),
    bounds: boundsOf(features),
    fitBoundsOptions: { padding: 56, maxZoom: Number(element.dataset.maxZoom ?? 9.5) },
    attributionControl: false,
    cooperativeGestures: true, // scrolling the page must not get caught in the map
    dragRotate: false,
    pitchWithRotate: false,
    renderWorldCopies: true,
    fadeDuration: 0, // labels appear at once; nothing moves that nobody moved
    maxZoom: 11,
    locale: {
      "Map.Title": element.dataset.label ?? "",
      "NavigationControl.ZoomIn": words.zoomIn,
      "NavigationControl.ZoomOut": words.zoomOut,
      "CooperativeGesturesHandler.WindowsHelpText": words.gestures,
      "CooperativeGesturesHandler.MacHelpText": words.gestures,
      "CooperativeGesturesHandler.MobileHelpText": words.touch,
    },
  });
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
  const relabel = (): void => {
    const bounds = map.getBounds();
    const corner = map.unproject([30, element.clientHeight - 14]); // where labels clear the edges
    const source = map.getSource("grid") as maplibregl.GeoJSONSource | undefined;
    source?.setData(graticule({
      west: bounds.getWest(), south: bounds.getSouth(), east: bounds.getEast(), north: bounds.getNorth(),
      labelLon: corner.lng, labelLat: corner.lat,
    }, words));
  };
  map.on("load", () => {
    onSchemeChange(() => paint(map));
    map.on("moveend", relabel);
    map.once("idle", () => {
      relabel(); // not before: until now the view may still have been fitted to the box
      map.once("idle", () => { element.dataset.ready = "1"; });
    });
  });
  for (const layer of ["points", "cells"]) {
    map.on("click", layer, (event) => {
      const hit = event.features?.[0];
      if (hit === undefined) return;
      new maplibregl.Popup({ maxWidth: "260px" })
        .setLngLat(event.lngLat).setDOMContent(note(hit.properties)).addTo(map);
    });
    map.on("mouseenter", layer, () => { map.getCanvas().classList.add("clickable"); });
    map.on("mouseleave", layer, () => { map.getCanvas().classList.remove("clickable"); });
  }
}

document.querySelectorAll<HTMLElement>(".map[data-source]").forEach(draw);
