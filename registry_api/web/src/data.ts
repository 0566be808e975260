// What the server hands to an island: a JSON block beside it, and colours from the style sheet.

/** Read the JSON block that an element names in `data-source`. */
export function readData<T>(element: HTMLElement): T {
  const id = element.dataset.source;
  const block = id === undefined ? null : document.getElementById(id);
  if (block === null) throw new Error(`no data block '${id}' for this island`);
  return JSON.parse(block.textContent ?? "null") as T;
}

/** A colour of the current scheme, by the name of its custom property. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Run now and whenever the reader's colour scheme changes. */
export function onSchemeChange(paint: () => void): void {
  paint();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
}

/** Only paths on this site may be linked from data. */
export function ownPath(href: string | undefined): string | null {
  return href !== undefined && (/^\/(?!\/)/.test(href) || href.startsWith("#")) ? href : null;
}
