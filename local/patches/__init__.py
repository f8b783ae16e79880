"""Patches for the differences between ministack 1.5.33 and AWS that affect Guestkey.

Each patch is one function. Its docstring names the behaviour of AWS, the behaviour of ministack, and the condition
under which the patch can be dropped. The patches replace private code, so they work with one version only;
`tests/local` shows which of them a new version breaks.
"""

from pathlib import Path

from local.journal import Journal
from local.patches import (
    cloudformation,
    events,
    front_door,
    mails,
    parsing,
    permissions,
    production,
    sandboxes,
    schedules,
    state,
    streams,
    tokens,
    ttl,
)


def apply(*, python: Path, folder: Path) -> None:
    """Apply all patches. Functions run in the interpreter `python`; archives, mails and events are kept in `folder`."""
    sent, published = Journal(folder / "mails.jsonl"), Journal(folder / "events.jsonl")
    cloudformation.import_api_bodies()
    cloudformation.name_reachable_api()
    cloudformation.name_reachable_token_endpoint()
    cloudformation.pass_parameters_to_sam()
    cloudformation.keep_table_settings()
    cloudformation.keep_function_settings()
    cloudformation.return_dkim_records()
    production.accept_gradual_deployments()
    production.accept_alarms_on_sums()
    tokens.require_expiry()
    permissions.check_sender_identity()
    permissions.check_schedule_group()
    permissions.set_condition_keys()
    parsing.parse_expressions_once()
    parsing.parse_policies_once()
    ttl.sweep_like_dynamodb()
    schedules.tick_each_second()
    mails.record_in(sent)
    events.record_in(published)
    sandboxes.run_functions_in(python)
    sandboxes.share_archives(folder / "archives")
    sandboxes.limit_sandboxes()
    sandboxes.share_reserved_concurrency()
    sandboxes.read_logs_to_their_end()
    streams.repeat_returned_records()
    streams.work_while_serving()
    streams.keep_undelivered_records()
    state.save_periodically()
    front_door.route_requests(sent, published)
