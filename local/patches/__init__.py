"""What ministack 1.5.33 does otherwise than AWS, as far as Guestkey would notice.

Each patch is one small function whose docstring says what AWS does, what ministack does, and when to drop it. They
reach into its insides, so they hold for one version only; `tests/local` says which of them a new version breaks.
"""

from pathlib import Path

from local.patches import cloudformation, front_door, mails, permissions, sandboxes, schedules, state, tokens, ttl


def apply(*, python: Path, archives: Path) -> None:
    """Apply all of them: functions run in that interpreter and share archives unpacked in that folder."""
    cloudformation.import_api_bodies()
    cloudformation.tell_sam_the_parameters()
    cloudformation.keep_table_settings()
    cloudformation.keep_function_settings()
    cloudformation.tell_dkim_records()
    tokens.require_an_end()
    permissions.ask_for_the_sender()
    permissions.ask_for_the_group()
    ttl.sweep_like_dynamodb()
    schedules.tick_each_second()
    mails.keep_what_was_sent()
    sandboxes.run_functions_in(python)
    sandboxes.share_archives(archives)
    sandboxes.limit_sandboxes()
    sandboxes.wait_less_for_logs()
    state.save_now_and_then()
    front_door.open_front_door()
