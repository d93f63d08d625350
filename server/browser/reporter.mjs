// Writes one line of JSON for each test that has ended, for browser_test.go.
export default async function* (events) {
  for await (const { type, data } of events) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    // A file that is run by itself is no test of its own; a suite is the sum of its tests.
    if (data.details?.type === "suite") continue;
    const error = data.details?.error;
    yield JSON.stringify({
      name: data.name,
      passed: type === "test:pass",
      left: data.skip !== undefined || data.todo !== undefined,
      millis: Math.round(data.details?.duration_ms ?? 0),
      error: error ? String(error.cause?.stack ?? error.cause ?? error.stack ?? error) : "",
    }) + "\n";
  }
}
