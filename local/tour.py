"""`make tour`: the whole stack on this machine, and the main job played through it, each step with the call behind it.

Every step says what it expects; one that turns out otherwise ends the tour with exit code 1.
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
REASON = "Invoice 4711 cannot be printed"
REASON_TO_ASK = "The layout of invoice 4711"


@dataclass
class Tour(Guide):
    """One walk through the main job."""

    head: str = field(default="", init=False)

    def run(self) -> None:
        """Play every step."""
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
        self.somebody_changes_one_byte(exported)

    def leave_as_found(self) -> None:
        """Revoke, withdraw and cancel what an earlier tour, or somebody trying things, left open."""
        live = self.ask("GET", "/v1/grants?state=live&limit=100", USER).json()["items"]
        for grant in live:
            self.ask("DELETE", f"/v1/grants/{grant['grant_id']}", USER)
        asked = self.ask("GET", "/v1/support/requests?limit=100", AGENT).json()["items"]
        pending = [request for request in asked if request["state"] == "pending"]
        for request in pending:
            self.ask("DELETE", f"/v1/support/requests/{request['request_id']}", AGENT)
        open_callback = self.ask("GET", "/v1/callbacks/open", USER).json().get("callback_id")
        if open_callback:
            self.ask("DELETE", f"/v1/callbacks/{open_callback}", USER)
        if live or pending or open_callback:
            left = f"{len(live)} live grants, {len(pending)} requests and {1 if open_callback else 0} call-backs"
            print(f"(Closed {left} from before, so that the story starts at its beginning.)")

    def support_is_refused(self) -> None:
        self.say("Sven of support wants in. Nobody has let him in, so he stays outside.")
        answer = self.shown("POST", "/v1/support/logins", AGENT, {"tenant_id": TENANT, "reason": REASON})
        self.expect(answer, 403, code="no_live_grant")
        print(f"   → 403 {answer.json()['code']}: {answer.json()['detail']}")

    def customer_lets_support_in(self) -> str:
        self.say("Anna, a user of Acme, lets Sven in for an hour, without export of data.")
        order = {"grantee": {"type": "agent", "id": AGENT}, "period": "1h"}
        answer = self.shown("POST", "/v1/grants", USER, order)
        self.expect(answer, 201, state="live", may_export=False)
        grant = answer.json()
        print(f"   → 201 grant {grant['grant_id']}, live from {grant['granted_at']} until {grant['ends_at']}")
        return str(grant["grant_id"])

    def product_asks(self, action: str, *, expected: str, login_id: str | None = None) -> None:
        allowed = expected == "granted"
        within = " under the entry he recorded" if login_id else ""
        self.say(f"The product asks: may Sven {action}{within}? {'Yes' if allowed else 'No'}.")
        order = {"tenant_id": TENANT, "agent_id": AGENT, "action": action}
        answer = self.shown("POST", "/v1/vendor/checks", BACKEND, order | ({"login_id": login_id} if login_id else {}))
        self.expect(answer, 200, allowed=allowed, reason=expected)
        print(f"   → 200 allowed: {str(allowed).lower()}, reason: {expected}")

    def support_enters(self) -> str:
        self.say("Sven records why he enters, before he does.")
        order = {"tenant_id": TENANT, "reason": REASON, "ticket": "T-4711"}
        answer = self.shown("POST", "/v1/support/logins", AGENT, order)
        self.expect(answer, 201, reason=REASON, ended_at=None)
        print(f"   → 201 login {answer.json()['login_id']} at {answer.json()['logged_in_at']}")
        return str(answer.json()["login_id"])

    def customer_sees_it(self, login_id: str) -> None:
        self.say("Anna sees it in the login overview: who, when, why.")
        answer = self.shown("GET", "/v1/logins?limit=1", USER)
        self.expect(answer, 200)
        login = answer.json()["items"][0]
        if login["login_id"] != login_id:
            raise Fault("the newest entry in the overview is not Sven's")
        print(f"   → 200 {login['logged_in_at']}  {login['agent']['name']}  “{login['reason']}”  still inside")

    def customer_revokes(self, grant_id: str) -> None:
        self.say("Anna revokes.")
        answer = self.shown("DELETE", f"/v1/grants/{grant_id}", USER)
        self.expect(answer, 200, state="revoked")
        print(f"   → 200 revoked at {answer.json()['revoked_at']} by {answer.json()['revoked_by']['name']}")

    def support_asks_by_mail(self) -> str:
        self.say("Later Sven must look again. He cannot let himself in, so he asks by mail.")
        order = {"tenant_id": TENANT, "reason": REASON_TO_ASK, "period": "2h", "recipients": ["anna@acme.example"]}
        answer = self.shown("POST", "/v1/support/requests", AGENT, order)
        self.expect(answer, 201, state="pending", mail="sent")
        print(f"   → 201 request {answer.json()['request_id']}, mailed, open until {answer.json()['expires_at']}")
        return str(answer.json()["request_id"])

    def mail_is_read(self, request_id: str) -> None:
        self.say("This is the mail that Anna gets. Its link carries no secret, and opening it changes nothing.")
        link = f"{self.stack.url}/activate#{request_id}"
        mail = next((mail for mail in self.stack.mails() if link in mail["text"]), None)
        if mail is None:
            raise Fault("the mail is not in the mailbox")
        print(f"   To: {', '.join(mail['to'])}\n   Subject: {mail['subject']}\n")
        print("".join(f"   | {line}".rstrip() + "\n" for line in mail["text"].strip().splitlines()), end="")

    def colleague_cannot_approve(self, request_id: str) -> None:
        self.say("Somebody forwards it to Ben, who does not hold the right. He cannot approve, and hears whom to ask.")
        answer = self.shown("POST", f"/v1/requests/{request_id}/approve", COLLEAGUE, {})
        self.expect(answer, 403, code="right_missing")
        print(f"   → 403 {answer.json()['code']}, ask: {', '.join(answer.json()['ask'])}")

    def customer_approves(self, request_id: str) -> None:
        self.say("Anna opens the link, signs in, and approves: for an hour instead of two.")
        answer = self.shown("POST", f"/v1/requests/{request_id}/approve", USER, {"period": "1h"})
        self.expect(answer, 201, state="live", period="1h", request_id=request_id)
        print(f"   → 201 grant {answer.json()['grant_id']}, live until {answer.json()['ends_at']}")

    def customer_exports_the_ledger(self) -> Path:
        self.say("Anna exports the ledger, page by page, and keeps its head.")
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
        print(f"   → 200 {len(lines.splitlines())} entries, kept in {exported.relative_to(PROJECT)}")
        print(f"     Guestkey-Head: {self.head}")
        return exported

    def customer_verifies(self, exported: Path) -> None:
        self.say("Anna verifies her copy offline. It needs nothing but Python.")
        self.verify(exported, expected=0)

    def somebody_changes_one_byte(self, exported: Path) -> None:
        self.say("Somebody changes one byte of the copy, one hour to two. The verifier names the entry.")
        changed = exported.with_name("ledger-changed.jsonl")
        before, _, after = exported.read_text().rpartition('"period":"1h"')
        changed.write_text(f'{before}"period":"2h"{after}')
        self.verify(changed, expected=1)

    def verify(self, file: Path, *, expected: int) -> None:
        """Run the verifier as a customer would, with a Python that has nothing else."""
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
    """Bring the stack up and play the tour."""
    try:
        stack = stack_of_this_project()
        stack.up()
        Tour(stack).run()
    except Fault as fault:
        sys.exit(f"guestkey: {fault}")
    print(f"\nThat was the main job. The stack goes on running at {stack.url}")
    print(f"   {stack.host_page}        Acme's help menu, with the panel in it")
    print(f"   {stack.desk_page}   the vendor's back office, with the agents' desk in it")
    print("   make token WHO=anna       a fresh token; also ben, giulia, carla, sven, dora, emil, backend")
    print('   curl -H "Authorization: Bearer $(make token WHO=anna)" "$(make url)/v1/me"')
    print("   make reset, make down     back to the sample world; stop")


if __name__ == "__main__":
    main()
