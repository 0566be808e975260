// The ground under every map: land, borders, degrees and a scale. It comes with the page, nothing from outside.
import * as maplibregl from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import "maplibre-gl/dist/maplibre-gl.css";
import type { FeatureCollection, Position } from "geojson";
import { feature, mesh } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import worldTopology from "world-atlas/countries-110m.json";
import { colour } from "./data";
import { graticule, type Compass } from "./graticule";

maplibregl.setWorkerUrl(workerUrl); // else MapLibre looks for it beside the bundle, in vain

/** What a map says, in the page's language. */
export type MapWords = Compass & { gestures: string; touch: string; zoomIn: string; zoomOut: string };

const topology = worldTopology as unknown as Topology;
const land = landOf(feature(topology, topology.objects.land!) as unknown as FeatureCollection);
const borders = mesh(topology, topology.objects.countries as GeometryCollection, (one, other) => one !== other);

export const empty: FeatureCollection = { type: "FeatureCollection", features: [] };

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

/** The ground as a style; layers of one's own go on top once it is there. */
export function ground(): maplibregl.StyleSpecification {
  return {
    version: 8,
    sources: {
      land: { type: "geojson", data: land },
      borders: { type: "geojson", data: borders },
      grid: { type: "geojson", data: empty },
    },
    layers: [
      { id: "sea", type: "background" },
      { id: "land", type: "fill", source: "land" },
      { id: "borders", type: "line", source: "borders", maxzoom: 7,
        paint: { "line-width": 1, "line-opacity": ["interpolate", ["linear"], ["zoom"], 5, 1, 7, 0] } },
      { id: "grid", type: "line", source: "grid", filter: ["==", ["geometry-type"], "LineString"] },
      { id: "grid-text", type: "symbol", source: "grid", filter: ["==", ["geometry-type"], "Point"],
        layout: { "text-field": ["get", "text"], "text-size": 11, "text-padding": 6 } },
    ],
  };
}

/** Give the ground the colours of the reader's scheme. */
export function paintGround(map: maplibregl.Map): void {
  if (map.getLayer("sea") === undefined) return; // somebody else's base map has its own colours
  // Far out the land is drawn; close up its outline is too rough to be true, so all is land.
  const earth = colour("map-land");
  map.setPaintProperty("sea", "background-color",
    ["interpolate", ["linear"], ["zoom"], 5, colour("map-sea"), 6.5, earth]);
  map.setPaintProperty("land", "fill-color", earth);
  map.setPaintProperty("borders", "line-color", colour("map-border"));
  map.setPaintProperty("grid", "line-color", colour("map-grid"));
  map.setPaintProperty("grid-text", "text-color", colour("muted"));
  map.setPaintProperty("grid-text", "text-halo-color", earth);
  map.setPaintProperty("grid-text", "text-halo-width", 1.5);
}

/** Open a map in an element; it moves only when somebody moves it. */
export function openMap(
  element: HTMLElement, words: MapWords, options: Partial<maplibregl.MapOptions>,
): maplibregl.Map {
  const map = new maplibregl.Map({
    container: element,
    style: ground(),
    attributionControl: false,
    cooperativeGestures: true, // scrolling the page must not get caught in the map
    dragRotate: false,
    pitchWithRotate: false,
    renderWorldCopies: true,
    fadeDuration: 0, // labels appear at once; nothing moves that nobody moved
    locale: {
      "Map.Title": element.dataset.label ?? "",
      "NavigationControl.ZoomIn": words.zoomIn,
      "NavigationControl.ZoomOut": words.zoomOut,
      "CooperativeGesturesHandler.WindowsHelpText": words.gestures,
      "CooperativeGesturesHandler.MacHelpText": words.gestures,
      "CooperativeGesturesHandler.MobileHelpText": words.touch,
    },
    ...options,
  });
  map.addControl(new maplibregl.NavigationControl({ showCompass: false }), "top-right");
  return map;
}

/** Draw the degrees of what is visible, now. */
export function drawDegrees(map: maplibregl.Map, words: Compass): void {
  const source = map.getSource("grid") as maplibregl.GeoJSONSource | undefined;
  const bounds = map.getBounds();
  const corner = map.unproject([30, map.getContainer().clientHeight - 14]); // where labels clear the edges
  source?.setData(graticule({
    west: bounds.getWest(), south: bounds.getSouth(), east: bounds.getEast(), north: bounds.getNorth(),
    labelLon: corner.lng, labelLat: corner.lat,
  }, words));
}

export { maplibregl };
