// The types of nabo.js. Lists, events and errors are as /docs describes them.

/** Gives a connection to the server. Nothing goes out before it is used, but for events that wait from before. */
export function connect(options?: Options): Nabo;

export interface Options {
  /** Where nabo answers. The page's own origin if left out. */
  url?: string;
  /** Who the customer is; leave it out for somebody who is not logged in. */
  member?: string;
  /** The visit: a browser session, or a trip through the store. */
  session?: string;
  store?: string;
  /**
   * Whether the customer agrees. While it is not true, nothing is kept or sent
   * that names a member or a session. It is asked again each time. Without it
   * the customer counts as agreeing.
   */
  consent?: () => boolean;
  /** Where events wait and clicks are remembered. localStorage if left out; null: nowhere beyond the page. */
  storage?: Pick<Storage, "getItem" | "setItem"> | null;
  /** Called when any of it may have changed. */
  onstatus?: (status: Status) => void;
}

export interface Status {
  /** The socket: off while nothing is watched, waiting before the next try. */
  live: "off" | "connecting" | "open" | "waiting";
  /** Events that the server does not have yet. */
  waiting: number;
  consent: boolean;
}

export interface Nabo {
  /**
   * Sends an event. Where the type takes them, member, session and store are
   * those of connect unless data names others. The promise is fulfilled once
   * the event is durable, which may be after the page was offline for long, and
   * rejected when it is refused. It need not be awaited.
   */
  send<T extends EventType>(type: T, data: EventData[T], envelope?: Envelope): Promise<Ack>;
  send(type: string, data?: object, envelope?: Envelope): Promise<Ack>;

  /** Adds to the scanned basket; below zero takes out. At most 100 at once. */
  scan(product: string, qty?: number): Promise<Ack>;
  /** The product's page was opened. Right after clicked it is not counted twice. */
  view(product: string): Promise<Ack>;
  /** Changes the cart; it has the session's name. */
  cart(products: string | CartLine | (string | CartLine)[], action?: "add" | "remove" | "set"): Promise<Ack>;

  /** An answer's items were seen. */
  shown(recommId: string, ids: string[], channel?: string): Promise<Ack>;
  /**
   * An item of an answer was chosen. It counts as a view of the product; of an
   * offer, of the first product that it names, unless product says which.
   */
  clicked(recommId: string, item: string, product?: string): Promise<Ack>;
  /** The cart was bought. Only where no till or shop system sends the receipt. */
  purchased(products: (string | Line)[], purchase?: Purchase): Promise<Ack & { attributed: Attribution[] }>;

  together(product: string, ask?: Ask & { minSupport?: number }): Promise<Answer>;
  similar(product: string, ask?: Ask): Promise<Answer>;
  trending(ask?: Ask & { category?: string; window?: Window }): Promise<Answer>;
  /** What completes the products, and what is in the session's basket. */
  basket(products?: string[], ask?: Ask): Promise<Answer>;
  /** The member's goods. */
  products(ask?: Ask & { logic?: "mixed" | "buy-again" | "discover" }): Promise<Answer>;
  /** The member's offers. */
  offers(ask?: AskOffers): Promise<OfferAnswer>;
  /** Not queued: rejected with kind "unreachable" when the server cannot be asked. */
  activate(offer: string, from?: ActivatedFrom): Promise<Activated>;
  deactivate(offer: string, from?: ActivatedFrom): Promise<Activated>;

  /**
   * Watches a topic until close. member, session and store are those of connect
   * unless params names others. A broken connection goes on by itself.
   */
  live<T extends keyof Topics>(topic: T, params?: Topics[T]["params"], handlers?: Handlers<T>): Subscription;

  /** Ends every subscription. Events that wait are sent by the next connection. */
  close(): void;
}

export interface Subscription {
  close(): void;
}

export type Window = "1h" | "1d" | "7d";

export interface Topics {
  offers: { params: { member?: string; scenario?: string; store?: string; count?: number }; item: OfferRecomm; answer: OfferAnswer };
  basket: { params: { session?: string; member?: string; store?: string; count?: number }; item: Recomm; answer: Answer };
  nudges: { params: { session?: string; member?: string; store?: string }; item: never; answer: Nothing };
  trending: { params: { store?: string; window?: Window; count?: number }; item: Recomm; answer: Answer };
  events: { params: { types?: string[] }; item: never; answer: Nothing };
}

export interface Handlers<T extends keyof Topics> {
  /** The whole list, at the beginning and after frames were lost; empty for what is no list. */
  snapshot?(items: Topics[T]["item"][], frame: Frame<Topics[T]["answer"]>): void;
  /** The whole list as it is after a change, and the change. */
  delta?(items: Topics[T]["item"][], frame: Frame<Delta<Topics[T]["item"]>>): void;
  nudge?(nudge: Nudge, frame: Frame<Nudge>): void;
  event?(event: LiveEvent, frame: Frame<LiveEvent>): void;
  /** error only with refused. */
  status?(status: LiveStatus, error?: NaboError): void;
}

/** broken: it will be tried again. no-consent: it waits for consent. refused: it will not. */
export type LiveStatus = "connecting" | "live" | "broken" | "no-consent" | "refused";

