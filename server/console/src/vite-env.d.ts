/// <reference types="vite/client" />

declare module "graphology-layout-forceatlas2/iterate.js" {
  /** One step of ForceAtlas2 over its matrices, in place. */
  export default function iterate(settings: Record<string, unknown>, points: Float32Array, lines: Float32Array): void;
}
