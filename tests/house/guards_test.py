#!/usr/bin/python3
"""Plants violations in a small tree of its own, and sees the guards in tools/ catch each."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"

SOUND = {
    "CMakeLists.txt": "add_subdirectory(src)\nadd_subdirectory(tests)\n",
    "src/CMakeLists.txt": "add_subdirectory(base)\nadd_subdirectory(config)\nadd_subdirectory(wafer)\n",
    "src/base/CMakeLists.txt": "wafersim_room(base SOURCES error.cpp)\n",
    "src/base/error.cpp": '#include "wafersim/base/error.hpp"\n\n#include <string>\n',
    "src/config/CMakeLists.txt": "wafersim_room(config SOURCES\n  tree.cpp)\n",
    "src/config/tree.cpp": '#include <yaml-cpp/parser.h>\n#include <nlohmann/json.hpp>\n#include "config/parts.hpp"\n',
    "src/config/parts.hpp": '#include "wafersim/base/error.hpp"\n',
    "src/wafer/CMakeLists.txt": "wafersim_room(wafer SOURCES wafer.cpp)\n",
    "src/wafer/wafer.cpp": '#include <systemc>\n#include <tlm>\n#include "wafersim/config/tree.hpp"\n',
    "include/wafersim/base/error.hpp": "#include <vector>\n",
    "tests/CMakeLists.txt": "add_subdirectory(base)\nadd_subdirectory(fuzz)\n",
    "tests/base/CMakeLists.txt": "wafersim_test(base SOURCES error_test.cpp\n"
                                 "  ${PROJECT_SOURCE_DIR}/tests/support/main.cpp LINK wafersim::base)\n",
    "tests/base/error_test.cpp": "#include <systemc>\n#include <yaml-cpp/parser.h>\n",
    "tests/support/main.cpp": "",
    "tests/fuzz/CMakeLists.txt": "add_executable(${name} ${name}.cpp)\nwafersim_fuzzer(config_fuzzer ROOM base)\n",
    "tests/fuzz/config_fuzzer.cpp": "",
}


class Guard(unittest.TestCase):
    def outcome(self, guard, changes=None):
        """What the guard says of the sound tree with these files changed."""
        with tempfile.TemporaryDirectory() as folder:
            for name, text in {**SOUND, **(changes or {})}.items():
                file = pathlib.Path(folder, name)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            done = subprocess.run([sys.executable, TOOLS / guard, folder], capture_output=True, text=True)
        return done.returncode, done.stderr.strip()


class IncludesGuard(Guard):
    def expect(self, complaint, file, text):
        self.assertEqual(self.outcome("check_includes.py", {file: text}), (1, f"{file}:{complaint}"))

    def test_is_content_with_a_sound_tree(self):
        self.assertEqual(self.outcome("check_includes.py"), (0, ""))

    def test_sees_a_room_look_up(self):
        self.expect("2: room 'base' must not include 'config'", "src/base/error.cpp",
                    '#include <string>\n#include "wafersim/config/tree.hpp"\n')

    def test_sees_a_public_header_look_up(self):
        self.expect("1: room 'base' must not include 'cli'", "include/wafersim/base/error.hpp",
                    '  #  include "wafersim/cli/inputs.hpp"\n')

    def test_sees_angle_brackets_too(self):
        self.expect("1: room 'config' must not include 'workload'", "src/config/tree.cpp",
                    "#include <wafersim/workload/graph.hpp>\n")

    def test_keeps_neighbours_apart(self):
        for neighbour in ("memoryx", "swarmx"):
            self.expect(f"1: room 'wafer' must not include '{neighbour}'", "src/wafer/wafer.cpp",
                        f'#include "wafersim/{neighbour}/shard.hpp"\n')

    def test_keeps_private_headers_private(self):
        self.expect("1: 'config/parts.hpp' is private to room 'config'", "src/wafer/wafer.cpp",
                    '#include "config/parts.hpp"\n')

    def test_refuses_a_way_around(self):
        self.expect("1: '../config/parts.hpp' climbs out of its folder", "src/wafer/wafer.cpp",
                    '#include "../config/parts.hpp"\n')

    def test_refuses_rooms_that_do_not_exist(self):
        self.expect("1: 'attic' is no room", "src/attic/old.cpp", "")
        self.expect("1: 'wafersim/attic/old.hpp' is of no room", "src/base/error.cpp",
                    '#include "wafersim/attic/old.hpp"\n')

    def test_keeps_systemc_where_modules_meet(self):
        for header in ("systemc", "tlm", "tlm_utils/simple_target_socket.h", "sysc/kernel/sc_event.h"):
            for room in ("config", "kernel", "report", "study"):
                self.expect(f"1: room '{room}' must do without SystemC", f"src/{room}/new.cpp", f"#include <{header}>\n")

    def test_keeps_yaml_in_the_reader(self):
        self.expect("1: only src/config reads YAML", "src/wafer/wafer.cpp", "#include <yaml-cpp/yaml.h>\n")
        self.expect("1: only src/config reads YAML", "include/wafersim/config/tree.hpp", "#include <yaml-cpp/yaml.h>\n")

    def test_keeps_json_out_of_public_headers(self):
        self.expect("1: nlohmann/json does not belong in a public header", "include/wafersim/config/tree.hpp",
                    "#include <nlohmann/json.hpp>\n")

    def test_does_not_take_an_empty_tree_for_a_sound_one(self):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run([sys.executable, TOOLS / "check_includes.py", folder], capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no room found", done.stderr)


class ListedGuard(Guard):
    def expect(self, complaint, changes):
        self.assertEqual(self.outcome("check_listed.py", changes), (1, complaint))

    def test_is_content_with_a_sound_tree(self):
        self.assertEqual(self.outcome("check_listed.py"), (0, ""))

    def test_sees_a_forgotten_source(self):
        self.expect("src/base/parse.cpp: in no CMakeLists.txt", {"src/base/parse.cpp": ""})

    def test_sees_a_forgotten_test(self):
        self.expect("tests/base/parse_test.cpp: in no CMakeLists.txt", {"tests/base/parse_test.cpp": ""})

    def test_does_not_take_a_namesake_for_it(self):
        self.expect("src/config/error.cpp: in no CMakeLists.txt", {"src/config/error.cpp": ""})

    def test_does_not_count_comments(self):
        self.expect("src/base/error.cpp: in no CMakeLists.txt",
                    {"src/base/CMakeLists.txt": "wafersim_room(base SOURCES) # error.cpp\n"})

    def test_sees_a_folder_that_nobody_adds(self):
        self.expect("tests/wafer/wafer_test.cpp: in no CMakeLists.txt",
                    {"tests/wafer/CMakeLists.txt": "wafersim_test(wafer SOURCES wafer_test.cpp)\n",
                     "tests/wafer/wafer_test.cpp": ""})


if __name__ == "__main__":
    unittest.main()
