"""/v1/support/requests, /v1/support/tenants: an agent asks a customer for a grant by e-mail."""

from guestkey import cold_start

cold_start.begin_cold_start()

from guestkey import errors, settings
from guestkey.edge.bodies.support import RequestInput
from guestkey.edge.http import cursors, ids, routes
from guestkey.edge.http.cursors import Cursor, Limit
from guestkey.edge.mail import send
from guestkey.edge.mail.activation import Draft, draft, send_draft
from guestkey.edge.responses.requests import Request
from guestkey.edge.responses.response import Page
from guestkey.edge.responses.tenants import SupportTenant
from guestkey.errors import NoApprovers, RecipientUnknown
from guestkey.rules import requests as rules
from guestkey.rules.limits import ULID
from guestkey.store import clock
from guestkey.store.dynamodb.client import open_client
from guestkey.store.dynamodb.retry import transact
from guestkey.store.registry import people, tenants
from guestkey.store.requests import asking, rate_limits, requests

app = routes.resolver()

SHOWING = (errors.TenantUnknown, errors.TooManyRequests)
ASKING = (*SHOWING, errors.PolicyForbids, NoApprovers, RecipientUnknown, errors.IdempotencyKeyReused)
WITHDRAWING = (errors.NotFound, errors.RequestClosed, errors.RequestExpired)
SENDING = (*WITHDRAWING, NoApprovers, RecipientUnknown, errors.TooManyRequests)


@routes.route(app, "GET /v1/support/tenants/{tenant_id}", "Show a customer", "support", *SHOWING)
def show_tenant(tenant_id: str) -> SupportTenant:
    """Return a customer, its approver addresses, and whether it has locked all access."""
    agent_id, now = routes.agent_id(app), clock.now()
    context = asking.load(agent_id, ids.valid_external_id(tenant_id), now)
    return SupportTenant.read(context.tenant, locked=context.is_locked, policy_version=context.policy.version)


@routes.route(app, "POST /v1/support/requests", "Make a request", "support", *ASKING, status=201)
def ask_for_access(body: RequestInput) -> Request:
    """Ask a customer for a grant for yourself. The e-mail has no secret; only the customer's users can answer."""
    agent_id, now, request_id, salt = routes.agent_id(app), clock.now(), ids.new_id(), ids.new_salt()
    record = routes.idempotency_record(app)

    def ask(context: asking.AskingContext) -> Draft:
        try:
            request = rules.ask(
                request_id=request_id,
                agent=context.agent,
                tenant=context.tenant,
                recipients=body.recipients,
                reason=body.reason,
                reason_salt=salt,
                ticket=body.ticket,
                period=body.period,
                access=body.access or settings.DEFAULT_ACCESS,
                may_export=body.may_export,
                life=settings.REQUEST_LIFE,
                rules=context.policy.rules_at(now),
                now=now,
            )
        except RecipientUnknown:
            rate_limits.count_unknown(agent_id, now)
            raise
        # The e-mail is composed before anything is stored, so that afterwards only SES can fail.
        return draft(request, context.agent, context.tenant)

    drafted = transact(
        load=lambda: asking.load_context(agent_id, body.tenant_id, record, now),
        decide=ask,
        save=lambda drafted, context: asking.save(
            drafted.request, context, record and record.with_response(Request.of(drafted.request, now).as_text())
        ),
        tries=asking.MAX_ASKING_TRIES,
    )
    return send_draft(drafted, drafted.request.recipients, record)


@routes.route(app, "GET /v1/support/requests", "List your requests", "support", errors.CursorInvalid)
def list_own_requests(limit: Limit = 50, cursor: Cursor = None) -> Page[Request]:
    """List your own requests, newest first."""
    agent, now = people.active_agent(routes.agent_id(app)), clock.now()
    scope = cursors.scope(agent.agent_id, "requests")
    found = requests.of_agent(agent, cursors.position(cursor, scope, ULID), limit + 1)
    return Page.of(found, limit, scope, lambda request: Request.of(request, now))


@routes.route(app, "POST /v1/support/requests/{request_id}/send", "Send a request again", "support", *SENDING)
def send_again(request_id: str) -> Request:
    """Send the e-mails of a request of your own again, to those recipients that are still registered."""
    agent, now = people.active_agent(routes.agent_id(app)), clock.now()
    request = requests.find_own(agent, ids.valid_id(request_id))
    rules.require_pending(request, now)
    tenant = tenants.tenant(request.tenant_id)
    recipients = rules.still_registered(request, tenant)
    drafted = draft(request, agent, tenant)
    asking.count_again(request, now)
    return send_draft(drafted, recipients, None)


@routes.route(app, "DELETE /v1/support/requests/{request_id}", "Withdraw a request", "support", *WITHDRAWING)
def withdraw_request(request_id: str) -> Request:
    """Withdraw a request of your own. Withdrawing twice returns the same request."""
    agent, now = people.active_agent(routes.agent_id(app)), clock.now()
    withdrawn = transact(
        load=lambda: requests.find_own(agent, ids.valid_id(request_id)),
        decide=lambda request: rules.withdraw(request, now),
        save=lambda withdrawn, request: asking.save_withdrawn(withdrawn, request, now),
    )
    return Request.of(withdrawn, now)


lambda_handler = routes.serve(app)
cold_start.end_cold_start(open_client, send.client)
