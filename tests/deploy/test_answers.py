"""The answers of an operator: kept in a file outside git, merged with samconfig.toml."""

import subprocess
from pathlib import Path

import pytest

from deploy.answers import declared, load
from local.faults import Fault
from tests import stack

HOSTILE = 'Käse "und" Brot \\ <support@vendor.example>'


def test_what_is_saved_is_read_again_to_the_letter(answers_file: Path) -> None:
    answers = load("prod")
    answers.region, answers.registered = "eu-central-1", "acme sven"
    answers.parameters["MailSender"] = HOSTILE
    answers.save()
    again = load("prod")

    assert (again.region, again.registered, again.stack_name) == ("eu-central-1", "acme sven", "guestkey-prod")
    assert again.parameters["MailSender"] == HOSTILE
    assert again.stage == "production"


def test_the_answers_for_one_environment_leave_the_others_alone(answers_file: Path) -> None:
    for environment, region in (("default", "eu-west-1"), ("prod", "eu-central-1"), ("default", "us-east-1")):
        answers = load(environment)
        answers.region = region
        answers.save()

    assert (load("default").region, load("prod").region) == ("us-east-1", "eu-central-1")
    assert (load("default").stage, load("prod").stage) == ("development", "production")


def test_a_file_that_an_operator_broke_is_named(answers_file: Path) -> None:
    answers_file.write_text("[prod\n")

    with pytest.raises(Fault, match=r"deployment\.toml is no TOML"):
        load("prod")


def test_an_unknown_environment_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Fault, match="ENV is one of default, prod"):
        load("staging")


def test_git_does_not_see_the_file() -> None:
    done = subprocess.run(["git", "check-ignore", "-q", "deployment.toml"], cwd=stack.PROJECT, check=False)

    assert done.returncode == 0


def test_the_parameters_are_those_of_the_template() -> None:
    assert declared().keys() == stack.template()["Parameters"].keys()
