// A department: what sells more than usual of one category comes first.
import { begin, me } from "./me.js";
import { fill, frame } from "./tiles.js";

frame();
const category = new URL(location.href).searchParams.get("category") ?? "Fruit";
const nabo = await begin("shop");
const shelf = document.querySelector("[data-shelf]");
document.title = `${category} – ${document.querySelector("[data-brand]").textContent}`;
shelf.querySelector("h1").textContent = category;
const answer = await nabo.trending({ category, store: me.store, window: "7d", count: 30 });
fill(shelf, nabo, answer);
shelf.hidden = false;
shelf.querySelector(".empty").hidden = answer.recomms.length > 0;
