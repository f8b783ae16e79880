// Shared by both sample pages: lists the people to sign in as, logs the events of the element, and gives it a token.
// The parameter ?who=ben chooses the person. Every other parameter becomes an attribute of the element, for example
// ?inline= or ?language=it. The language is set in the token as well. Returns the function that returns a token.

export function host(embedded, people, events) {
  const { who = people[0], ...attributes } = Object.fromEntries(new URLSearchParams(location.search));
  for (const person of people) {
    const link = document.createElement("a");
    link.href = `?who=${person}`;
    link.textContent = person === who ? `Signed in as ${person}` : `Sign in as ${person}`;
    document.querySelector("#people").append(link, " ");
  }
  for (const event of events) {
    document.addEventListener(`guestkey:${event}`, ({ type, detail }) => {
      const line = document.createElement("li");
      line.textContent = `${type} ${JSON.stringify(detail)}`;
      document.querySelector("#told").append(line);
    });
  }
  for (const [name, value] of Object.entries(attributes)) embedded.setAttribute(name, value);
  const token = async () => {
    const asked = new URLSearchParams({ who, language: attributes.language ?? "" });
    const answer = await fetch(new URL(`token?${asked}`, import.meta.url), { cache: "no-store" });
    if (!answer.ok) throw new Error("not signed in");
    return (await answer.json()).token;
  };
  embedded.token = token;
  return token;
}
