"""A form with one file, taken apart while it comes: the file is never whole in memory or on disk.

Starlette's own form reader spools files to disk as they are; plots and evidence are private, so
their pieces go straight to the store that encrypts them.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import TypeVar

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from registry_api.errors import UploadRefused

Kept = TypeVar("Kept")
Fields = dict[str, str]
_LONGEST_FIELD = 20_000  # [byte]
_MOST_FIELDS = 20


class FormParts:
    """What has come of a form so far: its fields, the file's name, and pieces not yet handed on."""

    def __init__(self, content_type: str, file_field: str = "") -> None:
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or b"boundary" not in options:
            raise _broken("it is not one with a file")
        self.fields: Fields = {}
        self.file_name: str | None = None
        self._file_field = file_field
        self.pieces: deque[bytes] = deque()
        self._header = b""
        self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._field = ""
        self._text = b""
        self._in_file = False
        callbacks: dict[str, Callable[..., None]] = {
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": self._on_part_data,
            "on_part_end": self._on_part_end,
        }
        self._parser = MultipartParser(options[b"boundary"], callbacks)  # type: ignore[arg-type]

    def take(self, data: bytes) -> None:
        """Take the next bytes of the body."""
        try:
            self._parser.write(data)
        except FormParserError as error:
            raise _broken("it is damaged") from error

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[self._header.lower()] = self._value
        self._header, self._value = b"", b""

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition"))
        self._headers = {}
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        self._text = b""
        self._in_file = b"filename" in options
        if self._in_file and self._file_field not in ("", self._field):
            raise _broken(f"its file is called '{self._field[:40]}' and not '{self._file_field}'")
        if self._in_file and self.file_name is None:
            self.file_name = options[b"filename"].decode("utf-8", "replace")
        elif self._in_file:
            raise _broken("it has two files; send one at a time")

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self.pieces.append(data[start:end])
        elif len(self._text) + end - start > _LONGEST_FIELD:
            raise _broken(f"its field '{self._field[:40]}' is too long")
        else:
            self._text += data[start:end]

    def _on_part_end(self) -> None:
        if self._in_file:
            return
        if len(self.fields) >= _MOST_FIELDS:
            raise _broken("it has too many fields")
        self.fields[self._field] = self._text.decode("utf-8", "replace")


def read_form(
    body: Iterator[bytes],
    content_type: str,
    keep: Callable[[Iterator[bytes]], Kept],
    *,
    file_field: str = "",
) -> tuple[Fields, str, Kept | None]:
    """Read a form, and hand the bytes of its file on as they come.

    Args:
        body: The body of the request in pieces.
        content_type: Of the request.
        keep: Takes the file; it is called only where one was chosen.
        file_field: What the file must be called in the form; "" takes any name.

    Returns:
        The fields, the file's name ("" where none was chosen), and what `keep` gave.

    Raises:
        UploadRefused: If it is no such form.
    """
    parts = FormParts(content_type, file_field)
    for data in body:
        parts.take(data)
        if parts.file_name is not None:
            break

    def rest() -> Iterator[bytes]:
        while parts.pieces:
            yield parts.pieces.popleft()
        for data in body:
            parts.take(data)
            while parts.pieces:
                yield parts.pieces.popleft()

    if not parts.file_name:  # a browser sends an empty part where nothing was chosen
        for _ in rest():
            pass
        return parts.fields, "", None
    kept = keep(rest())
    return parts.fields, parts.file_name, kept


def _broken(why: str) -> UploadRefused:
    return UploadRefused("form", f"The form could not be read: {why}.")
