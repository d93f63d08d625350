// What the public API answers, as far as the console reads it.

export type AsOf = { seq: number; time: string };

export type Values = { name?: string; category?: string; brand?: string; price?: number; currency?: string };
export type Evidence = { edge: string; from?: string; weight: number; share: number };

export type Product = { id: string; known: boolean; values: Values; attributes?: Record<string, unknown> };
export type ProductHit = { id: string; known: boolean; support: number } & Values;
export type Products = { asOf: AsOf; of: number; products: ProductHit[] };

export type Recomm = { id: string; score: number; rank: number; source: string; reason: string[]; values: Values; evidence?: Evidence[] };
export type Answer = { asOf: AsOf; personalised: boolean; recomms: Recomm[] };

export type Parts = Record<string, number>;
export type OfferValues = {
  name?: string; products?: string[]; categories?: string[]; price?: number; memberPrice?: number; currency?: string; validFrom?: string; validThrough?: string;
};
export type OfferRecomm = {
  id: string; score: number; rank: number; source: string; reason: string[]; explanation?: string; parts: Parts; values: OfferValues; evidence?: Evidence[]; explored?: boolean;
};
export type Dropped = { id: string; rule: string };
export type OfferAnswer = {
  asOf: AsOf; personalised: boolean; activationsLeft: number; scenario: { name: string; version: number }; candidates: number; recomms: OfferRecomm[]; dropped?: Dropped[];
};

export type Affinity = { id: string; name: string; score: number; evidence: Evidence[] };
export type Affinities = { asOf: AsOf; known: boolean; products: Affinity[]; categories: Affinity[]; brands: Affinity[]; chains: Affinity[]; stores: Affinity[] };
export type Held = { id: string; name: string; weight: number; count: number; last: string; every: number };
export type Member = { id: string; homeStore?: string; chains?: string[]; timezone?: string; attributes?: Record<string, unknown> };
export type Consent = { purpose: string; chain?: string; channel?: string; granted: boolean; time?: string };
export type Activation = { offer: string; name: string; open: boolean; counts: boolean; activations: number; redemptions: number; time?: string; validThrough?: string };
export type Export = {
  id: string; known: boolean; member?: Member; affinities: Affinities; visits: number; products: Held[]; places: Held[]; activations: Activation[];
  shown: { offer: string; times: number; last: string }[]; consents: Consent[];
};
export type SendPlan = { weekday?: string; hour?: number; timezone?: string; channel?: string; confidence?: number; basis?: string[] };

export type Offer = {
  id: string; name?: string; products?: string[]; categories?: string[]; validFrom?: string; validThrough?: string; chains?: string[]; stores?: string[]; audience?: string;
  price?: number; memberPrice?: number; currency?: string; budget?: { activations?: number; redemptions?: number; discount?: number };
  perMember?: { activations?: number; redemptions?: number }; priority?: number; margin?: number; fundedBy?: string;
  state: string; since: string; covers: number; used: { activations: number; redemptions: number; shown: number; discount: number; over: number };
};
export type Offers = { asOf: AsOf; offers: Offer[]; next?: string };
export type OfferHistory = {
  asOf: AsOf; offer: string; since: string;
  days: { day: string; shown: number; activations: number; deactivations: number; redemptions: number; discount: number }[];
  shownIn: { scenario: string; channel?: string; shown: number; other?: boolean }[];
};
export type OfferMembers = { asOf: AsOf; of: number; members: { member: string; weight: number; last: string; product?: string; activated?: boolean; redeemed?: number }[] };
export type Leanings = { members: { member: string; weight: number; last: string }[] };
export type Sales = {
  asOf: AsOf; product: string; windows: { hour: number; day: number; week: number; month: number };
  hours: { start: string; sales: number }[]; days: { day: string; sales: number }[];
};

export type GraphNode = { id: string; name: string; category?: string; brand?: string; support: number; hop: number; cluster?: number };
export type GraphEdge = {
  from: string; to: string; weight?: number; support?: number; lift?: number; lastSeen?: string; refined?: number; refinedBack?: number; faded?: number;
};
export type Leaning = { product: string; weight: number; share: number; count: number; last: string; every?: number };
export type Cluster = { cluster: number; nodes: number; weight: number; category?: string; top: string[] };
export type GraphAnswer = {
  asOf: AsOf; halfLife: number; of: number; whatIf?: { halfLife: number; bound: "most" | "least" | "exact" }; nodes: GraphNode[]; edges: GraphEdge[];
  clusters?: Cluster[]; member?: string; known?: boolean; leaningHalfLife?: number; leanings?: Leaning[];
};

export type Config = {
  enabled: boolean; logic: string; count: number; weights: Record<string, number>; filter: string; booster: string; diversity: number; rotationRate: number; rotationDays: number;
  explore: { share: number; days: number; impressions: number }; maxPerCategory: number; maxPerFunder: number; priority: number; margin: number; holdDays: number;
};
export type Scenario = { id: string; version: number; config: Config };
export type Scenarios = { asOf: AsOf; scenarios: Scenario[] };
export type Version = { version: number; time?: string; config: Config; current?: boolean };
export type Versions = { asOf: AsOf; scenario: string; versions: Version[] };
export type PreviewSide = { logic: string; offers: OfferRecomm[]; products: Recomm[] };
export type Preview = { asOf: AsOf; scenario: string; version: number; config: Config; members: { member: string; known: boolean; personalised: boolean; saved: PreviewSide; preview: PreviewSide }[] };

export type Latency = { route: string; count: number; p50: number; p90: number; p99: number; max: number };
export type Stats = {
  version: string; started: string; ready: boolean; position: number; lag: number; clock?: string; products: number; places: number; members: number; sessions: number;
  events: { applied: number; duplicates: number }; bought: { nodes: number; edges: number; bytes: number; bytesPerEdge: number }; refined: { count: number };
  checkpoint?: { position: number; time: string; ageSeconds: number };
  log: { first: number; last: number; bytes: number }; storeBytes: number;
  gate: { queue: number; queueLimit: number; inFlight: number; accepted: number; duplicates: number; rejected: number };
  offers: { kept: number; active: number; activations: number; redemptions: number; shown: number };
  memory: { liveBytes: number; residentBytes: number; countedBytes: number; goroutines: number; parts: { part: string; count: number; bytes: number }[] };
  rates?: { seconds: number; events: number; duplicates: number; rejected: number; requests: number };
  latency?: Latency[];
};
export type DeadLetters = { deadLetters: { time: string; from: string; type?: string; reason: string; subject?: string }[]; kept: Record<string, number> };
