"""What a reader meets while the site changes: the release before or the release after, and never half of one."""

import os
import threading
import time

import pytest

from crisiscomms.errors import CrisiscommsError
from crisiscomms.website import deploy_folder, read_back

NAMES = (
    "index.html",
    "incidents/checkout-outage/index.html",
    "incidents/checkout-outage/feed.atom",
    "assets/style.css",
)


def release(number):
    return {name: f"{name} of release {number}\n".encode() * 50 for name in NAMES}


@pytest.fixture
def target(tmp_path):
    return tmp_path / "www" / "public"


def releases(target):
    return sorted(path for path in (target.parent / f".{target.name}-releases").iterdir() if path.is_dir())


def shown(target):
    return {str(path.relative_to(target)): path.read_bytes() for path in target.rglob("*") if path.is_file()}


def test_the_folder_shows_exactly_the_files(target):
    files = release(1)
    digest = deploy_folder(files, target)
    assert shown(target) == files
    assert target.is_symlink()
    assert str(target.readlink()) == f".public-releases/{digest[:16]}"  # relative, so that the whole may be moved
    assert read_back(files, target) == []


def test_what_was_removed_from_the_site_is_gone(target):
    deploy_folder({**release(1), "gone.html": b"gone"}, target)
    deploy_folder(release(1), target)
    assert shown(target) == release(1)


def test_the_digest_names_the_content(target, tmp_path):
    files = release(1)
    backwards = dict(reversed(files.items()))
    assert deploy_folder(files, target) == deploy_folder(backwards, tmp_path / "other")
    assert deploy_folder({**files, "index.html": b"other"}, target) != deploy_folder(files, target)


def test_the_same_site_again_touches_nothing(target):
    deploy_folder(release(1), target)
    before = (target.lstat().st_mtime_ns, target.lstat().st_ino, releases(target)[0].stat().st_mtime_ns)
    deploy_folder(release(1), target)
    assert (target.lstat().st_mtime_ns, target.lstat().st_ino, releases(target)[0].stat().st_mtime_ns) == before


def test_a_file_that_was_changed_by_hand_is_named_and_put_right(target):
    deploy_folder(release(1), target)
    (target / "index.html").write_bytes(b"changed by hand")
    (target / "assets/style.css").unlink()
    assert read_back(release(1), target) == ["assets/style.css", "index.html"]
    deploy_folder(release(1), target)
    assert shown(target) == release(1)


def test_repairing_one_release_leaves_the_others_alone(target):
    old = release(1)
    deploy_folder(old, target)
    new = {**old, "index.html": b"new"}
    deploy_folder(new, target)
    (target / "assets/style.css").unlink()
    (target / "assets/style.css").write_bytes(b"changed by hand")
    deploy_folder(new, target)
    deploy_folder(old, target)
    assert shown(target) == old


def test_a_reader_only_ever_sees_whole_releases(target):
    whole = [release(number) for number in range(31)]
    deploy_folder(whole[0], target)
    problems, seen, stop = [], set(), threading.Event()

    def poll():
        while not stop.is_set():
            for name in NAMES:
                try:
                    body = (target / name).read_bytes()
                except OSError as error:
                    problems.append(error)
                    continue
                found = [number for number, files in enumerate(whole) if files[name] == body]
                if len(found) != 1:
                    problems.append(name)
                seen.update(found)
            here = os.path.realpath(target)
            number = [n for n, files in enumerate(whole) if not read_back(files, target)]
            if os.path.realpath(target) == here and len(number) != 1:
                problems.append(here)

    reader = threading.Thread(target=poll)
    reader.start()
    for files in whole[1:]:
        deploy_folder(files, target)
        time.sleep(0.005)
    stop.set()
    reader.join()
    assert problems == []
    assert len(seen) > 1
    assert shown(target) == whole[-1]


def test_the_newest_five_releases_stay(target):
    digests = [deploy_folder(release(number), target) for number in range(9)]
    assert {path.name for path in releases(target)} == {digest[:16] for digest in digests[-5:]}


def test_going_back_to_an_old_release_counts_as_the_newest(target):
    digests = [deploy_folder(release(number), target) for number in range(5)]
    deploy_folder(release(0), target)
    deploy_folder(release(5), target)
    assert digests[0][:16] in {path.name for path in releases(target)}
    assert digests[1][:16] not in {path.name for path in releases(target)}


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_is_not_ours_is_left_alone(target, kind, tmp_path):
    target.parent.mkdir()
    if kind == "folder":
        target.mkdir()
        (target / "their.html").write_text("theirs")
    elif kind == "file":
        target.write_text("theirs")
    else:
        target.symlink_to(tmp_path)
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    with pytest.raises(CrisiscommsError) as caught:
        deploy_folder(release(1), target)
    assert "that we did not make" in caught.value.problem
    assert caught.value.place
    assert caught.value.why
    assert caught.value.fix
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    "name",
    [
        "../out.html",
        "/etc/out.html",
        "a/../../out.html",
        "a\\b.html",
        "",
        ".",
        "a//b.html",
        "./a.html",
        "C:/a.html",
        "a/b.html\0",
    ],
)
def test_a_path_that_leads_outside_is_refused(target, name):
    deploy_folder(release(1), target)
    with pytest.raises(CrisiscommsError) as caught:
        deploy_folder({**release(2), name: b"out"}, target)
    assert caught.value.fix
    assert shown(target) == release(1)


@pytest.mark.parametrize("step", range(12))
def test_killed_half_way_the_old_release_stands_and_the_next_try_succeeds(target, step):
    """A child process dies without any clean-up, a few writes into the second release."""
    deploy_folder(release(1), target)
    child = os.fork()
    if child == 0:
        left, real = step, os.fsync

        def dying(opened):
            nonlocal left
            if left == 0:
                os._exit(9)
            left -= 1
            real(opened)

        os.fsync = dying
        deploy_folder(release(2), target)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    # Four files, four folders and the folder of releases are safe on disk before the switch, its own folder after.
    assert shown(target) == release(1 if step < 9 else 2)
    assert os.waitstatus_to_exitcode(status) == (9 if step < 10 else 0)
    deploy_folder(release(2), target)
    assert shown(target) == release(2)
    assert not list(target.parent.rglob("*.part"))


def test_any_error_half_way_leaves_the_old_release(target, monkeypatch):
    deploy_folder(release(1), target)

    def full(_opened):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            deploy_folder(release(2), target)
    assert shown(target) == release(1)
