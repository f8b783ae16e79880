// What a vendor writes to embed the panel: who is signed in, where it opens, and what becomes of what it tells.
// ?who=ben is somebody else; every other parameter becomes an attribute of the panel, as ?inline= or ?language=it, which
// is the language of who is signed in, too.

const PEOPLE = ["anna", "ben", "giulia", "carla"];
const EVENTS = ["right", "granted", "revoked", "booked", "cancelled"];

const { who = "anna", ...attributes } = Object.fromEntries(new URLSearchParams(location.search));
const panel = document.querySelector("guestkey-panel");
const help = document.querySelector("#help");
const menu = document.querySelector("#menu");
const support = document.querySelector("#support");

for (const person of PEOPLE) {
  const link = document.createElement("a");
  link.href = `?who=${person}`;
  link.textContent = person === who ? `You are ${person}` : `Be ${person}`;
  document.querySelector("#people").append(link, " ");
}

help.addEventListener("click", () => {
  menu.hidden = !menu.hidden;
  help.setAttribute("aria-expanded", String(!menu.hidden));
});
support.addEventListener("click", () => panel.open());

for (const event of EVENTS) {
  document.addEventListener(`guestkey:${event}`, ({ type, detail }) => {
    const line = document.createElement("li");
    line.textContent = `${type} ${JSON.stringify(detail)}`;
    document.querySelector("#told").append(line);
  });
}
// Somebody who may not let support in does not see the entry, unless the page says otherwise.
document.addEventListener("guestkey:right", ({ detail }) => {
  support.parentElement.hidden = !detail.may_grant && panel.getAttribute("hide-without-right") !== "off";
});

for (const [name, value] of Object.entries(attributes)) panel.setAttribute(name, value);
panel.token = async () => {
  const asked = new URLSearchParams({ who, language: attributes.language ?? "" });
  const answer = await fetch(`host/token?${asked}`, { cache: "no-store" });
  if (!answer.ok) throw new Error("not signed in");
  return (await answer.json()).token;
};
