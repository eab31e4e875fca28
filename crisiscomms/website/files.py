"""The files of a site: their digests are known, and their bytes are read when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from crisiscomms.messages.model import digest


class Files(Mapping[str, bytes]):
    """Files by their paths below the site's root. `digests` are their SHA-256, in hex."""

    def __init__(self, digests: Mapping[str, str], read: Callable[[str], bytes]) -> None:
        self.digests, self._read = digests, read

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> Files:
        """Return files that are at hand."""
        return files if isinstance(files, cls) else cls({n: digest(files[n]) for n in files}, files.__getitem__)

    def and_also(self, more: Mapping[str, bytes]) -> Files:
        """Return these files and some more, which stand in place of those of the same name."""
        return Files(
            {**self.digests, **{name: digest(body) for name, body in more.items()}},
            lambda name: more[name] if name in more else self._read(name),
        )

    def __getitem__(self, name: str) -> bytes:
        """Return the bytes of a file. Raises KeyError."""
        if name not in self.digests:
            raise KeyError(name)
        return self._read(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.digests)

    def __len__(self) -> int:
        return len(self.digests)

    def __contains__(self, name: object) -> bool:
        return name in self.digests
