"""The codes of routes beside GraphQL that are no refusal's and no error's: each with its status and meaning."""

from collections.abc import Mapping

PROBLEM_CODES: Mapping[str, tuple[int, str]] = {
    "body_too_slow": (408, "The body did not come within thirty seconds."),
    "erased": (410, "`/exports/{id}`: the user was erased, so nobody can read the file any more."),
    "expired": (
        410,
        "`/exports/{id}`: the file was kept for seven days and is gone; request another export.",
    ),
    "failed": (410, "`/exports/{id}`: the export was given up; request another one."),
    "gone": (410, "`/exports/{id}`: the file is not there any more; request another export."),
    "files_full": (413, "`/v1/files`: the files of the company have as many bytes as there may be."),
    "method_not_allowed": (405, "The path does not take this method; `Allow` says which ones it takes."),
    "not_finished": (
        409,
        "`/exports/{id}`: the file is being written; `exportProgress` tells how far it is.",
    ),
    "not_found": (404, "There is nothing at this path, or nothing of this id that the caller may see."),
    "range_not_satisfiable": (
        416,
        "`/v1/files/{id}`: the file has no such bytes; `Content-Range` says how many.",
    ),
    "refused": (400, "The HTTP request itself cannot be taken."),
    "secret_unreadable": (
        503,
        "`/webhooks/{source}`: the source's secret was sealed under another HEADWATER_SECRET; see the log.",
    ),
    "too_many_events_at_once": (
        413,
        "`/v1/events`: a list holds 1,000 events at most, and a body of lines 10,000.",
    ),
    "too_many_requests": (503, "The caller has too many requests under way; try again after `Retry-After`."),
    "too_many_uploads": (429, "`/v1/files`: so many files of the company are under way; try again later."),
    "unsupported_media_type": (
        415,
        "A body is sent as `application/json`, events also as `application/x-ndjson`, in UTF-8 and not encoded.",
    ),
}
