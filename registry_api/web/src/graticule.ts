// Lines of longitude and latitude over the visible part of a map: the only base map there is.
import type { Feature, FeatureCollection, Position } from "geojson";

const STEPS = [30, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005];

/** Choose the coarsest step that still shows about four lines across. */
function stepFor(span: number): number {
  return STEPS.find((step) => span / step >= 4) ?? STEPS[STEPS.length - 1]!;
}

function marks(from: number, to: number, step: number): number[] {
  const first = Math.ceil(from / step);
  const last = Math.floor(to / step);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) =>
    Number(((first + i) * step).toFixed(4)),
  );
}

/** Bring a longitude of a repeated world back into -180..180. */
function onGlobe(lon: number): number {
  return Number(((((lon + 540) % 360) + 360) % 360 - 180).toFixed(4));
}

function label(value: number, positive: string, negative: string): string {
  return value === 0 ? "0°" : `${Math.abs(value)}° ${value > 0 ? positive : negative}`;
}

/** Compass letters in the page's language. */
export type Compass = { north: string; south: string; east: string; west: string };

/** What is visible, and the column and row on which labels stand [degree]. */
export type View = {
  west: number; south: number; east: number; north: number; labelLon: number; labelLat: number;
};

/** Draw the lines of one view as LineStrings, and their degrees as Points along its edges. */
export function graticule(view: View, compass: Compass): FeatureCollection {
  const step = stepFor(Math.min(view.east - view.west, 2 * (view.north - view.south)));
  const margin = (view.east - view.west) / 2; // so that a drag does not run off the lines at once
  const south = Math.max(view.south - margin, -85);
  const north = Math.min(view.north + margin, 85);
  const west = view.west - margin;
  const east = view.east + margin;
  const line = (coordinates: Position[]): Feature =>
    ({ type: "Feature", properties: {}, geometry: { type: "LineString", coordinates } });
  const degree = (text: string, coordinates: Position): Feature =>
    ({ type: "Feature", properties: { text }, geometry: { type: "Point", coordinates } });
  return {
    type: "FeatureCollection",
    features: [
      ...marks(west, east, step).flatMap((lon) => [
        line([[lon, south], [lon, north]]),
        degree(label(onGlobe(lon), compass.east, compass.west), [lon, view.labelLat]),
      ]),
      ...marks(south, north, step).flatMap((lat) => [
        line([[west, lat], [east, lat]]),
        degree(label(lat, compass.north, compass.south), [view.labelLon, lat]),
      ]),
    ],
  };
}
