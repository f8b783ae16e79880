// Responses and calls of the API, as far as the pages use them. A test compares the interfaces of responses with
// docs/openapi.json.

export type Period = "1h" | "2h" | "4h" | "today" | "1w" | "2w" | "1mo" | "permanent";

export type AccessLevel = "view" | "change";
export type AgentKind = "person" | "software";

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface Person {
  user_id: string;
  name: string;
}

export interface Me {
  user_id: string;
  name: string;
  tenant_id: string;
  locale: string | null;
  may_grant: boolean;
  may_book_slot: boolean;
  default_access: AccessLevel;
}

export interface About {
  tenant_id: string;
  name: string;
  customer_name: string;
  version: string;
  time_zone: string;
  country: string;
}

export interface Department {
  id: string;
  name: string;
}

export interface Accountable {
  id: string;
  name: string;
}

/** An agent or department as lists name it; the members of agents are null, or missing, for a department. */
export interface Named {
  name: string;
  present_name?: string | null;
  kind?: AgentKind | null;
  accountable?: Accountable | null;
}

export interface DirectoryAgent {
  id: string;
  name: string;
  kind: AgentKind;
  accountable: Accountable | null;
  departments: string[];
}

export interface Directory {
  departments: Department[];
  agents: DirectoryAgent[];
}

export interface Grantee {
  type: "agent" | "department";
  id: string;
  name: string;
  present_name: string | null;
  kind: AgentKind | null;
  accountable: Accountable | null;
}

export interface Grant {
  grant_id: string;
  grantee: Grantee;
  period: Period;
  access: AccessLevel;
  may_export: boolean;
  may_automate: boolean;
  state: "live" | "revoked" | "ended";
  granted_at: string;
  granted_by: Person;
  ends_at: string | null;
  review_at: string | null;
  review_due: boolean;
  revoked_at: string | null;
  revoked_by: Person | null;
  end: "time" | "revoked" | "agent_left" | "closed" | "locked" | null;
  request_id: string | null;
}

export interface RequestAgent {
  id: string;
  name: string;
  kind: AgentKind;
  accountable: Accountable | null;
  present_name: string | null;
}

export interface Request {
  request_id: string;
  tenant_id: string;
  agent: RequestAgent;
  reason: string;
  reason_salt: string | null;
  ticket: string | null;
  period: Period;
  access: AccessLevel;
  may_export: boolean;
  state: "pending" | "approved" | "declined" | "withdrawn" | "expired";
  requested_at: string;
  expires_at: string;
  mail: "sent" | "failed";
  answered_at: string | null;
  answered_by: Person | null;
  note: string | null;
  note_salt: string | null;
  grant_id: string | null;
}

export interface LoginAgent {
  id: string;
  name: string;
  kind: AgentKind;
  accountable: Accountable | null;
  departments: string[];
  /** Only in the login overview. */
  present_name?: string | null;
}

export interface Login {
  login_id: string;
  tenant_id: string;
  agent: LoginAgent;
  reason: string;
  reason_salt: string | null;
  ticket: string | null;
  access: AccessLevel;
  may_export: boolean;
  logged_in_at: string;
  ended_at: string | null;
  end: "logged_out" | "access_over" | null;
  end_cause: "time" | "revoked" | "agent_left" | "department_left" | "closed" | "locked" | "hours" | null;
  grant_id: string;
  access_ends_at: string | null;
  /** Who gave the grant; only in the login overview. */
  granted_by?: Person | null;
}

export interface Topic {
  id: string;
  name: string;
  minutes: number;
}

export interface FreeSlot {
  starts_at: string;
  ends_at: string;
  free: number;
}

export interface CallbackAgent {
  id: string;
  name: string;
}

export interface Callback {
  callback_id: string;
  kind: "slot" | "queue";
  state: "booked" | "waiting" | "taken" | "reached" | "unreached" | "cancelled";
  topic: string;
  description: string;
  description_salt: string | null;
  phone: string;
  phone_shown: string;
  starts_at: string | null;
  ends_at: string | null;
  requested_at: string;
  requested_by: Person;
  agent: CallbackAgent | null;
  mail: "follows" | "none";
  reason: string | null;
  reason_salt: string | null;
  stranded_by: "closed" | "topic" | "lines" | null;
  version: number;
}

export interface CallbackCustomer {
  name: string;
  customer_name: string;
  country: string;
  time_zone: string;
}

export interface SupportCallback extends Callback {
  tenant_id: string;
  customer: CallbackCustomer | null;
  language: string | null;
  may_enter: boolean;
}

export interface DeskDay {
  booked: SupportCallback[];
  waiting: SupportCallback[];
  taken: SupportCallback[];
  topics: Topic[];
}

export interface Money {
  amount: string;
  currency: string;
}

export interface Fee extends Money {
  per_started_minutes: number;
}

export interface Opening {
  from: string;
  until: string;
}

export interface Hours {
  time_zone: string;
  week: Record<string, Opening[]>;
}

export interface Support {
  phone: string | null;
  email: string;
  hours: Hours;
  open_now: boolean;
  opens_at: string | null;
}

