// The cart: kept in this browser, and told to nabo, which then knows what
// completes it.
const key = "nabo-demo.cart";
const read = () => JSON.parse(localStorage.getItem(key) ?? "[]");

/** What is in the cart: [{ id, qty, values }], in the order in which it came. */
export const lines = read;

export const total = () => read().reduce((sum, { qty, values }) => sum + qty * (values.memberPrice ?? values.price ?? 0), 0);

/** Takes qty more of an item, or less, and tells nabo. */
export function put(nabo, item, qty = 1) {
  const all = read();
  let line = all.find(({ id }) => id === item.id);
  if (!line) all.push(line = { id: item.id, qty: 0, values: item.values });
  line.qty += qty;
  localStorage.setItem(key, JSON.stringify(all.filter((one) => one.qty > 0)));
  // Without consent nothing is told.
  nabo.cart({ product: item.id, qty: Math.abs(qty), price: item.values.price }, qty > 0 ? "add" : "remove");
  dispatchEvent(new Event("cart"));
}

export function empty() {
  localStorage.removeItem(key);
  dispatchEvent(new Event("cart"));
}
