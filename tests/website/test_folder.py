"""What a reader of a folder meets while the site changes: the release before or the release after, never half of one."""

import os
import sys
import threading
import time
from pathlib import Path

import pytest
from website.releases import body, files, named_in, release, shown, style

from crisiscomms.errors import CrisiscommsError
from crisiscomms.website.deploy import FolderTarget, Release, find
from crisiscomms.website.deploy.verify import differing


@pytest.fixture
def target(tmp_path):
    return FolderTarget(tmp_path / "www" / "public")


def releases(target):
    return {path.name for path in target.shelf.folder.iterdir() if path.is_dir()}


def on_disk(target):
    return {
        str(path.relative_to(target.folder)): path.read_bytes() for path in target.folder.rglob("*") if path.is_file()
    }


def test_the_folder_shows_exactly_the_files(target):
    target.put(release(1))
    assert on_disk(target) == release(1).files
    assert (
        str(target.folder.readlink()) == f".public-releases/{release(1).name}"
    )  # relative, so that the whole may be moved


def test_every_page_names_its_release_and_the_same_files_are_the_same_release(target):
    one, two = release(1), release(2)
    assert {named_in(body) for name, body in one.files.items() if name.endswith(".html")} == {one.digest}
    assert Release.of(dict(reversed(files(1).items()))) == one
    assert one.digest != two.digest


def test_what_was_removed_from_the_site_is_gone(target):
    target.put(Release.of({**files(1), "gone.html": b"gone"}))
    target.put(release(1))
    assert on_disk(target) == release(1).files


def test_the_same_site_again_touches_nothing(target):
    target.put(release(1))
    before = (target.folder.lstat().st_mtime_ns, target.folder.lstat().st_ino, target.folder.stat().st_mtime_ns)
    target.put(release(1))
    assert (target.folder.lstat().st_mtime_ns, target.folder.lstat().st_ino, target.folder.stat().st_mtime_ns) == before


def test_a_file_that_was_changed_by_hand_is_named_and_put_right(target):
    target.put(release(1))
    (target.folder / "index.html").write_bytes(b"changed by hand")
    (target.folder / style(1)).unlink()
    assert {one.name: one.shows for one in differing(target, release(1).digests)} == {
        style(1): "is missing",
        "index.html": "shows something else",
    }
    target.put(release(1))
    assert on_disk(target) == release(1).files


def test_repairing_one_release_leaves_the_others_alone(target):
    same = {"same.txt": b"the same in both"}
    old, new = Release.of(files(1) | same), Release.of(files(2) | same)
    target.put(old)
    target.put(new)
    (target.folder / "same.txt").unlink()
    (target.folder / "same.txt").write_bytes(b"changed by hand")
    target.put(new)
    target.put(old)
    assert shown(target) == old.files


def test_the_style_of_kept_releases_stays_within_reach_and_that_of_older_ones_goes(target):
    for number in range(7):
        target.put(release(number))
    assert [number for number in range(7) if body(target, style(number))] == [2, 3, 4, 5, 6]
    assert shown(target) == release(6).files


def test_the_newest_five_releases_stay(target):
    for number in range(9):
        target.put(release(number))
    assert releases(target) == {release(number).name for number in range(4, 9)}
    assert [one.digest for one in target.kept()] == [release(number).digest for number in (8, 7, 6, 5, 4)]
    assert [one.stands for one in target.kept()] == [True, False, False, False, False]


def test_going_back_shows_an_earlier_release_with_the_styles_of_the_later_one(target):
    for number in range(3):
        target.put(release(number))
    target.roll_back(find(target.kept(), None))
    assert shown(target) == release(1).files
    assert body(target, style(2)) == files(2)[style(2)]  # who came a second ago still gets it
    target.roll_back(find(target.kept(), release(0).name))
    assert shown(target) == release(0).files
    assert [one.digest for one in target.kept() if one.stands] == [release(0).digest]


