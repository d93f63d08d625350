import type { Page } from "../router";

const shapes: Record<Page | "lens" | "sun" | "moon" | "back" | "close" | "plus" | "minus" | "fit" | "play" | "pause", preact.JSX.Element> = {
  map: <><circle cx="6" cy="17" r="3" /><circle cx="18" cy="7" r="3" /><circle cx="6" cy="6" r="1.8" /><path d="M8.4 15.2 15.6 9M6 14V8M8 6.2 15 6.8" /></>,
  member: <><circle cx="12" cy="8" r="4" /><path d="M4.5 20c1-4 4-6 7.5-6s6.5 2 7.5 6" /></>,
  products: <><path d="M5 9h14l-1.3 10.500H6.300zM8.5 9V7.500a3.5 3.5 0 0 1 7 0V9" /></>,
  offers: <><path d="M4 4h8l8 8-8 8-8-8z" /><circle cx="8.5" cy="8.5" r="1.3" /></>,
  scenarios: <><path d="M4 7h9M17 7h3M4 17h3M11 17h9" /><circle cx="15" cy="7" r="2.2" /><circle cx="9" cy="17" r="2.2" /></>,
  now: <path d="M3 12h4l3-7 4 14 3-7h4" />,
  lens: <><circle cx="11" cy="11" r="6.5" /><path d="m16 16 4.5 4.5" /></>,
  sun: <><circle cx="12" cy="12" r="4" /><path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.400M18.4 5.6 17 7M7 17l-1.4 1.4" /></>,
  moon: <path d="M19.5 14.500A8 8 0 0 1 9.5 4.500a8 8 0 1 0 10 10z" />,
  back: <path d="M14.5 5.5 8 12l6.5 6.5" />,
  close: <path d="m6 6 12 12M18 6 6 18" />,
  plus: <path d="M12 5v14M5 12h14" />,
  minus: <path d="M5 12h14" />,
  fit: <path d="M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5" />,
  play: <path d="M8 5.500v13l10.5-6.500z" />,
  pause: <path d="M8.5 5.500v13M15.5 5.500v13" />,
};

/** A picture beside words; readers of the screen hear the words alone. */
export function Icon({ name, class: className }: { name: keyof typeof shapes; class?: string }) {
  return (
    <svg viewBox="0 0 24 24" class={className} fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      {shapes[name]}
    </svg>
  );
}
