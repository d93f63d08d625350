import { useId, useRef, useState } from "preact/hooks";
import { useLoad, useSettled } from "../load";
import { Icon } from "./icons";

export type Choice = { id: string; text: string; note?: string };

/**
 * A field that finds things while it is typed in: the combobox of the ARIA
 * practices. Enter without a choice hands over the text as it stands, if free
 * allows that.
 */
export function Picker(p: {
  label: string; placeholder: string; find: (text: string, signal: AbortSignal) => Promise<Choice[]>; pick: (id: string) => void; free?: boolean; keep?: boolean;
}) {
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const asked = useSettled(text.trim(), 120);
  const found = useLoad(open ? `find ${asked}` : "", (signal) => p.find(asked, signal));
  const choices = found.data ?? [];

  const take = (choice: string) => {
    setText(p.keep ? choice : "");
    setOpen(false);
    setActive(-1);
    p.pick(choice);
  };
  const key = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (choices.length) setActive((active + step + choices.length + (active < 0 && step < 0 ? 1 : 0)) % choices.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const choice = choices[active] ?? (p.free ? undefined : choices[0]);
      if (choice) take(choice.id);
      else if (p.free && text.trim()) take(text.trim());
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      setOpen(false);
    }
  };
  const shown = open && (choices.length > 0 || (asked !== "" && !found.loading));
  return (
    <div class="picker" onFocusOut={(e) => !(e.currentTarget as Element).contains(e.relatedTarget as Node) && setOpen(false)}>
      <Icon name="lens" class="lens" />
      <input list={undefined}
        ref={input} class="input" type="search" role="combobox" autocomplete="off" spellcheck={false} aria-label={p.label} placeholder={p.placeholder}
        aria-expanded={shown} aria-controls={`${id}-list`} aria-autocomplete="list" aria-activedescendant={active >= 0 && shown ? `${id}-${active}` : undefined}
        value={text} onKeyDown={key} onFocus={() => setOpen(true)}
        onInput={(e) => { setText((e.target as HTMLInputElement).value); setOpen(true); setActive(-1); }}
      />
      <ul id={`${id}-list`} role="listbox" aria-label={p.label} hidden={!shown}>
        {choices.map((c, i) => (
          <li
            key={c.id} id={`${id}-${i}`} role="option" aria-selected={i === active}
            onPointerEnter={() => setActive(i)} onPointerDown={(e) => e.preventDefault()} onClick={() => take(c.id)}
          >
            <span class="clip">{c.text}</span>
            {c.note && <span class="small muted nowrap">{c.note}</span>}
          </li>
        ))}
        {shown && choices.length === 0 && <li role="option" aria-disabled="true" aria-selected={false} class="muted">Nothing of that name</li>}
      </ul>
    </div>
  );
}
