// What a vendor writes to embed the desk: the account opens with the login, and closes with it.

import { host } from "./host.js";

const account = document.querySelector("#account");

document.addEventListener("guestkey:entered", ({ detail }) => {
  account.textContent = `${detail.tenant_id}, with the login ${detail.login_id}`;
});
document.addEventListener("guestkey:left", () => {
  account.textContent = "Nobody's.";
});

host(document.querySelector("guestkey-desk"), ["sven", "dora"], ["entered", "left"]);
