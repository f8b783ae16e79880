// What a vendor writes to embed the panel: who is signed in, where it opens, and what becomes of what it tells.

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
// Somebody who may not let support in does not see the entry, unless the page says otherwise.
document.addEventListener("guestkey:right", ({ detail }) => {
  support.parentElement.hidden = !detail.may_grant && panel.getAttribute("hide-without-right") !== "off";
});

host(panel, ["anna", "ben", "giulia", "carla"], ["right", "granted", "revoked", "booked", "cancelled"]);
