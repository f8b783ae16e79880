// Embeds the panel, as a vendor does: the page signs a user in, opens the panel from the menu and handles its events.

import { host } from "./host.js";

const panel = document.querySelector("guestkey-panel");
const help = document.querySelector("#help");
const menu = document.querySelector("#menu");
const support = document.querySelector("#support");

help.addEventListener("click", () => {
  menu.hidden = !menu.hidden;
  help.setAttribute("aria-expanded", String(!menu.hidden));
});
support.addEventListener("click", () => panel.open());
// Everybody may have a call-back and see the account's name and version.
for (const id of ["call", "call-icon"]) document.querySelector(`#${id}`).addEventListener("click", () => panel.open("callback"));
document.querySelector("#account").addEventListener("click", () => panel.open("about"));
// The menu entry is hidden from a user without the right, unless the panel has hide-without-right="off".
document.addEventListener("guestkey:right", ({ detail }) => {
  support.parentElement.hidden = !detail.may_grant && panel.getAttribute("hide-without-right") !== "off";
});

const EVENTS = ["right", "granted", "revoked", "locked", "unlocked", "booked", "cancelled", "session-over", "sign-in"];
const token = host(panel, ["anna", "ben", "giulia", "carla"], EVENTS);

// With ?badge= every page of the product says who from support is in the account now.
const { searchParams } = new URL(location.href);
if (searchParams.has("badge")) {
  const badge = document.createElement("guestkey-badge");
  for (const name of ["language", "time-zone"]) {
    if (searchParams.has(name)) badge.setAttribute(name, searchParams.get(name));
  }
  badge.token = token;
  document.querySelector("h1").after(badge);
  import(new URL("badge.js", document.querySelector("script[src$='/panel.js']").src));
}
