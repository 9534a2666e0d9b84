"""Reading: every file that is handed in is read or refused, and none stops the others."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from discovery_pipeline.engine import disk, duck
from discovery_pipeline.engine.intake import encodings
from discovery_pipeline.engine.intake.kinds import Kind, kind_of
from discovery_pipeline.engine.intake.model import Choice, FileRead, Intake, Options, Sheet, TableRead
from discovery_pipeline.engine.intake.spool import Spool
from discovery_pipeline.engine.intake.work import NoTable, Upload, Work
from discovery_pipeline.errors import InputRefused


def read(
    con: duckdb.DuckDBPyConnection,
    paths: Sequence[Path],
    into: Path,
    options: Options | None = None,
    chosen: Sequence[Choice] = (),
) -> Intake:
    """Read files, folders and archives into Parquet tables below `into`.

    Parameters
    ----------
    paths
        Files; a folder stands for the files in it, a ZIP archive for those packed in it.
    into
        Folder for the tables and for `rejected.parquet`, made where it is missing.
    options
        What holds for all files.
    chosen
        What holds for single ones, and goes before it.

    Returns
    -------
    Intake
        One entry a file, in order: its tables, or why it was refused.

    Raises
    ------
    DiskFullError
        There is no room for the tables, which is no file's fault.
    """
    con.execute("SET enable_progress_bar = false")  # it draws on standard output, which may be a pipe
    with disk.room(into), _scratch(into) as scratch, Spool(scratch / "rejected.csv") as rejects:
        work = Work(con, into, scratch, rejects, options or Options(), chosen)
        files = tuple(done for path in paths for done in _path(work, path))
        rejected = into / "rejected.parquet"
        rejects.to_rejects(con, rejected)
    return Intake(files=files, rejected=rejected)


@contextmanager
def _scratch(into: Path) -> Iterator[Path]:
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into, prefix=".reading-") as folder:
        yield Path(folder)


def _path(work: Work, path: Path) -> Iterator[FileRead]:
    """All files that a path stands for."""
    if os.path.isdir(path):  # False where it may not be looked at, which is told of the file then
        found = inside(path)
        if not found:
            yield _one(work, Upload(path, path.name))
        for file in found:
            yield from _file(work, Upload(file, file.name))
        return
    yield from _file(work, Upload(path, path.name))


def _file(work: Work, upload: Upload) -> Iterator[FileRead]:
    """A file, or those packed in it."""
    kind = _kind(upload) if os.path.isfile(upload.path) else None
    if kind in {Kind.ARCHIVE, Kind.PACKED}:
        from discovery_pipeline.engine.intake import archives

        unpacked = archives.unpacked if kind is Kind.ARCHIVE else archives.inflated
        try:
            for member in unpacked(upload, work.draft(".d")):
                yield member if isinstance(member, FileRead) else _one(work, member)
        except InputRefused as refusal:
            yield _refused(upload, refusal.reason, refusal.action)
        return
    yield _one(work, upload)


def _kind(upload: Upload) -> Kind | None:
    try:
        return kind_of(upload.path)
    except (InputRefused, OSError):
        return None


def _one(work: Work, upload: Upload) -> FileRead:
    """One file, read or refused; whatever is wrong with it stays with it. A full disk is none of that."""
    try:
        check_openable(upload.path)
        kind = kind_of(upload.path)
        tables, sheets = _tables(work.on(upload.file), upload, kind)
    except NoTable as nothing:
        sha256 = encodings.survey(upload.path).sha256
        seen = {"glimpse": nothing.glimpse, "sheets": nothing.sheets, "sha256": sha256}
        return _refused(upload, nothing.reason, nothing.action).model_copy(update=seen)
    except InputRefused as refusal:
        return _refused(upload, refusal.reason, refusal.action)
    except OSError as error:
        if disk.full(error):
            raise
        refusal = _closed(upload.path, error)
        return _refused(upload, refusal.reason, refusal.action)
    except duckdb.OutOfMemoryException:
        return _refused(upload, "It needs more memory than one file may take.", "Split the file, or leave columns out.")
    except (duckdb.Error, RuntimeError, MemoryError, ValueError) as error:
        if duck.stopped(error):
            raise KeyboardInterrupt from error
        if isinstance(error, duckdb.IOException) and disk.full(error):
            raise
        said = " ".join(str(error).split())[:200] or type(error).__name__
        return _refused(upload, f"It can't be read: {said}.", "Export it again, as CSV or Parquet.")
    source = tables[0].table.source
    return FileRead(
        file=upload.file,
        status="read",
        media_type=kind.value,
        sha256=source.sha256,
        byte_size=source.byte_size,
        tables=tuple(tables),
        sheets=tuple(sheets),
    )


def inside(folder: Path, *, without: Path | None = None) -> list[Path]:
    """The files of a folder and its folders, by name, but for hidden ones, and those of the folder `without`."""
    left = without.resolve() if without else None
    found: list[Path] = []
    for place, folders, files in os.walk(folder):
        here = Path(place)
        folders[:] = [name for name in folders if name[0] != "." and (here / name).resolve() != left]
        found += (file for name in files if name[0] != "." and (file := here / name).is_file())
    return sorted(found)


def check_openable(path: Path) -> None:
    """Look whether a file can be opened, without opening it.

    Raises
    ------
    InputRefused
        There is none, it is no file, it may not be read, or its name is no text.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        if path.is_symlink():
            raise InputRefused(path.name, "It is a link to a file that isn't there.", "Check the link.") from None
        raise InputRefused(path.name, "There is no such file.", "Check the path.") from None
    except OSError as error:
        raise _closed(path, error) from None
    if stat.S_ISDIR(mode):
        raise InputRefused(path.name, "The folder holds no files.", "Check the path.")
    if not stat.S_ISREG(mode):
        raise InputRefused(path.name, "It is a pipe or a device, not a file.", "Write what it gives into a file.")
    if not os.access(path, os.R_OK):
        raise _closed(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise InputRefused(path.name, "Its name or its folder's is not valid UTF-8.", "Rename it.") from None


def _closed(path: Path, error: OSError) -> InputRefused:
    why = error.strerror or str(error)
    return InputRefused(path.name, f"It can't be opened: {why}.", "Check its permissions and where it leads.")


def _tables(work: Work, upload: Upload, kind: Kind) -> tuple[Sequence[TableRead], Sequence[Sheet]]:
    """The tables of a file; of a workbook, its sheets, too."""
    match kind:
        case Kind.ARCHIVE | Kind.PACKED:
            raise InputRefused(upload.file, "It is an archive inside an archive.", "Unpack it first.")
        case Kind.DELIMITED:
            from discovery_pipeline.engine.intake import delimited

            return [delimited.read(work, upload)], ()
        case Kind.JSON | Kind.JSON_LINES:
            from discovery_pipeline.engine.intake import documents

            return documents.read(work, upload, kind), ()
        case Kind.PARQUET:
            from discovery_pipeline.engine.intake import columnar

            return [columnar.read(work, upload)], ()
        case _:
            from discovery_pipeline.engine.intake import workbooks

            return workbooks.read(work, upload)


def _refused(upload: Upload, reason: str, action: str) -> FileRead:
    size = upload.path.stat().st_size if os.path.isfile(upload.path) else 0
    return FileRead(file=upload.file, status="refused", reason=f"{reason} {action}".strip(), byte_size=size)
