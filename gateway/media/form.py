"""Reads multipart/form-data as it streams in: the file's bytes pass through, small fields are kept."""

from __future__ import annotations

from collections.abc import AsyncIterator

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from gateway.errors import BadRequest, Invalid

_MAX_FIELDS = 32
_MAX_FIELD_BYTES = 4096


class Form:
    """One form on its way in. Its file may come before, between or after its fields.

    `file_name`, `content_type` and `fields` are complete when `file_bytes` has ended.
    """

    def __init__(self, content_type: str) -> None:
        _, options = parse_options_header(content_type)
        boundary = options.get(b"boundary")
        if not boundary:
            raise BadRequest("malformed-form", "The Content-Type names no boundary.")
        self.file_name: str | None = None
        self.content_type: str | None = None
        self.fields: dict[str, str] = {}
        self._parser = _parser(boundary, self)
        self._file_pieces: list[bytes] = []
        self._header: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._headers: dict[str, bytes] = {}
        self._field: tuple[str, bytearray] | None = None
        self._ended = False

    async def file_bytes(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The file's bytes. Raises BadRequest and Invalid for what is no form with one file."""
        async for chunk in body:
            self._feed(chunk)
            pieces, self._file_pieces = self._file_pieces, []
            for piece in pieces:
                yield piece
        if not self._ended:
            raise BadRequest("malformed-form", "The form ends before its last boundary.")
        if self.file_name is None:
            raise Invalid("no-file", "The form holds no file: send one part with a filename.")

    def _feed(self, chunk: bytes) -> None:
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise BadRequest("malformed-form", f"The form can't be read: {error}") from error

    def on_part_begin(self) -> None:
        """A part starts."""
        self._headers = {}
        self._field = None

    def on_header_field(self, data: bytes, start: int, end: int) -> None:
        """Some of a header's name."""
        self._header[0].extend(data[start:end])

    def on_header_value(self, data: bytes, start: int, end: int) -> None:
        """Some of a header's value."""
        self._header[1].extend(data[start:end])

    def on_header_end(self) -> None:
        """A header is whole."""
        name, value = self._header
        self._headers[name.decode("latin-1").lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def on_headers_finished(self) -> None:
        """A part says what it is: the file, or a field."""
        _, options = parse_options_header(self._headers.get("content-disposition", b""))
        if b"filename" in options:
            self._begin_file(_text(options[b"filename"]))
        elif len(self.fields) >= _MAX_FIELDS:
            raise Invalid("too-many-fields", f"The form has more than {_MAX_FIELDS} fields.")
        else:
            self._field = (_text(options.get(b"name", b"")), bytearray())

    def _begin_file(self, name: str) -> None:
        if self.file_name is not None:
            raise Invalid("many-files", "The form holds several files: send one for each request.")
        self.file_name = name
        self.content_type = _text(self._headers["content-type"]) if "content-type" in self._headers else None

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        """Some of a part's bytes."""
        if self._field is None:
            self._file_pieces.append(data[start:end])
            return
        self._field[1].extend(data[start:end])
        if len(self._field[1]) > _MAX_FIELD_BYTES:
            raise Invalid("field-too-long", f"The field {self._field[0]} is over {_MAX_FIELD_BYTES} bytes.")

    def on_part_end(self) -> None:
        """A part is whole."""
        if self._field is not None:
            name, value = self._field
            self.fields[name] = _text(value)

    def on_end(self) -> None:
        """The last boundary was seen."""
        self._ended = True


def _parser(boundary: bytes, form: Form) -> MultipartParser:
    callbacks = {
        "on_part_begin": form.on_part_begin,
        "on_header_field": form.on_header_field,
        "on_header_value": form.on_header_value,
        "on_header_end": form.on_header_end,
        "on_headers_finished": form.on_headers_finished,
        "on_part_data": form.on_part_data,
        "on_part_end": form.on_part_end,
        "on_end": form.on_end,
    }
    try:
        return MultipartParser(boundary, callbacks)  # type: ignore[arg-type]
    except FormParserError as error:
        raise BadRequest("malformed-form", str(error)) from error


def _text(data: bytes | bytearray) -> str:
    """Browsers send UTF-8; what is not is kept readable rather than refused."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
