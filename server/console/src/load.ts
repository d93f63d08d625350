import { useCallback, useEffect, useRef, useState } from "preact/hooks";

export type Loaded<T> = { data?: T; error?: Error; loading: boolean; reload: () => void };

/**
 * Loads what a key stands for, and again when it changes, and every so many
 * milliseconds if asked for. The old data stay until the new ones are there,
 * unless the key has changed. An empty key loads nothing.
 */
export function useLoad<T>(key: string, load: (signal: AbortSignal) => Promise<T>, every = 0): Loaded<T> {
  const [state, set] = useState<{ key: string; data?: T; error?: Error; loading: boolean }>({ key: "", loading: false });
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;

  useEffect(() => {
    if (!key) return;
    const abort = new AbortController();
    let timer = 0;
    const once = async () => {
      set((s) => (s.key === key ? { ...s, loading: true } : { key, loading: true }));
      try {
        const data = await latest.current(abort.signal);
        if (!abort.signal.aborted) set({ key, data, loading: false });
      } catch (error) {
        if (!abort.signal.aborted) set((s) => ({ key, data: s.key === key ? s.data : undefined, error: error as Error, loading: false }));
      }
      if (every && !abort.signal.aborted) timer = window.setTimeout(tick, every);
    };
    // Nobody looks at a hidden page: it waits until it is shown.
    const tick = () => {
      if (document.hidden) timer = window.setTimeout(tick, every);
      else void once();
    };
    void once();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [key, every, turn]);

  const reload = useCallback(() => setTurn((n) => n + 1), []);
  if (state.key !== key) return { loading: key !== "", reload };
  return { data: state.data, error: state.error, loading: state.loading, reload };
}

/** Gives a value once it has stood still for so many milliseconds. */
export function useSettled<T>(value: T, millis: number): T {
  const [settled, set] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => set(value), millis);
    return () => clearTimeout(timer);
  }, [value, millis]);
  return settled;
}
