#!/usr/bin/python3
"""Checks that every .cpp under src and tests is built: check_listed.py [ROOT]

Sources are listed by hand, so one that no CMakeLists.txt names would silently be left out. Folders are
followed from the top by add_subdirectory. Complaints are one line a file, and exit code 1."""
import pathlib
import re
import sys

COMMENT = re.compile(r"#.*")
SUBDIRECTORY = re.compile(r"\badd_subdirectory\s*\(\s*([^\s)]+)")
WORD = re.compile(r"[^\s()\"]+")


def listed_in(folder, root):
    """The files that the CMakeLists.txt of the folder and of those it adds name."""
    text = COMMENT.sub("", (folder / "CMakeLists.txt").read_text(encoding="utf-8"))
    text = re.sub(r"\$\{(PROJECT|CMAKE)_SOURCE_DIR\}", str(root), text)
    text = text.replace("${CMAKE_CURRENT_SOURCE_DIR}", str(folder))
    words = WORD.findall(text)
    if "${name}.cpp" in words:  # a function that makes one target from the file of the same name
        words += [word + ".cpp" for word in words]
    for word in words:
        if word.endswith(".cpp") and "$" not in word:
            yield (folder / word).resolve()
    for name in SUBDIRECTORY.findall(text):
        if (folder / name / "CMakeLists.txt").exists():
            yield from listed_in(folder / name, root)


def complaints(root):
    listed = set(listed_in(root, root))
    for top in ("src", "tests"):
        for file in sorted((root / top).rglob("*.cpp")):
            if file.resolve() not in listed:
                yield f"{file.relative_to(root)}: in no CMakeLists.txt"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[1]).resolve()
    found = list(complaints(root))
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
