// Lines of longitude and latitude over the visible part of a map: the only base map there is.
import type { FeatureCollection } from "geojson";

const STEPS = [30, 15, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05];

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

function label(value: number, positive: string, negative: string): string {
  return value === 0 ? "0°" : `${Math.abs(value)}° ${value > 0 ? positive : negative}`;
}

/** Compass letters in the page's language. */
export type Compass = { north: string; south: string; east: string; west: string };

/** Draw the lines of one view, each with the text of its degree. */
export function graticule(
  west: number, south: number, east: number, north: number, compass: Compass,
): FeatureCollection {
  const step = stepFor(Math.min(east - west, 2 * (north - south)));
  const low = Math.max(south, -85);
  const high = Math.min(north, 85);
  const line = (text: string, coordinates: number[][]) => ({
    type: "Feature" as const,
    properties: { text },
    geometry: { type: "LineString" as const, coordinates },
  });
  return {
    type: "FeatureCollection",
    features: [
      ...marks(west, east, step).map((lon) =>
        line(label(((lon + 540) % 360) - 180, compass.east, compass.west), [[lon, low], [lon, high]])),
      ...marks(low, high, step).map((lat) =>
        line(label(lat, compass.north, compass.south), [[west, lat], [east, lat]])),
    ],
  };
}
