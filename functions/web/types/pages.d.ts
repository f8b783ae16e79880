// Values that modules of the pages share: texts, languages and sessions.

import type english from "../texts/en.json";
import type { About, Api, Me, SupportApi } from "./api";

/** Texts that are looked up by a word of the API's. */
interface LookedUp {
  failed: Record<string, string>;
}

export type SharedTexts = (typeof english)["shared"] & LookedUp;
export type PanelTexts = SharedTexts & (typeof english)["panel"];
/** The texts of all tabs but the first. */
export type LaterTexts = PanelTexts &
  (typeof english)["panel.later"] & {
    grants: { ends: Record<string, string> };
    filter: { ranges: Record<string, string> };
  };
/** The texts of the lockdown, beside those of the first tab. */
export type LockTexts = PanelTexts & (typeof english)["panel.lock"];
/** The texts of the badge, which has no others. */
export type BadgeTexts = (typeof english)["badge"];
export type LedgerTexts = SharedTexts & (typeof english)["ledger"];
export type DeskTexts = SharedTexts & (typeof english)["desk"];
export type PageTexts = SharedTexts & (typeof english)["activate"] & { over: { ends: Record<string, string> } };

/** For each tag of a language or region, the function that loads its texts. */
export type Catalogues<Texts = SharedTexts> = Record<string, () => Promise<{ default: Texts }>>;

/** The language of an element or page: its tag, the locale of dates and numbers, and its texts. */
export interface Language<Texts = SharedTexts> {
  tag: string;
  locale: string;
  texts: Texts;
}

/** A language, and the time zone of the times shown. */
export interface Zoned<Texts = SharedTexts> extends Language<Texts> {
  zone: string;
}

/** A language, and the function that returns elements to show beside a failure. */
export interface FailingLanguage extends Language {
  afterFailure?(error: unknown): Child[];
}

/** The data and functions of an element, for its tabs. */
export interface Session<Texts = SharedTexts> extends Zoned<Texts> {
  guestkey: Api;
  afterFailure(error: unknown): Child[];
  emit(name: string, detail: object): void;
}

export interface PanelSession<Texts = PanelTexts> extends Session<Texts> {
  me: Me;
  about: About;
}

/** The session of all tabs but the first. */
export type LaterSession = PanelSession<LaterTexts>;

export interface DeskSession extends Session<DeskTexts> {
  support: SupportApi;
}

/** The content of a tab, and the function that reloads it. */
export type Tab = [children: (Node | string | null)[], refresh?: () => unknown];

export type Child = Node | string | null;
export type Children = (Child | false | undefined | "" | 0)[];
export type Field = HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement;

/** Attributes of an element. One that is false or null is left out; one named `on…` is an event listener. */
export type Attributes = Record<string, string | number | boolean | null | ((event: any) => unknown)>;

/** A notice: something was done, something failed, or something is under way. */
export type NoticeKind = "ok" | "error" | "busy";

/** Something that can be done about a notice. */
export interface NoticeAction {
  text: string;
  press: () => unknown;
}

/** The result of an action: a text to announce, and what can be done about it. */
export type ActionResult = string | void | null | [string, ...NoticeAction[]];

/** A value in a text, by the name of its placeholder. */
export type Values = Record<string, unknown>;
