import iterate from "graphology-layout-forceatlas2/iterate.js";
import type { Job, Step } from "./layout";

// Lays points out by their bindings: strong ones pull, all push each other off.
let current = 0;

onmessage = (message: MessageEvent<Job>) => {
  const job = message.data;
  current = job.id;
  const settings = {
    linLogMode: true, outboundAttractionDistribution: true, adjustSizes: false, edgeWeightInfluence: 1, scalingRatio: 3, strongGravityMode: false,
    gravity: 0.9, slowDown: 1 + Math.log(job.points.length / 10), barnesHutOptimize: job.points.length > 3000, barnesHutTheta: 0.7,
  };
  let left = job.steps;
  const work = () => {
    if (current !== job.id) return;
    const until = performance.now() + 30;
    while (left > 0 && performance.now() < until) {
      iterate(settings, job.points, job.lines);
      left--;
    }
    const places = new Float32Array(job.points.length / 5);
    for (let i = 0, n = 0; n < job.points.length; n += 10) {
      places[i++] = job.points[n]!;
      places[i++] = job.points[n + 1]!;
    }
    const step: Step = { id: job.id, places, done: left === 0 };
    postMessage(step, { transfer: [places.buffer] });
    if (left > 0) setTimeout(work, 0);
  };
  work();
};
