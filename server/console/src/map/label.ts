import type { Settings } from "sigma/settings";
import type { NodeDisplayData, PartialButFor } from "sigma/types";
import { colour } from "../theme";

type Data = PartialButFor<NodeDisplayData, "x" | "y" | "size" | "label" | "color"> & { side?: string; strong?: boolean; most?: number };

/** Names stand beside their points on a ground of their own, so that lines do not run through them. */
export function drawLabel(pen: CanvasRenderingContext2D, data: Data, settings: Pick<Settings, "labelFont" | "labelSize" | "labelWeight">): void {
  if (!data.label) return;
  const size = data.strong ? 14 : settings.labelSize;
  pen.font = `${data.strong ? 650 : settings.labelWeight} ${size}px ${settings.labelFont}`;
  const text = cut(data.label, data.most ?? 40);
  const gap = data.size + 5;
  const [x, y, align] = data.side === "left" ? [data.x - gap, data.y + size / 3, "right"] as const
    : data.side === "below" ? [data.x, data.y + data.size + size + 10, "center"] as const
    : [data.x + gap, data.y + size / 3, "left"] as const;
  pen.textAlign = align;
  if (data.strong) {
    const width = pen.measureText(text).width + 20;
    pen.beginPath();
    pen.roundRect(x - width / 2, y - size - 3, width, size + 13, 14);
    pen.fillStyle = colour("surface");
    pen.shadowColor = "rgba(0, 0, 0, 0.22)";
    pen.shadowBlur = 8;
    pen.fill();
    pen.shadowBlur = 0;
    pen.fillStyle = colour("ink");
    pen.fillText(text, x, y);
    return;
  }
  pen.lineJoin = "round";
  pen.lineWidth = 4;
  pen.strokeStyle = colour("ground");
  pen.strokeText(text, x, y);
  pen.fillStyle = colour("ink");
  pen.fillText(text, x, y);
  pen.textAlign = "left";
}

/** What is pointed at has a ring around it and its whole name. */
export function drawHover(pen: CanvasRenderingContext2D, data: Data, settings: Pick<Settings, "labelFont" | "labelSize" | "labelWeight">): void {
  pen.beginPath();
  pen.arc(data.x, data.y, data.size + 3, 0, Math.PI * 2);
  pen.lineWidth = 2;
  pen.strokeStyle = colour("ink");
  pen.stroke();
  drawLabel(pen, { ...data, most: 80 }, settings);
}

const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1).trimEnd()}…` : text);