export interface Emergency {
  phone: string | null;
  answered_within_hours: number | null;
  fee: Fee | null;
}

export interface Contact {
  support: Support;
  emergency: Emergency;
}

export interface Inside {
  login_id: string;
  agent: DirectoryAgent;
  department_names: string[];
  since: string;
  access_ends_at: string | null;
  reason: string | null;
  ticket: string | null;
  grant_ids: string[] | null;
}

export interface Lock {
  locked_at: string | null;
  locked_by: Person | null;
  reason: string | null;
  reason_salt: string | null;
}

export interface Presence {
  items: Inside[];
  locked: Lock | null;
  next_change_at: string | null;
}

export interface Access {
  tenant_id: string;
  name: string;
  ends_at: string | null;
  access: AccessLevel;
  may_export: boolean;
  grant_ids: string[];
}

export interface SupportTenant {
  tenant_id: string;
  name: string;
  country: string;
  language: string;
  approver_emails: string[];
  locked: boolean;
}

/** The members of a problem document. API Gateway's own refusals have no code. */
export interface Problem {
  code?: string;
  errors?: { pointer: string; detail: string }[];
  /** With `right_missing`: addresses of users who may hold the right. */
  ask?: string[];
  /** With `callback_open`: the customer's open call-back. */
  callback?: Callback;
  /** With `request_closed`: the request's state. */
  state?: Request["state"];
}

export type Query = Record<string, string | number>;
export type Method = "GET" | "POST" | "PATCH" | "DELETE" | "PUT";

export interface Pulse {
  seq: number;
  requests_waiting: number;
}

export interface CallOptions {
  body?: object;
  key?: string;
  etag?: string;
  read?: (response: Response) => Promise<any>;
}

export interface BytesPage {
  bytes: Uint8Array<ArrayBuffer>;
  head: string | null;
  next: string | undefined;
  fileName: string | undefined;
}

interface GrantInput {
  grantee: { type: string; id: string };
  period: string;
  access?: string;
  may_export: boolean;
  may_automate?: boolean;
}

interface CallbackInput {
  topic: string;
  description: string;
  phone: string;
  starts_at?: string;
}

/** Called when the page's token is of another account by now, and when it is refused. */
export interface Listener {
  otherAccount?(): void;
  sessionOver?(): void;
}

/** Calls of the API for a customer's users. */
export interface Api {
  call(method: Method, path: string, options?: CallOptions): Promise<any>;
  get(path: string, query?: Query): Promise<any>;
  pathOf(kind: string, id: string): string;
  now(): number;
  checkAccount(): Promise<unknown>;
  me(): Promise<Me>;
  about(): Promise<About>;
  pulse(etag: string): Promise<(Pulse & { etag: string }) | null>;
  directory(q: string): Promise<Directory>;
  requests(query?: Query): Promise<Page<Request>>;
  request(id: string): Promise<Request>;
  approve(id: string, body: object, key: string): Promise<Grant>;
  decline(id: string, note?: string): Promise<Request>;
  grants(query: Query): Promise<Page<Grant>>;
  give(body: GrantInput, key: string): Promise<Grant>;
  grant(id: string): Promise<Grant>;
  revoke(id: string): Promise<Grant>;
  keep(id: string): Promise<Grant>;
  logins(query: Query): Promise<Page<Login>>;
  presence(): Promise<Presence>;
  contact(query: Query): Promise<Contact>;
}

/** Calls of the API for call-backs. */
export interface CallbackApi {
  topics(): Promise<{ items: Topic[] }>;
  slots(topic: string): Promise<{ items: FreeSlot[] }>;
  open(): Promise<Callback>;
  book(body: CallbackInput, key: string): Promise<Callback>;
  move(id: string, starts_at: string | null): Promise<Callback>;
  correct(id: string, body: { phone: string; description: string }): Promise<Callback>;
  cancel(id: string): Promise<Callback>;
}

/** Calls of the API for the vendor's agents. */
export interface SupportApi {
  access(query: Query): Promise<Page<Access>>;
  openLogins(query: Query): Promise<Page<Login>>;
  enter(body: object, key: string): Promise<Login>;
  leave(id: string): Promise<Login>;
  tenant(id: string): Promise<SupportTenant>;
  requests(query: Query): Promise<Page<Request>>;
  ask(body: object, key: string): Promise<Request>;
  sendAgain(id: string): Promise<Request>;
  withdraw(id: string): Promise<Request>;
  colleagues(): Promise<Directory>;
  callbacks(query: { day: string; language: string }): Promise<DeskDay>;
  slots(topic: string): Promise<{ items: FreeSlot[] }>;
  take(id: string): Promise<SupportCallback>;
  release(id: string): Promise<SupportCallback>;
  hand(id: string, agent_id: string): Promise<SupportCallback>;
  close(id: string, body: object): Promise<SupportCallback>;
  move(id: string, body: { starts_at: string | null; reason: string }): Promise<SupportCallback>;
  cancel(id: string, reason: string): Promise<SupportCallback>;
}
