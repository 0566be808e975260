// The five verdicts as a map shows them: a shape, a pattern, a line and, last, a colour.
import type { maplibregl } from "./basemap";
import { colour } from "./data";

export const VERDICTS = ["refused", "warned", "repaired", "accepted", "pending"] as const;
export type Verdict = (typeof VERDICTS)[number];

const SCALE = 2; // pixels of an image per CSS pixel
const INK: Record<Verdict, string> = {
  refused: "bad", warned: "deduction", repaired: "buffer", accepted: "good", pending: "edge" };

/** The colour of a verdict in the reader's scheme. */
export function inkOf(verdict: Verdict): string {
  return colour(INK[verdict]);
}

type Pen = CanvasRenderingContext2D;

function picture(size: number, draw: (pen: Pen) => void): ImageData {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size * SCALE;
  const pen = canvas.getContext("2d")!;
  pen.scale(SCALE, SCALE);
  draw(pen);
  return pen.getImageData(0, 0, canvas.width, canvas.height);
}

function lines(pen: Pen, ...strokes: number[][]): void {
  for (const [x, y, ...rest] of strokes) {
    pen.beginPath();
    pen.moveTo(x!, y!);
    for (let i = 0; i < rest.length; i += 2) pen.lineTo(rest[i]!, rest[i + 1]!);
    pen.stroke();
  }
}

/** The outline of a mark of 20 pixels; the same as in the lists. */
function body(pen: Pen, verdict: Verdict): void {
  pen.beginPath();
  if (verdict === "refused") pen.roundRect(1.5, 1.5, 17, 17, 2.5);
  else if (verdict === "warned") { pen.moveTo(10, 1.5); pen.lineTo(19, 18); pen.lineTo(1, 18); pen.closePath(); }
  else if (verdict === "repaired") { pen.moveTo(10, 1); pen.lineTo(19, 10); pen.lineTo(10, 19); pen.lineTo(1, 10); pen.closePath(); }
  else pen.arc(10, 10, verdict === "pending" ? 5 : 8, 0, 2 * Math.PI);
}

function icon(verdict: Verdict): ImageData {
  return picture(22, (pen) => {
    pen.translate(1, 1);
    body(pen, verdict);
    pen.lineJoin = pen.lineCap = "round";
    pen.strokeStyle = colour("surface"); // a rim, so that marks over each other stay apart
    pen.lineWidth = 3;
    pen.stroke();
    pen.fillStyle = verdict === "pending" ? colour("surface") : inkOf(verdict);
    pen.fill();
    pen.strokeStyle = verdict === "pending" ? inkOf(verdict) : colour("surface");
    pen.lineWidth = 2;
    if (verdict === "pending") pen.stroke();
    if (verdict === "refused") lines(pen, [6, 6, 14, 14], [14, 6, 6, 14]);
    if (verdict === "warned") lines(pen, [10, 7.5, 10, 12], [10, 15, 10, 15.3]);
    if (verdict === "repaired") lines(pen, [6.5, 10, 13.5, 10], [10, 6.5, 10, 13.5]);
    if (verdict === "accepted") lines(pen, [6, 10.4, 8.8, 13.2, 14.2, 7.2]);
  });
}

/** What fills a shape; repeats without a seam. */
function pattern(verdict: Verdict): ImageData {
  return picture(8, (pen) => {
    pen.globalAlpha = 0.22;
    pen.fillStyle = inkOf(verdict);
    pen.fillRect(0, 0, 8, 8);
    pen.globalAlpha = 0.75;
    pen.strokeStyle = inkOf(verdict);
    pen.lineWidth = 1.6;
    if (verdict === "refused") lines(pen, [-2, 10, 10, -2], [-2, 2, 2, -2], [6, 10, 10, 6]);
    if (verdict === "warned") { pen.beginPath(); pen.arc(4, 4, 1.4, 0, 2 * Math.PI); pen.fill(); }
    if (verdict === "repaired") lines(pen, [0, 4, 8, 4]);
  });
}

/** The mark of a place in a boundary, to be looked at. */
function target(): ImageData {
  return picture(30, (pen) => {
    for (const [width, ink] of [[6, "surface"], [3, "ink"]] as const) {
      pen.beginPath();
      pen.arc(15, 15, 10, 0, 2 * Math.PI);
      pen.lineWidth = width;
      pen.strokeStyle = colour(ink);
      pen.stroke();
    }
  });
}

/** Put every picture into a map, or paint them anew after the scheme changed. */
export function addPictures(map: maplibregl.Map): void {
  const put = (name: string, image: ImageData): void => {
    if (map.hasImage(name)) map.updateImage(name, image);
    else map.addImage(name, image, { pixelRatio: SCALE });
  };
  for (const verdict of VERDICTS) {
    put(`mark-${verdict}`, icon(verdict));
    put(`fill-${verdict}`, pattern(verdict));
  }
  put("place", target());
}
