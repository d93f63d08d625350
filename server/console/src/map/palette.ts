import type { Theme } from "../theme";

/** A colour of OKLCH, as the drawing library reads it. */
function hex(lightness: number, chroma: number, hue: number): string {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return "#" + linear.map((v) => {
    const x = v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055;
    return Math.round(Math.min(1, Math.max(0, x)) * 255).toString(16).padStart(2, "0");
  }).join("");
}

const places = new Map<string, number>();

/** A category keeps its colour for as long as the page is open. */
export function categoryColour(category: string | undefined, theme: Theme): string {
  const [lightness, chroma] = theme === "dark" ? [0.77, 0.115] : [0.6, 0.125];
  if (!category) return hex(lightness, 0.015, 180);
  let place = places.get(category);
  if (place === undefined) places.set(category, (place = places.size));
  // The golden angle keeps any number of hues apart; two tones tell near ones apart.
  return hex(lightness + (place % 2 ? 0.05 : -0.03), chroma, (165 + place * 137.508) % 360);
}

/** The same colour, seen through: amount from 0 to 1. Lines are blended as premultiplied. */
export function through(colour: string, amount: number): string {
  const n = parseInt(colour.slice(1), 16);
  const part = (shift: number) => Math.round(((n >> shift) & 255) * amount);
  return `rgba(${part(16)}, ${part(8)}, ${part(0)}, ${Math.round(amount * 255) / 255})`;
}