def test_nobody_goes_back_to_a_release_that_was_changed_or_is_not_there(target):
    target.put(release(1))
    target.put(release(2))
    (target.shelf.folder / release(1).name / "index.html").write_bytes(b"not approved")
    with pytest.raises(CrisiscommsError, match="was changed since it was kept"):
        target.roll_back(find(target.kept(), None))
    with pytest.raises(CrisiscommsError, match="names no release that is kept"):
        find(target.kept(), "0123456789")
    assert shown(target) == release(2).files


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_is_not_ours_is_left_alone(target, kind, tmp_path):
    target.folder.parent.mkdir()
    if kind == "folder":
        target.folder.mkdir()
        (target.folder / "their.html").write_text("theirs")
    elif kind == "file":
        target.folder.write_text("theirs")
    else:
        target.folder.symlink_to(tmp_path)
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    with pytest.raises(CrisiscommsError) as caught:
        target.put(release(1))
    assert "that we did not make" in caught.value.problem
    assert caught.value.place
    assert caught.value.why
    assert caught.value.fix
    assert sorted(str(path) for path in tmp_path.rglob("*")) == before


BAD_PATHS = [
    "../out.html",
    "/etc/out.html",
    "a/../../out.html",
    "a\\b.html",
    "",
    ".",
    "a//b.html",
    "./a.html",
    "C:/a.html",
]
BAD_PATHS += ["a/b.html\0", "a\nb.html", "a.part", 'a".html']


@pytest.mark.parametrize("name", BAD_PATHS)
def test_a_path_that_leads_outside_is_refused_before_any_place_sees_it(name):
    with pytest.raises(CrisiscommsError) as caught:
        Release.of({**files(2), name: b"out"})
    assert caught.value.fix


@pytest.mark.parametrize("step", range(0, 46, 2))
def test_killed_half_way_the_old_release_stands_and_the_next_try_succeeds(target, step):
    """A child process dies without any clean-up, a few steps into the second release."""
    target.put(release(1))
    child = os.fork()
    if child == 0:
        left = step

        def dying(event, _arguments):
            nonlocal left
            left -= event in {"open", "os.link", "os.mkdir", "os.rename", "os.symlink", "os.remove", "os.utime"}
            if left < 0:
                os._exit(9)

        sys.addaudithook(dying)
        target.put(release(2))
        os._exit(0)
    os.waitpid(child, 0)
    assert shown(target) in (release(1).files, release(2).files)
    assert releases(target) >= {release(1).name}
    target.put(release(3))  # another one: what was left half done is taken away
    assert shown(target) == release(3).files
    assert not list(target.folder.parent.rglob("*.part"))
    assert not list(target.folder.parent.rglob("*.new"))
    seen_by_readers = {release(1).digest, release(3).digest} | (
        {release(2).digest} if release(2).name in releases(target) else set()
    )
    assert {one.digest for one in target.kept()} == seen_by_readers


def test_a_release_that_nobody_saw_is_no_release_to_go_back_to(target, monkeypatch):
    target.put(release(1))
    with monkeypatch.context() as broken:
        broken.setattr(FolderTarget, "_show", lambda *_: time.sleep(0))
        target.put(release(2))
    assert release(2).name in releases(target)
    target.put(release(3))
    assert [one.digest for one in target.kept()] == [release(3).digest, release(1).digest]


def test_any_error_half_way_leaves_the_old_release(target, monkeypatch):
    target.put(release(1))

    def full(_opened):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            target.put(release(2))
    assert shown(target) == release(1).files


def test_the_old_release_stands_whole_until_the_new_one_does(target, monkeypatch):
    """There is no instant between: right before the one step that switches readers meet the old release, right after it the new."""
    target.put(release(1))
    real, met = Path.replace, []

    def replace(path, to):
        if Path(to) != target.folder:
            return real(path, to)
        met.append(shown(target))
        done = real(path, to)
        met.append(shown(target))
        return done

    monkeypatch.setattr(Path, "replace", replace)
    target.put(release(2))
    assert met == [release(1).files, release(2).files]


def test_a_reader_who_never_looks_away_only_ever_sees_whole_releases(target):
    whole = [release(number) for number in range(31)]
    target.put(whole[0])
    problems, seen, stop = [], set(), threading.Event()

    def poll():
        while not stop.is_set():
            try:
                page = (target.folder / "index.html").read_bytes()
            except OSError as error:
                problems.append(error)
                continue
            found = [one for one in whole if one.digest == named_in(page)]
            seen.update(one.digest for one in found)
            if [one.files["index.html"] for one in found] != [page]:
                problems.append(page[:200])

    reader = threading.Thread(target=poll)
    reader.start()
    for one in whole[1:]:
        target.put(one)
        time.sleep(0.005)
    stop.set()
    reader.join()
    assert problems == []
    assert len(seen) > 1
