// The map island of public pages: projects as points, plots as coarse cells.
import type { FeatureCollection, Position } from "geojson";
import { drawDegrees, maplibregl, openMap, paintGround, type MapWords } from "./basemap";
import { colour, onSchemeChange, ownPath, readData } from "./data";

type MapData = { features: FeatureCollection; words: MapWords };

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

function addLayers(map: maplibregl.Map, features: FeatureCollection): void {
  const centre = ["==", ["geometry-type"], "Point"] as maplibregl.FilterSpecification;
  const cell = ["==", ["geometry-type"], "Polygon"] as maplibregl.FilterSpecification;
  map.addSource("here", { type: "geojson", data: features });
  map.addLayer({ id: "cells", type: "fill", source: "here", filter: cell,
    paint: { "fill-opacity": ["interpolate", ["linear"], ["get", "weight"], 0, 0.12, 1, 0.7] } });
  map.addLayer({ id: "cell-edges", type: "line", source: "here", filter: cell, paint: { "line-width": 1.5 } });
  map.addLayer({ id: "points", type: "circle", source: "here", filter: centre,
    paint: { "circle-stroke-width": 2,
      "circle-radius": ["interpolate", ["linear"], ["get", "weight"], 0, 6, 1, 13] } });
  map.addLayer({ id: "counts", type: "symbol", source: "here", filter: cell,
    layout: { "text-field": ["get", "name"], "text-size": 13 } });
  map.addLayer({ id: "names", type: "symbol", source: "here", filter: centre,
    layout: { "text-field": ["get", "name"], "text-size": 13, "text-offset": [0, 1.4],
      "text-anchor": "top", "text-max-width": 12, "text-optional": true,
      "text-variable-anchor": ["top", "bottom", "left", "right"], "text-radial-offset": 1.1 } });
}

function paint(map: maplibregl.Map): void {
  paintGround(map);
  map.setPaintProperty("cells", "fill-color", colour("accent"));
  map.setPaintProperty("cell-edges", "line-color", colour("accent"));
  map.setPaintProperty("points", "circle-color", colour("accent"));
  map.setPaintProperty("points", "circle-stroke-color", colour("surface"));
  for (const layer of ["names", "counts"]) {
    map.setPaintProperty(layer, "text-color", colour("ink"));
    map.setPaintProperty(layer, "text-halo-color", colour("map-land"));
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
  const map = openMap(element, words, {
    bounds: boundsOf(features),
    fitBoundsOptions: { padding: 56, maxZoom: Number(element.dataset.maxZoom ?? 9.5) },
    maxZoom: 11,
  });
  map.on("load", () => {
    addLayers(map, features);
    onSchemeChange(() => paint(map));
    map.on("moveend", () => drawDegrees(map, words));
    map.once("idle", () => {
      drawDegrees(map, words); // not before: until now the view may still have been fitted to the box
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
