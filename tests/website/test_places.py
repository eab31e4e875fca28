"""What every place for the site has in common, and what each refuses. The servers are real ones, on loopback."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from standins.s3_server import KEYS, get, make_bucket, put, s3_server
from standins.sftp_server import PASSWORD, USER, sftp_server
from website.releases import body, files, release, shown, style

from crisiscomms.errors import Busy, CrisiscommsError
from crisiscomms.website.deploy import MANIFEST, FolderTarget, Release, find
from crisiscomms.website.deploy.git import Branch, GitTarget
from crisiscomms.website.deploy.rules import Rules
from crisiscomms.website.deploy.s3 import Bucket, S3Target
from crisiscomms.website.deploy.sftp import SftpPlace, SftpTarget
from crisiscomms.website.deploy.shelf import Shelf

NOW = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)
NUMBERS = count(1)


@pytest.fixture(scope="module")
def sftp(tmp_path_factory):
    with sftp_server(tmp_path_factory.mktemp("sftp")) as server:
        yield server


@pytest.fixture(scope="module")
def s3():
    with s3_server() as address:
        yield address


@pytest.fixture
def git_branch(tmp_path):
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "pages.git"], check=True)
    return Branch(str(tmp_path / "pages.git"), "pages", "Northwind", "pages@northwind.example")


@pytest.fixture
def bucket(s3):
    name = f"site-{next(NUMBERS)}"
    make_bucket(s3, name)
    return Bucket(name, "us-east-1", endpoint=s3, prefix="status", **KEYS)


@pytest.fixture
def sftp_place(sftp):
    return SftpPlace(
        "127.0.0.1", sftp.port, USER, str(sftp.folder / f"www{next(NUMBERS)}" / "public"), sftp.host_key, sftp.key
    )


@pytest.fixture(params=["folder", "git", "s3", "sftp"])
def target(request, tmp_path):
    if request.param == "folder":
        return FolderTarget(tmp_path / "public")
    if request.param == "git":
        return GitTarget(request.getfixturevalue("git_branch"), NOW)
    if request.param == "s3":
        return S3Target(request.getfixturevalue("bucket"), tmp_path / "shelf", Rules.read())
    return SftpTarget(request.getfixturevalue("sftp_place"))


def test_a_release_is_put_there_whole_and_what_was_removed_is_gone(target):
    assert body(target, MANIFEST) is None
    assert target.kept() == []
    target.put(Release.of({**files(1), "gone.html": b"<head></head>gone"}))
    target.put(release(2))
    target.put(release(2))
    assert shown(target) == release(2).files
    assert body(target, "gone.html") is None
    assert [one.stands for one in target.kept()] == [True, False]


def test_the_styles_of_the_releases_before_stay_and_older_ones_go(target):
    for number in range(7):
        target.put(release(number))
    assert [number for number in range(7) if body(target, style(number))] == [2, 3, 4, 5, 6]
    assert [one.digest for one in target.kept()] == [release(number).digest for number in (6, 5, 4, 3, 2)]


def test_an_earlier_release_is_shown_again_and_the_newest_after_it(target):
    for number in range(3):
        target.put(release(number))
    target.roll_back(find(target.kept(), release(0).name))
    assert shown(target) == release(0).files
    assert body(target, style(2)) == files(2)[style(2)]
    assert [one.digest for one in target.kept() if one.stands] == [release(0).digest]
    target.put(release(2))
    assert shown(target) == release(2).files


# -- sftp ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", ["nobody", "another"])
def test_an_unknown_server_gets_nothing(sftp, sftp_place, known, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJf0m3G7sQxVwX2tQqzk6nJm6rH1nq0v2m1mM1lJm0aB"
    place = replace(sftp_place, host_key=None if known == "nobody" else other)
    with pytest.raises(CrisiscommsError) as caught:
        SftpTarget(place).put(release(1))
    assert "is not one that we know" in caught.value.problem
    assert "host_key" in caught.value.fix
    assert not Path(place.path).parent.exists()


def test_a_server_in_known_hosts_is_known(sftp, sftp_place, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh/known_hosts").write_text(f"[127.0.0.1]:{sftp.port} {sftp.host_key}\n")
    place = replace(sftp_place, host_key=None, key=None, password=PASSWORD)
    SftpTarget(place).put(release(1))
    assert shown(SftpTarget(place)) == release(1).files


def test_a_wrong_password_is_said_and_not_repeated(sftp_place):
    place = replace(sftp_place, key=None, password="wrong-secret")
    with pytest.raises(CrisiscommsError, match="does not let us in") as caught:
        SftpTarget(place).put(release(1))
    assert "wrong-secret" not in str(caught.value) + caught.value.fix + caught.value.why


def test_a_server_that_is_not_there_is_said(sftp_place):
    place = replace(sftp_place, port=1)
    with pytest.raises(CrisiscommsError) as caught:
        SftpTarget(place).put(release(1))
    assert "127.0.0.1" in caught.value.problem


def test_a_folder_on_the_server_that_is_not_ours_is_left_alone(sftp, sftp_place):
    theirs = Path(sftp_place.path)
    theirs.mkdir(parents=True)
    (theirs / "their.html").write_text("theirs")
    with pytest.raises(CrisiscommsError, match="that we did not make"):
        SftpTarget(sftp_place).put(release(1))
    assert [path.name for path in theirs.iterdir()] == ["their.html"]


# -- git -----------------------------------------------------------------------------------------------------------


def git(branch, *words):
    return subprocess.run(["git", "-C", branch.remote, *words], capture_output=True, text=True, check=True).stdout


def test_the_same_release_is_the_same_commit_and_is_pushed_once(git_branch, tmp_path):
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "other.git"], check=True)
    other = replace(git_branch, remote=str(tmp_path / "other.git"))
    for branch in (git_branch, other):
        for number in (1, 2, 2):
            GitTarget(branch, NOW).put(release(number))
    assert git(git_branch, "rev-list", "pages") == git(other, "rev-list", "pages")
    assert git(git_branch, "rev-list", "--count", "pages").strip() == "2"
    assert f"Crisiscomms-Release: {release(2).digest}" in git(git_branch, "show", "-s", "pages")


def test_a_branch_that_moved_meanwhile_is_not_overwritten(git_branch, monkeypatch):
    from crisiscomms.website.deploy.git import _Repository

    GitTarget(git_branch, NOW).put(release(1))
    real, first = _Repository.push, [True]

    def push(self, commit):
        if first.pop() if first else False:
            GitTarget(git_branch, NOW).put(release(2))  # somebody else, at the worst moment
        real(self, commit)

    monkeypatch.setattr(_Repository, "push", push)
    with pytest.raises(Busy, match="somebody else moved the branch"):
        GitTarget(git_branch, NOW).put(release(3))
    assert shown(GitTarget(git_branch, NOW)) == release(2).files


def test_a_branch_with_other_things_is_left_alone_and_a_domain_stays(git_branch):
    GitTarget(git_branch, NOW).put(Release.of({**files(1), "CNAME": b"status.northwind.example\n"}))
    GitTarget(git_branch, NOW).put(release(2))
    assert git(git_branch, "show", "pages:CNAME") == "status.northwind.example\n"
    assert ".nojekyll" in git(git_branch, "ls-tree", "--name-only", "pages")
    script = b"commit refs/heads/main\ncommitter a <a@b> 0 +0000\ndata 1\nx\nM 100644 inline README\ndata 2\nhi\n"
    subprocess.run(["git", "-C", git_branch.remote, "fast-import", "--quiet"], input=script, check=True)
    before = git(git_branch, "rev-parse", "main")
    with pytest.raises(CrisiscommsError, match="that we did not make"):
        GitTarget(Branch(git_branch.remote, "main", "a", "a@b"), NOW).put(release(2))
    assert git(git_branch, "rev-parse", "main") == before


def test_a_repository_that_is_not_there_is_said(git_branch, tmp_path):
    with pytest.raises(CrisiscommsError) as caught:
        GitTarget(Branch(str(tmp_path / "nowhere.git"), "pages", "a", "a@b"), NOW).put(release(1))
    assert caught.value.fix


# -- s3 ------------------------------------------------------------------------------------------------------------


def test_each_file_has_its_content_type_and_tells_caches_how_long(bucket, tmp_path):
    S3Target(bucket, tmp_path / "shelf", Rules.read()).put(release(1))
    heads = {name: get(f"{bucket.endpoint}/{bucket.name}/status/{name}").headers for name in release(1).files}
    assert heads["index.html"]["Content-Type"] == "text/html; charset=utf-8"
    assert heads["incidents/checkout-outage/feed.atom"]["Content-Type"] == "application/atom+xml"
    assert heads["api/v2/summary.json"]["Content-Type"] == "application/json"
    assert heads["index.md"]["Content-Type"] == "text/markdown; charset=utf-8"
    assert heads[style(1)]["Cache-Control"] == "public, max-age=31536000, immutable"
    assert "stale-if-error" in heads["index.html"]["Cache-Control"]


def test_two_who_publish_into_one_bucket_notice_each_other(bucket, tmp_path, monkeypatch):
    ours, theirs = (S3Target(bucket, tmp_path / name, Rules.read()) for name in ("ours", "theirs"))
    ours.put(release(1))
    real = S3Target._each

    def each(work, names):
        monkeypatch.setattr(S3Target, "_each", staticmethod(real))
        theirs.put(release(2))
        real(work, names)

    monkeypatch.setattr(S3Target, "_each", staticmethod(each))
    with pytest.raises(Busy, match="somebody else published"):
        ours.put(release(3))
    ours.put(release(3))
    assert shown(ours) == release(3).files


@pytest.mark.parametrize("cut_short", [1, 5])
def test_the_style_of_what_stood_stays_however_many_deploys_were_cut_short_since(
    bucket, tmp_path, monkeypatch, cut_short
):
    target = S3Target(bucket, tmp_path / "shelf", Rules.read())
    target.put(release(0))
    with monkeypatch.context() as dying:
        dying.setattr(Shelf, "touch", lambda *_: 1 / 0)  # all of it is there, and the process ends
        with pytest.raises(ZeroDivisionError):
            target.put(release(1))
    with monkeypatch.context() as dying:
        dying.setattr(S3Target, "_each", staticmethod(lambda *_: 1 / 0))
        for number in range(2, 2 + cut_short):
            with pytest.raises(ZeroDivisionError):
                target.put(release(number))
    target.put(release(20))
    assert body(target, style(1)) == files(1)[style(1)]  # whose page somebody opened a moment ago
    assert [one.digest for one in target.kept()][:2] == [release(20).digest, release(1).digest]


def test_other_things_in_the_bucket_stay_and_a_site_that_is_not_ours_is_not_overwritten(bucket, tmp_path):
    address = f"{bucket.endpoint}/{bucket.name}/status"
    put(f"{address}/report.pdf", b"theirs")
    target = S3Target(bucket, tmp_path / "shelf", Rules.read())
    target.put(release(1))
    target.put(release(2))
    assert get(f"{address}/report.pdf").content == b"theirs"
    elsewhere = replace(bucket, prefix="other")
    put(f"{bucket.endpoint}/{bucket.name}/other/index.html", b"theirs")
    with pytest.raises(CrisiscommsError, match="that we did not make"):
        S3Target(elsewhere, tmp_path / "other", Rules.read()).put(release(1))
    assert get(f"{bucket.endpoint}/{bucket.name}/other/index.html").content == b"theirs"


def test_a_bucket_that_is_not_there_is_said_without_our_keys(bucket, tmp_path):
    nowhere = replace(bucket, name="nowhere", secret_access_key="never-to-be-shown")
    with pytest.raises(CrisiscommsError) as caught:
        S3Target(nowhere, tmp_path / "shelf", Rules.read()).put(release(1))
    assert "nowhere" in caught.value.problem
    assert "never-to-be-shown" not in str(caught.value) + caught.value.fix


# -- what is missing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("module", "extra"), [("asyncssh", "sftp"), ("obstore", "s3")])
def test_a_missing_library_is_named_with_what_installs_it(module, extra, monkeypatch):
    import sys

    from crisiscomms.website.deploy.extras import needed

    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(CrisiscommsError) as caught:
        needed(module, extra)
    assert f'"crisiscomms[{extra}]"' in caught.value.fix


def test_what_somebody_else_put_into_the_branch_is_no_release_to_go_back_to(git_branch, tmp_path):
    target = GitTarget(git_branch, NOW)
    target.put(release(1))
    other = tmp_path / "other"
    subprocess.run(["git", "clone", "--quiet", "--branch", "pages", git_branch.remote, other], check=True)
    (other / "index.html").write_text("<h1>not ours</h1>", encoding="utf-8")
    who = ["-c", "user.name=Someone", "-c", "user.email=someone@else.example"]
    subprocess.run(["git", "-C", other, *who, "commit", "--quiet", "-am", "x"], check=True)
    subprocess.run(["git", "-C", other, "push", "--quiet", "origin", "pages"], check=True)
    target.put(release(2))
    assert shown(target) == release(2).files
    target.roll_back(find(target.kept(), release(1).name))
    assert shown(target) == release(1).files
    assert b"not ours" not in body(target, "index.html")


def test_a_commit_that_claims_to_be_ours_and_is_not_is_refused(git_branch, tmp_path):
    target = GitTarget(git_branch, NOW)
    target.put(release(1))
    other = tmp_path / "other"
    subprocess.run(["git", "clone", "--quiet", "--branch", "pages", git_branch.remote, other], check=True)
    (other / "index.html").write_text("<h1>not ours</h1>", encoding="utf-8")
    who = ["-c", "user.name=Someone", "-c", "user.email=someone@else.example"]
    words = f"Publish\n\nCrisiscomms-Release: {release(1).digest}\n"
    subprocess.run(["git", "-C", other, *who, "commit", "--quiet", "-am", words], check=True)
    subprocess.run(["git", "-C", other, "push", "--quiet", "origin", "pages"], check=True)
    target.put(release(2))
    with pytest.raises(CrisiscommsError, match="was changed since it was kept"):
        target.roll_back(find(target.kept(), release(1).name))
    assert shown(target) == release(2).files
