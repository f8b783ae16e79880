// Embeds the agents' desk, as a vendor does: the page opens the customer account when a login begins and closes it when
// the login ends.

import { host } from "./host.js";

const account = document.querySelector("#account");

document.addEventListener("guestkey:entered", ({ detail }) => {
  account.textContent = `${detail.tenant_id}, with the login ${detail.login_id}`;
});
document.addEventListener("guestkey:left", () => {
  account.textContent = "No account is open.";
});

host(document.querySelector("guestkey-desk"), ["sven", "dora"], ["entered", "restored", "left"]);
