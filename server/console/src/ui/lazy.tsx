import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Trouble } from "./parts";

/** A page whose code is fetched when it is first shown. */
export function lazy(load: () => Promise<{ default: ComponentType }>): ComponentType {
  let loaded: ComponentType | undefined;
  return function Lazy() {
    const [View, set] = useState<ComponentType | undefined>(() => loaded);
    const [error, setError] = useState<Error>();
    useEffect(() => {
      if (loaded) return;
      load().then((m) => { loaded = m.default; set(() => m.default); }, setError);
    }, []);
    if (error) return <div class="page"><Trouble error={error} /></div>;
    return View ? <View /> : <div class="page"><p class="waiting" role="status">Loading</p></div>;
  };
}