export interface Frame<D> {
  type: string;
  ref: string;
  seq: number;
  data: D;
}
export interface Delta<I> {
  recommId: string;
  asOf: AsOf;
  added: I[];
  removed: string[];
  moved: { id: string; rank: number; score: number }[];
  /** The same items with other content. */
  changed: I[];
  /** The type of the event that brought it, "price", "time", "several". */
  cause: string;
}
export interface Nothing {
  asOf: AsOf;
  recomms: never[];
}

export interface Nudge {
  offer: string;
  product: string;
  reason: string[];
  expires?: string;
  activated: boolean;
  /** What the basket still lacks. */
  missing?: string[];
  values: OfferValues;
}
export type LiveEvent =
  | { seq: number; event: { type: string; time: string; store?: string; lines?: number; products?: string[] }; dead?: undefined }
  | { dead: { reason: string; type: string }; event?: undefined };

/** Where an event comes from, if not from here: source and id name it, so that it counts once. */
export interface Envelope {
  id?: string;
  source?: string;
}

/** Of the request that carried the event, which may have carried others. */
export interface Ack {
  accepted: number;
  duplicates: number;
  rejected: { index: number; pointer: string; detail: string }[];
  /** Give it as minSeq to a read that must reflect the event. */
  seq: number;
}

export interface CartLine {
  product: string;
  qty?: number;
  price?: number;
}
export interface Line extends CartLine {
  discount?: number;
  offer?: string;
}
export interface Purchase extends Envelope {
  /** Offers that were redeemed with it. */
  offers?: string[];
  currency?: string;
  store?: string;
  chain?: string;
}
export interface Attribution {
  id: string;
  recommId: string;
}

/** What most questions take. signal ends the wait. */
export interface Ask {
  count?: number;
  store?: string;
  chain?: string;
  exclude?: string[];
  scenario?: string;
  explain?: boolean;
  minSeq?: number;
  signal?: AbortSignal;
}
export interface AskOffers extends Ask {
  channel?: "email" | "push" | "inapp";
  session?: string;
  basket?: string[];
  filter?: string;
  booster?: string;
  diversity?: number;
  rotationRate?: number;
}
export interface ActivatedFrom {
  channel?: string;
  recommId?: string;
  scenario?: string;
  store?: string;
  chain?: string;
}

export interface AsOf {
  seq: number;
  time: string;
}
interface AnyAnswer<I> {
  recommId: string;
  asOf: AsOf;
  personalised: boolean;
  recomms: I[];
  previous?: string;
}
export interface Answer extends AnyAnswer<Recomm> {
  scenario?: { name: string; version: number };
}
export interface OfferAnswer extends AnyAnswer<OfferRecomm> {
  activationsLeft: number;
  scenario: { name: string; version: number };
  candidates: number;
  dropped?: { id: string; rule: string }[];
}
interface Item {
  id: string;
  score: number;
  rank: number;
  source: "filler" | "repeat" | "together" | "trend" | "kind";
  reason: string[];
  evidence?: { edge: string; from?: string; weight: number; share: number }[];
}
export interface Recomm extends Item {
  support?: number;
  lift?: number;
  lastSeen?: string;
  values: { name: string; category?: string; brand?: string; price?: number; currency?: string; image?: string };
}
export interface OfferRecomm extends Item {
  parts?: Record<string, number>;
  explored?: boolean;
  explanation?: string;
  values: OfferValues;
}
export interface OfferValues {
  name: string;
  image?: string;
  price?: number;
  memberPrice?: number;
  currency?: string;
  validFrom?: string;
  validThrough?: string;
  products?: string[];
  fundedBy?: string;
  attributes?: Record<string, string | number | boolean>;
}
export interface Activated {
  asOf: AsOf;
  activationsLeft: number;
  nextOffer: OfferRecomm | null;
}

interface Who {
  member?: string;
  session?: string;
  store?: string;
  chain?: string;
}
/** The events that a page sends. */
export interface EventData {
  receipt: Who & { currency?: string; original?: string } & ({ lines: Line[]; products?: undefined } | { products: string[]; lines?: undefined });
  view: Who & { product: string; recommId?: string };
  cart: Who & { cart: string; action: "add" | "remove" | "set"; lines: CartLine[] };
  scan: Who & { product: string; action: "add" | "remove" };
  impression: Who & { recommId?: string; ids: string[]; channel?: string };
  "offer.activated": Who & { offer: string; channel?: string; recommId?: string };
  "offer.deactivated": Who & { offer: string; channel?: string; recommId?: string };
  "offer.redeemed": Who & { offer: string; channel?: string; recommId?: string; receipt?: string; discount?: number };
  "consent.changed": { member?: string; chain?: string; channel?: "email" | "push" | "inapp"; purpose: "personalisation" | "marketing"; granted: boolean };
  "member.identified": { member?: string; session?: string };
}
export type EventType = keyof EventData;

export interface Problem {
  type: string;
  title?: string;
  status?: number;
  detail?: string;
  errors?: { pointer: string; detail: string }[];
}

/** Every error that nabo.js gives. */
export class NaboError extends Error {
  constructor(problem: Problem, options?: ErrorOptions);
  /** As the server wrote it. */
  readonly problem: Problem;
  /** The HTTP status; 0 where no server said it. */
  readonly status: number;
  /** The end of the problem's type: "unreachable", "no-consent", "outbox-full", "closed", and the server's own. */
  readonly kind: string;
}
