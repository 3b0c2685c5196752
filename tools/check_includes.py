#!/usr/bin/python3
"""Checks that every room includes only what stands below it: check_includes.py [ROOT]

Complaints are lines `file:line: what is wrong`, and exit code 1."""
import pathlib
import re
import sys

# From the foundation up; rooms on one line do not know each other.
ORDER = ["base", "config", "workload", "mesh", "kernel", "stream", "wafer memoryx swarmx", "cluster", "report",
         "study", "cli"]
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms.split()}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
SYSTEMC_ROOMS = {"stream", "wafer", "memoryx", "swarmx", "cluster", "cli"}


def files_with_rooms(root):
    """Every header and source of a room, whether it is public, and the room."""
    for top in (root / "include" / "wafersim", root / "src"):
        for file in sorted(top.rglob("*")):
            parts = file.relative_to(top).parts
            if file.suffix in (".hpp", ".cpp") and len(parts) > 1:
                yield file, top.name == "wafersim", parts[0]


def complaint_about_library(header, room, public):
    library = header.split("/")[0]
    if library in ("systemc", "systemc.h", "sysc", "tlm", "tlm.h", "tlm_core", "tlm_utils"):
        if room not in SYSTEMC_ROOMS:
            return f"room '{room}' must do without SystemC"
    if library == "yaml-cpp" and (room != "config" or public):
        return "only src/config reads YAML"
    # Costs seconds in everything that includes it.
    if library == "nlohmann" and public:
        return "nlohmann/json does not belong in a public header"
    return None


def complaint_about_room(header, room):
    parts = header.split("/")
    if ".." in parts:
        return f"'{header}' climbs out of its folder"
    private = parts[0] != "wafersim"
    target = parts[0] if private else parts[1]
    if private and len(parts) == 1 or target == room:
        return None
    if target not in RANK:
        return f"'{header}' is of no room"
    if RANK[target] >= RANK[room]:
        return f"room '{room}' must not include '{target}'"
    if private:
        return f"'{header}' is private to room '{target}'"
    return None


def complaints(root):
    for file, public, room in files_with_rooms(root):
        place = file.relative_to(root)
        if room not in RANK:
            yield f"{place}:1: '{room}' is no room"
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            found = INCLUDE.match(line)
            if not found:
                continue
            ours = found[1] == '"' or found[2].startswith("wafersim/")
            wrong = complaint_about_room(found[2], room) if ours else complaint_about_library(found[2], room, public)
            if wrong:
                yield f"{place}:{number}: {wrong}"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1]).resolve()
    found = list(complaints(root))
    if found:
        sys.exit("\n".join(found))
    if not any(files_with_rooms(root)):
        sys.exit(f"{root}: no room found")


if __name__ == "__main__":
    main()
