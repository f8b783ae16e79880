"""`make tour`: starts the whole stack on this machine and shows a support case, each step with its HTTP request.

Each step checks the response. An unexpected response ends the tour with exit code 1.
"""

import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from local.__main__ import FOLDER, stack_of_this_project
from local.build import PROJECT
from local.callbacks import CallBacks
from local.faults import Fault
from local.guide import Guide

TENANT, USER, COLLEAGUE, AGENT, BACKEND = "acme", "anna", "ben", "sven", "backend"
COVERING_AGENT = {AGENT, "support"}
"""The agent, and the agent's department."""
REASON = "Invoice 4711 cannot be printed"
REASON_TO_ASK = "The layout of invoice 4711"


@dataclass
class Tour(Guide):
    """The steps of one support case, from the first refusal to the verified ledger."""

    head: str = field(default="", init=False)

    def run(self) -> None:
        """Run every step in order."""
        self.leave_as_found()
        self.support_is_refused()
        grant = self.customer_lets_support_in()
        self.product_asks("enter", expected="granted")
        self.product_asks("export", expected="export_not_granted")
        login = self.support_enters()
        self.product_asks("enter", expected="granted", login_id=login)
        self.customer_sees_it(login)
        self.customer_revokes(grant)
        self.product_asks("enter", expected="no_live_grant", login_id=login)
        request = self.support_asks_by_mail()
        self.mail_is_read(request)
        self.colleague_cannot_approve(request)
        self.customer_approves(request)
        self.product_asks("enter", expected="granted")
        CallBacks(self).run()
        exported = self.customer_exports_the_ledger()
        self.customer_verifies(exported)
        self.one_byte_is_changed(exported)

    def leave_as_found(self) -> None:
        """Close all that would change the tour's answers, and say so: earlier use of the stack left it open.

        It is what lets Sven in, his pending requests, and Acme's open call-back. Other grants are left alone.
        """
        live = self.ask("GET", "/v1/grants?state=live&limit=100", USER).json()["items"]
        covering = [grant for grant in live if grant["grantee"]["id"] in COVERING_AGENT]
        for grant in covering:
            self.ask("DELETE", f"/v1/grants/{grant['grant_id']}", USER)
        asked = self.ask("GET", "/v1/support/requests?limit=100", AGENT).json()["items"]
        pending = [request for request in asked if request["state"] == "pending"]
        for request in pending:
            self.ask("DELETE", f"/v1/support/requests/{request['request_id']}", AGENT)
        open_callback = self.ask("GET", "/v1/callbacks/open", USER).json().get("callback_id")
        if open_callback:
            self.ask("DELETE", f"/v1/callbacks/{open_callback}", USER)
        closed = [
            *(f"revoked Acme's grant to {grant['grantee']['name']}" for grant in covering),
            *(f"withdrew Sven's request {request['request_id']}" for request in pending),
            *(["cancelled Acme's call-back"] if open_callback else []),
        ]
        if closed:
            print("Sven must not be in, and Acme must not wait for a call, when the tour begins. So it first")
            print("".join(f"   {act}\n" for act in closed), end="")

    def support_is_refused(self) -> None:
        self.say("Sven, an agent, tries to enter Acme's account. No grant of Acme covers him, so he is refused.")
        answer = self.shown("POST", "/v1/support/logins", AGENT, {"tenant_id": TENANT, "reason": REASON})
        self.expect(answer, 403, code="no_live_grant")
        print(f"   → 403 {answer.json()['code']}: {answer.json()['detail']}")

    def customer_lets_support_in(self) -> str:
        self.say("Anna, a user of Acme, gives Sven a grant for one hour, without permission to export data.")
        order = {"grantee": {"type": "agent", "id": AGENT}, "period": "1h"}
        answer = self.shown("POST", "/v1/grants", USER, order)
        self.expect(answer, 201, state="live", may_export=False)
        grant = answer.json()
        print(f"   → 201 grant {grant['grant_id']}, live from {grant['granted_at']} until {grant['ends_at']}")
        return str(grant["grant_id"])

    def product_asks(self, action: str, *, expected: str, login_id: str | None = None) -> None:
        allowed = expected == "granted"
        within = " under the login he recorded" if login_id else ""
        self.say(f"The product checks whether Sven may {action}{within}. The answer is {'yes' if allowed else 'no'}.")
        order = {"tenant_id": TENANT, "agent_id": AGENT, "action": action}
        answer = self.shown("POST", "/v1/vendor/checks", BACKEND, order | ({"login_id": login_id} if login_id else {}))
        self.expect(answer, 200, allowed=allowed, reason=expected)
        print(f"   → 200 allowed: {str(allowed).lower()}, reason: {expected}")

    def support_enters(self) -> str:
        self.say("Before he enters, Sven records a login with his reason.")
        order = {"tenant_id": TENANT, "reason": REASON, "ticket": "T-4711"}
        answer = self.shown("POST", "/v1/support/logins", AGENT, order)
        self.expect(answer, 201, reason=REASON, ended_at=None)
        print(f"   → 201 login {answer.json()['login_id']} at {answer.json()['logged_in_at']}")
        return str(answer.json()["login_id"])

    def customer_sees_it(self, login_id: str) -> None:
        self.say("Anna sees the login in her overview, with the agent, the time and the reason.")
        answer = self.shown("GET", "/v1/logins?limit=1", USER)
        self.expect(answer, 200)
        login = answer.json()["items"][0]
        if login["login_id"] != login_id:
            raise Fault("the newest login in the overview is not Sven's")
        print(f"   → 200 {login['logged_in_at']}  {login['agent']['name']}  “{login['reason']}”  not ended")

    def customer_revokes(self, grant_id: str) -> None:
        self.say("Anna revokes the grant.")
        answer = self.shown("DELETE", f"/v1/grants/{grant_id}", USER)
        self.expect(answer, 200, state="revoked")
        print(f"   → 200 revoked at {answer.json()['revoked_at']} by {answer.json()['revoked_by']['name']}")

    def support_asks_by_mail(self) -> str:
        self.say("Later Sven needs access again. He sends a request, and Anna gets it by e-mail.")
        order = {"tenant_id": TENANT, "reason": REASON_TO_ASK, "period": "2h", "recipients": ["anna@acme.example"]}
        answer = self.shown("POST", "/v1/support/requests", AGENT, order)
        self.expect(answer, 201, state="pending", mail="sent")
        print(f"   → 201 request {answer.json()['request_id']}, mailed, open until {answer.json()['expires_at']}")
        return str(answer.json()["request_id"])

    def mail_is_read(self, request_id: str) -> None:
        self.say("This is the e-mail that Anna gets. Its link contains no secret, and opening it changes nothing.")
        link = f"{self.stack.url}/activate#{request_id}"
        mail = next((mail for mail in self.stack.mails() if link in mail["text"]), None)
        if mail is None:
            raise Fault("the emulator has no e-mail with the link to this request")
        print(f"   To: {', '.join(mail['to'])}\n   Subject: {mail['subject']}\n")
        print("".join(f"   | {line}".rstrip() + "\n" for line in mail["text"].strip().splitlines()), end="")

    def colleague_cannot_approve(self, request_id: str) -> None:
        self.say(
            "Ben, a user without the right, tries to approve. He is refused, and the answer names users he can ask."
        )
        answer = self.shown("POST", f"/v1/requests/{request_id}/approve", COLLEAGUE, {})
        self.expect(answer, 403, code="right_missing")
        print(f"   → 403 {answer.json()['code']}, ask: {', '.join(answer.json()['ask'])}")

    def customer_approves(self, request_id: str) -> None:
        self.say("Anna opens the link, signs in and approves the request, for one hour instead of two.")
        answer = self.shown("POST", f"/v1/requests/{request_id}/approve", USER, {"period": "1h"})
        self.expect(answer, 201, state="live", period="1h", request_id=request_id)
        print(f"   → 201 grant {answer.json()['grant_id']}, live until {answer.json()['ends_at']}")

    def customer_exports_the_ledger(self) -> Path:
        self.say("Anna exports the ledger page by page and keeps its head, the number and hash of the last entry.")
        lines, query = "", "?limit=100"
        while query:
            answer = self.shown("GET", f"/v1/ledger{query}", USER)
            self.expect(answer, 200)
            lines += answer.text
            rest = re.search(r'<(\?[^>]+)>; rel="next"', answer.headers.get("link", ""))
            query = rest[1] if rest else ""
        exported = FOLDER / "ledger.jsonl"
        exported.write_text(lines)
        self.head = answer.headers["guestkey-head"]
        print(f"   → 200 {len(lines.splitlines())} entries, saved to {exported.relative_to(PROJECT)}")
        print(f"     Guestkey-Head: {self.head}")
        return exported

    def customer_verifies(self, exported: Path) -> None:
        self.say("Anna verifies her copy offline. The verifier needs only Python.")
        self.verify(exported, expected=0)

    def one_byte_is_changed(self, exported: Path) -> None:
        self.say("One byte of the copy is changed: one hour becomes two. The verifier names the changed entry.")
        changed = exported.with_name("ledger-changed.jsonl")
        before, _, after = exported.read_text().rpartition('"period":"1h"')
        changed.write_text(f'{before}"period":"2h"{after}')
        self.verify(changed, expected=1)

    def verify(self, file: Path, *, expected: int) -> None:
        """Run the verifier as a customer does, with Python and its standard library only."""
        print(f"   make verify FILE={file.relative_to(PROJECT)} HEAD={self.head[:12]}…")
        verifier = subprocess.run(
            [sys.executable, "-S", "-m", "guestkey", "verify", str(file), "--head", self.head],
            env={"PYTHONPATH": str(PROJECT / "layers" / "core")},
            capture_output=True,
            text=True,
            check=False,
        )
        print("".join(f"   → {line}\n" for line in verifier.stdout.splitlines()), end="")
        if verifier.returncode != expected:
            raise Fault(f"the verifier ended with {verifier.returncode}: {verifier.stderr}")


def main() -> None:
    """Start the stack and run the tour."""
    try:
        stack = stack_of_this_project()
        stack.up()
        Tour(stack).run()
    except Fault as fault:
        sys.exit(f"guestkey: {fault}")
    print(f"\nThe tour is complete. The stack continues to run at {stack.url}")
    print(f"   {stack.host_page}        Acme's help menu, with the panel")
    print(f"   {stack.desk_page}   the vendor's back office, with the agents' desk")
    print("   make token WHO=anna       a new token; also for ben, giulia, carla, sven, dora, emil, backend")
    print('   curl -H "Authorization: Bearer $(make token WHO=anna)" "$(make url)/v1/me"')
    print("   make mails, make events   the e-mails that were sent, and the events on the bus, as JSON")
    print("   make reset, make down     load the sample world again; stop the stack")


if __name__ == "__main__":
    main()
