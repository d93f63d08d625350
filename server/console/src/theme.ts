import { effect, signal } from "@preact/signals";

export type Theme = "light" | "dark";
type Choice = Theme | "system";

const key = "nabo-console-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

function stored(): Choice {
  try {
    const value = localStorage.getItem(key);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system"; // storage may be off
  }
}

const choice = signal<Choice>(stored());
const system = signal<Theme>(dark.matches ? "dark" : "light");
dark.addEventListener("change", () => (system.value = dark.matches ? "dark" : "light"));

/** What is shown now. */
export const theme = signal<Theme>("light");

effect(() => {
  theme.value = choice.value === "system" ? system.value : choice.value;
  document.documentElement.dataset.theme = theme.value;
});

/** Changes between light and dark; what the system has needs no note. */
export function turn(): void {
  const next: Theme = theme.value === "dark" ? "light" : "dark";
  choice.value = next === system.value ? "system" : next;
  try {
    if (choice.value === "system") localStorage.removeItem(key);
    else localStorage.setItem(key, choice.value);
  } catch {
    // It then holds until the page is closed.
  }
}

const colours = new Map<string, string>();

/** A colour of the theme, by the name of its custom property. */
export function colour(name: string): string {
  const key = `${theme.peek()} ${name}`;
  let found = colours.get(key);
  if (!found) colours.set(key, (found = getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()));
  return found;
}
