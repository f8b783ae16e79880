// Modules that do not exist as files: the bundle inserts the limits and the form of the
// ledger, and builds one module for each surface and language.

declare module "*/limits.js" {
  export const EXTERNAL_ID: RegExp;
  export const MAX_DESCRIPTION_LENGTH: number;
  export const MAX_EXTERNAL_ID_LENGTH: number;
  export const MAX_NOTE_LENGTH: number;
  export const MAX_PAGE_SIZE: number;
  export const MAX_PHONE_LENGTH: number;
  export const MAX_QUERY_LENGTH: number;
  export const MAX_REASON_LENGTH: number;
  export const MAX_TICKET_LENGTH: number;
  export const ULID: RegExp;
}

declare module "*/ledger.form.js" {
  export const ENTRY: RegExp;
  export const HEAD: RegExp;
  export const MAX_FINDINGS: number;
  export const MAX_HEAD_LENGTH: number;
  export const MAX_INTEGER: number;
  export const MAX_LINE_BYTES: number;
}

// The type of the texts depends on the surface, which `Catalogues` of pages.d.ts names.
declare module "*.de.js" {
  const texts: any;
  export default texts;
}
declare module "*.de-at.js" {
  const texts: any;
  export default texts;
}
declare module "*.de-ch.js" {
  const texts: any;
  export default texts;
}
declare module "*.en.js" {
  const texts: any;
  export default texts;
}
declare module "*.es.js" {
  const texts: any;
  export default texts;
}
declare module "*.it.js" {
  const texts: any;
  export default texts;
}
